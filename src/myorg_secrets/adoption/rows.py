"""The rows of each layout: what `adopt` asks of them, by DynamoDB and KMS."""

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import AccessDenied, Damaged, InvalidRequest
from myorg_secrets_password.aws_errors import malformed, translated
from myorg_secrets_password.cipher import encryption_context
from myorg_secrets_password.exceptions import Conflict
from myorg_secrets_password.item import Item
from myorg_secrets_password.record import Identity, Source, Version, iso

from . import credstash, layouts
from .layouts import Found, Unfit
from .old_table import OldTable

Clock = Callable[[], datetime]
Read = Callable[[Item], Found]


@dataclass(frozen=True)
class KmsRow:
    """A row of the 2016 or the 2017 layout: a ciphertext that KMS made without a context."""

    table: OldTable
    item: Item = field(repr=False)
    keys: tuple[str, ...]
    read: Read
    now: Clock

    @cached_property
    def found(self) -> Found:
        """What the row says."""
        return self.read(self.item)

    @property
    def key(self) -> Item:
        """The row's primary key."""
        return {key: self.item[key] for key in self.keys if key in self.item}

    @property
    def shown(self) -> str:
        return layouts.shown(self.key)

    def place(self) -> tuple[str, str, str]:
        return self.found.stack, self.found.env, self.found.name

    @property
    def digest(self) -> str:
        return self.found.digest

    @property
    def user_name(self) -> str | None:
        return self.found.user_name

    def version(self, connection: Connection, identity: Identity, key_id: str) -> Version:
        """Have KMS encrypt the password anew with our context; it does not leave KMS."""
        version_id = uuid.uuid4().hex
        arn = connection.cipher.arn(key_id)
        try:
            with translated(
                "kms:ReEncrypt (kms:ReEncryptFrom, kms:ReEncryptTo)",
                f"the row's key to {arn}",
                "one of the two keys",
                "Restore the row's key, or correct --kms-key-id.",
            ):
                answer = connection.kms.re_encrypt(
                    CiphertextBlob=self.found.ciphertext,
                    DestinationKeyId=key_id,
                    DestinationEncryptionContext=encryption_context(identity, version_id),
                )
        except Damaged:
            raise Unfit(
                f"does not hold in {self.found.attribute} what KMS encrypted without an encryption"
                " context"
            ) from None
        except AccessDenied as denied:
            # KMS says the same of a ciphertext whose key it does not know.
            raise AccessDenied(
                f"{denied} Or the row does not hold the ciphertext of a key in this account and"
                " Region."
            ) from None
        if not answer.get("CiphertextBlob") or not answer.get("KeyId"):
            raise malformed(f"kms:ReEncrypt to {arn}")
        return Version(
            version_id, answer["CiphertextBlob"], answer["KeyId"], iso(self.now()), Source.ADOPTED
        )

    def delete(self) -> None:
        attribute = self.found.attribute
        self.table.delete(self.key, attribute, self.item[attribute])


class RowsOf2016:
    """The rows of a table of 2016, of some stacks or of all.

    Attributes:
        strays: the stacks that no row was for, once all were seen.
    """

    def __init__(
        self,
        table: OldTable,
        name: str,
        stacks: Iterable[str],
        env: str | None,
        attribute: str | None,
        now: Clock,
    ) -> None:
        self._table = table
        self._name = name
        self._stacks = list(dict.fromkeys(stacks))
        self._env = env
        self._attribute = attribute
        self._now = now
        self.strays: list[str] = []

    def __iter__(self) -> Iterator[KmsRow]:
        if not self._stacks:
            yield from self._rows(self._table.rows())
        for stack in self._stacks:
            rows = list(self._rows(self._table.rows_with("stackname", stack)))
            if not rows:
                self.strays.append(stack)
            yield from rows

    def _rows(self, items: Iterable[Item]) -> Iterator[KmsRow]:
        for item in items:
            if self._env is None or item.get("env", {}).get("S") == self._env:
                yield KmsRow(self._table, item, layouts.KEYS_2016, self._read, self._now)

    def _read(self, item: Item) -> Found:
        return layouts.read_2016(item, self._name, self._attribute)


