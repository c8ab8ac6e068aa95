"""moto's DynamoDB tables with their keys in order, so that a page costs what it holds.

moto sorts and walks the whole table for every page of a Scan or Query: a list of all pages then
takes time by the square of the records. Here a page starts at its key. What it holds is decided by
moto as before.
"""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, Table


class Ordered(dict[DynamoType, Any]):
    """A dict that knows its keys in order; it is changed by setting and by `pop` alone."""

    def __init__(self) -> None:
        super().__init__()
        self._order: list[DynamoType] = []

    def __setitem__(self, key: DynamoType, value: Any) -> None:
        if key not in self:
            insort(self._order, key)
        super().__setitem__(key, value)

    def pop(self, key: DynamoType, *default: Any) -> Any:
        """Remove a key and return its value."""
        if key in self:
            del self._order[bisect_left(self._order, key)]
        return super().pop(key, *default)

    def after(self, key: DynamoType | None) -> Iterator[Any]:
        """Yield the values of the keys after one, or of all where it is None, in their order."""
        start = 0 if key is None else bisect_right(self._order, key)
        for position in range(start, len(self._order)):
            yield self[self._order[position]]

    def __deepcopy__(self, memo: dict[int, Any]) -> Ordered:
        copied = type(self)()
        for key, value in self.items():
            copied[copy.deepcopy(key, memo)] = copy.deepcopy(value, memo)
        return copied


class Partitions(Ordered):
    """A table's partitions by their key; one that is asked for begins."""

    def __missing__(self, key: DynamoType) -> Ordered:
        self[key] = begun = Ordered()
        return begun


class OrderedTable(Table):
    """A table of moto that looks at no item before a page, and at one after it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.range_key_attr:
            self.items = Partitions()  # type: ignore[assignment]  # moto has a defaultdict

    def all_items(self) -> Any:
        items = _page.get()
        return super().all_items() if items is None else items

    def scan(
        self,
        filters: Any,
        limit: Any,
        exclusive_start_key: Any,
        filter_expression: Any = None,
        index_name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        partitions = self._partitions(index_name)
        page = None
        if partitions is not None:
            page = _in_order(partitions, *self._key(exclusive_start_key))
        with _looking_at(page):
            return super().scan(
                filters, limit, exclusive_start_key, filter_expression, index_name, *args, **kwargs
            )

    def query(
        self,
        hash_key: DynamoType | None,
        range_comparison: str | None,
        range_objs: Any,
        limit: Any,
        exclusive_start_key: Any,
        scan_index_forward: bool,
        projection_expressions: Any,
        index_name: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        partitions = self._partitions(index_name)
        page = None
        if partitions is not None and hash_key is not None:
            start = self._key(exclusive_start_key)[1] if scan_index_forward else None
            page = _rows(partitions, hash_key, start)
            if scan_index_forward and not range_comparison:
                page = _cut(page, limit)
        with _looking_at(page):
            return super().query(
                hash_key,
                range_comparison,
                range_objs,
                limit,
                exclusive_start_key,
                scan_index_forward,
                projection_expressions,
                index_name,
                *args,
                **kwargs,
            )

    def _partitions(self, index_name: str | None) -> Partitions | None:
        partitions: object = self.items
        return partitions if isinstance(partitions, Partitions) and index_name is None else None

    def _key(self, key: Mapping[str, Any] | None) -> tuple[DynamoType | None, DynamoType | None]:
        if key is None:
            return None, None
        return DynamoType(key[self.hash_key_attr]), DynamoType(key[str(self.range_key_attr)])


def _in_order(
    partitions: Partitions, hash_key: DynamoType | None, start: DynamoType | None
) -> Iterator[Item]:
    if hash_key is not None:
        yield from _rows(partitions, hash_key, start)
    for rows in partitions.after(hash_key):
        yield from rows.after(None)


def _rows(partitions: Partitions, hash_key: DynamoType, start: DynamoType | None) -> Iterator[Item]:
    return partitions[hash_key].after(start) if hash_key in partitions else iter(())


@contextmanager
def ordered_tables() -> Iterator[None]:
    """Have moto make such tables meanwhile; they stay what they are."""
    with patch.object(models, "Table", OrderedTable):
        yield


_page: ContextVar[Iterator[Item] | None] = ContextVar("page", default=None)


@contextmanager
def _looking_at(items: Iterator[Item] | None) -> Iterator[None]:
    token = _page.set(items)
    try:
        yield
    finally:
        _page.reset(token)


def _cut(items: Iterator[Item], limit: int | None) -> Iterator[Item]:
    """Yield what a page has room for, and the item after it, by which moto knows of another."""
    size = 0
    for count, item in enumerate(items):
        yield item
        size += item.size()
        if count == limit or size > RESULT_SIZE_LIMIT:
            return
