"""Brings a mirror up to date: writes the objects of the records that changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from myorg_secrets.connection import Connection
from myorg_secrets.lookup import items_of
from myorg_secrets.parallel import in_parallel
from myorg_secrets_password.item import Item

from .exporting import prepared
from .mirror import Mirror, state_of

INCOMPLETE = "incomplete"
"""The state of a copy that is not as it should be: it is written anew at every run."""


class Status(StrEnum):
    """What became of a record."""

    WRITTEN = "Written"
    UNCHANGED = "Unchanged"
    LEFT_OUT = "LeftOut"


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A record and its copy.

    Attributes:
        status: whether the copy is of this state.
        ref: the secret.
        problem: what is not as it should be, or empty.
    """

    status: Status
    ref: str
    problem: str = ""


def mirror_all(
    connection: Connection,
    mirror: Mirror,
    key_id: str | None = None,
    stacks: tuple[str, ...] = (),
) -> Iterator[Mirrored]:
    """Write a copy of every record that has none of its present state, deleted ones included.

    What was removed from the table keeps its copy: a table that was lost must not take its copies
    with it.

    Args:
        connection: the table.
        mirror: where the copies go.
        key_id: the key that they are under; by default each version keeps its own.
        stacks: only these stacks' records.

    Raises:
        AwsFailure, StorageUnusable: the table, KMS or S3 cannot be used.
    """

    def copy(item: Item) -> Mirrored:
        return _copied(connection, mirror, item, key_id)

    yield from in_parallel(copy, items_of(connection, stacks))


def _copied(connection: Connection, mirror: Mirror, item: Item, key_id: str | None) -> Mirrored:
    exportable = prepared(connection, item, None)
    if exportable.item is None or exportable.identity is None:
        return Mirrored(Status.LEFT_OUT, exportable.ref, exportable.problem)
    identity, state = exportable.identity, state_of(item, key_id)
    if mirror.holds(identity, state):
        return Mirrored(Status.UNCHANGED, exportable.ref)
    exported = prepared(connection, item, key_id)
    assert exported.item is not None  # noqa: S101  # nosec B101 # the same item as above
    mirror.write(identity, exported.item, INCOMPLETE if exported.problem else state)
    return Mirrored(Status.WRITTEN, exported.ref, exported.problem)