class RowsOf2017:
    """All rows of a table of 2017.

    Attributes:
        strays: the stacks that no row was for, once all were seen.
    """

    def __init__(
        self,
        table: OldTable,
        name: str,
        stacks: Iterable[str],
        env: str,
        attribute: str | None,
        now: Clock,
    ) -> None:
        self._table = table
        self._name = name
        self._stacks = layouts.by_digest(stacks)
        self._env = env
        self._attribute = attribute
        self._now = now
        self.strays: list[str] = []

    def __iter__(self) -> Iterator[KmsRow]:
        unseen = dict(self._stacks)
        for item in self._table.rows():
            unseen.pop(layouts.stack_digest(item) or "", None)
            yield KmsRow(self._table, item, layouts.KEYS_2017, self._read, self._now)
        self.strays = list(unseen.values())

    def _read(self, item: Item) -> Found:
        return layouts.read_2017(item, self._name, self._env, self._stacks, self._attribute)


@dataclass(frozen=True)
class CredstashRow:
    """The newest version of a name in credstash's table."""

    table: OldTable
    name: str
    versions: Collection[str]
    stack: str
    env: str
    context: Mapping[str, str]
    now: Clock

    @property
    def shown(self) -> str:
        return f"name={self.name}"

    @cached_property
    def item(self) -> Item:
        """The newest version's row."""
        version = credstash.newest(self.versions)
        return self.table.row({"name": {"S": self.name}, "version": {"S": version}})

    @cached_property
    def sealed(self) -> credstash.Sealed:
        """What the row holds."""
        return credstash.read(self.item)

    def place(self) -> tuple[str, str, str]:
        return self.stack, self.env, self.sealed.name

    @property
    def digest(self) -> str:
        return self.sealed.digest

    @property
    def user_name(self) -> str | None:
        return None

    def version(self, connection: Connection, identity: Identity, key_id: str) -> Version:
        """Decrypt as credstash does, here, and encrypt as we do."""
        clear = credstash.unseal(connection.kms, self.sealed, self.context)
        return connection.cipher.seal(identity, clear, key_id, Source.ADOPTED, self.now())

    def delete(self) -> None:
        """Delete all versions, the newest last, so that what is left after a failure is the newest.

        An older one that stayed would be taken for the newest at the next run.
        """
        rows = list(self.table.rows_with("name", self.name))
        if not rows:
            return  # Another run was faster.
        if rows[-1].get("contents") != self.item["contents"]:
            raise Conflict("A newer version was put meanwhile.")
        for row in rows:
            self.table.delete({key: row[key] for key in credstash.KEYS}, "version", row["version"])


class RowsOfCredstash:
    """The names of credstash's table, or one of them.

    Attributes:
        strays: the name that no row was for, once all were seen.
    """

    def __init__(
        self,
        table: OldTable,
        stack: str,
        name: str | None,
        env: str,
        context: Mapping[str, str],
        now: Clock,
    ) -> None:
        self._table = table
        self._stack = stack
        self._name = name
        self._env = env
        self._context = context
        self._now = now
        self.strays: list[str] = []

    def __iter__(self) -> Iterator[CredstashRow]:
        items = (
            self._table.rows(list(credstash.KEYS))
            if self._name is None
            else self._table.rows_with("name", self._name)
        )
        versions: dict[str, list[str]] = {}
        for item in items:
            name, version = (item.get(key, {}).get("S") for key in credstash.KEYS)
            if name is None or version is None:
                raise InvalidRequest(f"The keys of {self._table.name} are not strings.")
            versions.setdefault(name, []).append(version)
        if self._name is not None and not versions:
            self.strays = [self._name]
        for name, found in sorted(versions.items()):
            yield CredstashRow(
                self._table, name, found, self._stack, self._env, self._context, self._now
            )
