"""Where fuzzed input runs: the mocked account, what is called there, and what is logged."""

from __future__ import annotations

import base64
import functools
import io
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from click.testing import CliRunner
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends

from myorg_secrets.cli.app import app
from myorg_secrets.connection import Connection, connect
from myorg_secrets_password.handlers import resource
from tests.world import ACCOUNT_ID, REGION, World, refuse_with

SDK = ("boto", "urllib3", "s3transfer", "moto")

Item = dict[str, Any]
Event = Any


@dataclass(frozen=True)
class Served:
    """How an event was served."""

    answer: Any
    calls: list[str]
    logged: str


@dataclass(frozen=True)
class Ended:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str
    logged: str
    defect: BaseException | None


class _Guarded(dict[str, Any]):
    """For every action: a request that makes the emulator itself crash is refused, as AWS would."""

    def __contains__(self, action: object) -> bool:
        return True

    def __missing__(self, action: str) -> Callable[[AWSPreparedRequest], AWSResponse | None]:
        return _emulated


def _emulated(request: AWSPreparedRequest) -> AWSResponse | None:
    try:
        answer: AWSResponse | None = botocore_stubber("before-send", request)
    except Exception:  # whatever moto trips over
        return refuse_with("ValidationException")(request)
    return answer


class _Session(boto3.Session):
    """A session that keeps its clients: building them takes longer than what is tested."""

    world: World

    @functools.cache  # noqa: B019  # sessions are few, and kept as long as the laboratory
    def _kept(self, service: str, region_name: str | None) -> Any:
        make: Any = super().client
        client = make(service, region_name=region_name)
        self.world.watch(client.meta.events, service, self.world.calls)
        return client

    def client(self, service: str, region_name: str | None = None, **_: Any) -> Any:  # type: ignore[override]  # what is used of it
        return self._kept(service, region_name or REGION)


class Laboratory:
    """One account in which events, items and command lines are tried.

    Args:
        world: the account; the faults of the emulator itself are turned into refusals of AWS.
        scratch: a folder for export files.
    """

    def __init__(self, world: World, scratch: Path) -> None:
        self.world = world
        self.scratch = scratch
        self.faults: dict[str, Any] = _Guarded()
        world.faults = self.faults
        kind = type("Session", (_Session,), {"world": world})
        self._session = functools.cache(kind)

    @functools.cached_property
    def connection(self) -> Connection:
        """The table, for what works outside CloudFormation."""
        return connect(self.world.storage.table_name, region_name=REGION, session=self.session())

    def session(self, **how: Any) -> Any:
        """Return a session, the same one for the same arguments; stands in for boto3's."""
        return self._session(**how)

    def serve(self, event: Event, entry: Callable[..., Any] = resource) -> Served:
        """Have an event served by the live entry point, or by another one."""
        self.world.calls.clear()
        with _listening(()) as heard:
            answer = entry(event, None)
        return Served(answer, list(self.world.calls), heard.getvalue())

    def run(self, *args: str) -> Ended:
        """Run a command line in this process."""
        with _listening(SDK) as heard:
            result = CliRunner().invoke(app, args)
        defect = result.exception
        if isinstance(defect, SystemExit):
            defect = None
        return Ended(result.exit_code, result.stdout, result.stderr, heard.getvalue(), defect)

    # --- The table, past the network ---

    def clear(self, table_name: str | None = None) -> None:
        self._table(table_name).items.clear()

    def put(self, item: Item, table_name: str | None = None) -> None:
        """Put any item, as somebody may have written it."""
        self._table(table_name).put_item(_as_kept(item))

    def items(self, table_name: str | None = None) -> list[Item]:
        """Return all items, in the form of the low-level API."""
        pages = self.world.dynamodb.get_paginator("scan").paginate(
            TableName=table_name or self.world.storage.table_name
        )
        return [item for page in pages for item in page["Items"]]

    def _table(self, table_name: str | None) -> Any:
        tables = dynamodb_backends[ACCOUNT_ID][REGION]
        return tables.get_table(table_name or self.world.storage.table_name)


def _as_kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_kept(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_kept(inner) for inner in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


@contextmanager
def _listening(but: tuple[str, ...]) -> Iterator[io.StringIO]:
    """Collect what is logged at any level, tracebacks included, save by loggers of some names."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.addFilter(lambda record: not record.name.startswith((*but, "moto")))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


# --- Any JSON value as an item that DynamoDB takes ---

_DEEPEST = 20
_TYPES = ("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS")


def as_item(value: Any, keys: Mapping[str, str]) -> Item:
    """Return a JSON value as an item that DynamoDB may hold.

    What is in DynamoDB JSON already stays, and all else becomes the attribute value that fits best.

    Args:
        value: any JSON value.
        keys: the item's key attributes, strings each, with what stands there if need be.
    """
    attributes = value if isinstance(value, dict) else {"Nonsense": value}
    item = {_unicode(str(name)): _attribute(inner) for name, inner in attributes.items()}
    item.pop("", None)
    for name, fallback in keys.items():
        text = item.get(name, {}).get("S")
        item[name] = {"S": text[:300]} if text else {"S": fallback}
    return item


def _attribute(value: Any, depth: int = 0) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {"S": "too deep"}
    if isinstance(value, dict) and len(value) == 1:
        [(kind, content)] = value.items()
        if kind == "S" and isinstance(content, str):
            return {"S": _unicode(content)}
        if kind == "N" and isinstance(content, str) and _is_number(content):
            return {"N": content}
        if kind == "B" and isinstance(content, str):
            return {"B": _bytes(content)}
        if kind in ("BOOL", "NULL") and isinstance(content, bool):
            return {kind: content}
        if kind in ("M", "L") and isinstance(content, dict if kind == "M" else list):
            return _attribute(content, depth) if kind == "L" else _map(content, depth)
    match value:
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case int() | float() if _is_number(str(value)):
            return {"N": str(value)}
        case dict():
            return _map(value, depth)
        case list():
            return {"L": [_attribute(inner, depth + 1) for inner in value]}
    return {"S": _unicode(str(value))}


def _map(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    # moto takes an attribute that is called like a type for that type.
    return {
        "M": {
            _unicode(name) + "_" * (name in _TYPES): _attribute(inner, depth + 1)
            for name, inner in value.items()
            if name
        }
    }


def _is_number(text: str) -> bool:
    body = text.removeprefix("-")
    whole, _, fraction = body.partition(".")
    digits = whole + fraction
    return digits.isascii() and digits.isdecimal() and bool(whole) and len(digits) <= 38


def _unicode(text: str) -> str:
    return text.encode(errors="replace").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return text.encode(errors="replace")


def as_json(item: Item) -> Any:
    """Return an item in DynamoDB JSON, so that it can be broken as JSON is."""
    return json.loads(json.dumps(item, default=lambda raw: base64.b64encode(raw).decode()))
