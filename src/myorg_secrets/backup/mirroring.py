"""Brings a mirror up to date: writes the objects of the records that changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import Damaged, NotFound
from myorg_secrets.lookup import items_of
from myorg_secrets.parallel import in_parallel
from myorg_secrets_password.item import Item, from_item
from myorg_secrets_password.record import Version

from .exporting import Exported, prepared, with_versions
from .mirror import LONGEST_KEY, Mirror, state_of

INCOMPLETE = "incomplete-"
"""Before the state of a copy that is not as it should be: it is looked at anew at every run."""


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
    *,
    rewrite: bool = False,
) -> Iterator[Mirrored]:
    """Write a copy of every record that has none of its present state, deleted ones included.

    What was removed from the table keeps its copy: a table that was lost must not take its copies
    with it. For the same reason a copy that can be read is never replaced by one that cannot.

    Args:
        connection: the table.
        mirror: where the copies go.
        key_id: the key that they are under; by default each version keeps its own. An alias and the
            ARN of its key are two names, and each makes every copy new.
        stacks: only these stacks' records.
        rewrite: whether copies of the present state are written again, too.

    Raises:
        AwsFailure, StorageUnusable: the table, KMS or S3 cannot be used.
    """

    def copy(item: Item) -> Mirrored:
        return _copied(connection, mirror, item, key_id, rewrite)

    yield from in_parallel(copy, items_of(connection, stacks))


def _copied(
    connection: Connection, mirror: Mirror, item: Item, key_id: str | None, rewrite: bool
) -> Mirrored:
    found = prepared(connection, item, None)
    if found.item is None or found.identity is None:
        return Mirrored(Status.LEFT_OUT, found.ref, found.problem)
    if not mirror.takes(found.identity):
        return Mirrored(
            Status.LEFT_OUT,
            found.ref,
            f"Its key in S3 would be longer than {LONGEST_KEY} bytes. Back it up by `export`.",
        )
    state, standing = state_of(item, key_id), mirror.state(found.identity)
    if standing == state and not rewrite:
        return Mirrored(Status.UNCHANGED, found.ref)
    if found.problem and standing is not None:
        return Mirrored(Status.LEFT_OUT, found.ref, f"{found.problem} Its last copy stays.")
    exported = found if found.problem else prepared(connection, item, key_id)
    if exported.problem and standing is not None:
        exported = _mended(mirror, exported, item)
    if exported.problem:
        state = f"{INCOMPLETE}{state}"
    if standing == state and not rewrite:
        return Mirrored(Status.UNCHANGED, found.ref, exported.problem)
    assert exported.item is not None  # noqa: S101  # nosec B101 # the same item as above
    mirror.write(found.identity, exported.item, state)
    return Mirrored(Status.WRITTEN, found.ref, exported.problem)


def _mended(mirror: Mirror, exported: Exported, item: Item) -> Exported:
    """Return the export with what its last copy has of the versions that KMS did not re-encrypt.

    A version's value never changes, so that its ciphertext from before is as good as a new one.
    """
    assert exported.identity is not None and exported.item is not None  # noqa: S101  # nosec B101 # as above
    try:
        last = mirror.read(exported.identity)
    except (Damaged, NotFound):
        return exported
    table_name = exported.identity.table_name
    original, record = from_item(table_name, item), from_item(table_name, exported.item)
    of_last = {version.id: version for version in last.versions}

    def best(before: Version, now: Version) -> Version:
        return of_last.get(now.id, now) if before == now else now

    versions = [
        best(before, now) for before, now in zip(original.versions, record.versions, strict=True)
    ]
    whole = all(now != before for before, now in zip(original.versions, versions, strict=True))
    return Exported(
        with_versions(exported.item, record, versions),
        exported.identity,
        "" if whole else exported.problem,
    )
