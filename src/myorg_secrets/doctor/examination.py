"""The whole examination: what is asked, in which order, and what is then pointless."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from myorg_secrets.connection import Connection
from myorg_secrets.lookup import hint, items
from myorg_secrets_password.cipher import Cipher
from myorg_secrets_password.item import Item, key_of
from myorg_secrets_password.properties import DEFAULT_ENV
from myorg_secrets_password.record import Identity
from myorg_secrets_password.store import Store

from . import caller, table
from .asking import Asker, Unanswered
from .finding import Finding, Status
from .key import Keys
from .records import Records

_NOBODY = "myorg-secrets-doctor"
"""A stack and a secret that are not there, for questions that need some name."""

NOT_LOOKED_AT = Finding(
    "The rest", Status.UNKNOWN, "Table, key, permissions and records could not be looked at."
)
"""What is left to say where nothing can be asked."""

_ANY_ACCOUNT = "*"
"""What an ARN in a policy has where the account is not known."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records are looked at, besides storage and permissions.

    Attributes:
        stack: those of this stack.
        env: only those of this environment.
        name: only this secret; it needs stack and env.
        every: all of the table.
    """

    stack: str | None = None
    env: str | None = None
    name: str | None = None
    every: bool = False


def examine(
    connection: Connection,
    scope: Scope,
    key_id: str,
    region_option: str | None = None,
    track: Callable[[Iterable[Item]], Iterable[Item]] = iter,
) -> list[Finding]:
    """Return what every check found. Nothing is changed, and no failure of AWS is raised.

    Args:
        connection: the table.
        scope: the records.
        key_id: the key by which secrets are created.
        region_option: what --region says.
        track: passes the items on that are looked at, to show how far that is.
    """
    asker = Asker(is_for_nobody=scope.stack is None)
    found = [caller.region(connection, region_option, os.environ)]
    who, account_id = caller.credentials(connection, asker)
    found.append(who)
    at_clock = len(found)
    if who.status is Status.PROBLEM:
        return [*found, caller.clock(asker.skew), NOT_LOOKED_AT]
    examination = _Examination(connection, asker, scope, account_id)
    found += examination.of_table()
    found += examination.of_key(key_id)
    if examination.is_table_fit:
        found += examination.of_records(track)
    # Any of the answers may have told the time.
    found.insert(at_clock, caller.clock(asker.skew))
    return found


class _Examination:
    def __init__(
        self, connection: Connection, asker: Asker, scope: Scope, account_id: str | None
    ) -> None:
        self._connection = connection
        self._asker = asker
        self._scope = scope
        self._set_account(account_id or _ANY_ACCOUNT)
        self.is_table_fit = True
        self._is_region_wrong = False

    def of_table(self) -> Iterator[Finding]:
        connection, asker = self._connection, self._asker
        described = table.describe(connection, asker, self._arn)
        if isinstance(described, Finding):
            yield described
            self.is_table_fit = described.status is not Status.PROBLEM
            self._is_region_wrong = isinstance(described, table.Missing) and bool(
                described.elsewhere
            )
        else:
            # Where STS did not say which account this is, the table does.
            self._set_account(described["TableArn"].split(":")[4])
            shape = table.judge_shape(described)
            yield shape
            yield from table.judge_table(described, connection.region_name)
            self.is_table_fit = shape.status is not Status.PROBLEM
        if self.is_table_fit:
            yield from table.examine_upkeep(connection, asker, self._arn)

    def of_key(self, key_id: str) -> Iterator[Finding]:
        if self._is_region_wrong:
            message = "Not looked at, since the table is in another Region."
            yield Finding("Key", Status.UNKNOWN, message)
            return
        yield from self._keys.news(key_id)
        yield from self._keys.try_out(key_id, self._identity())

    def of_records(self, track: Callable[[Iterable[Item]], Iterable[Item]]) -> Iterator[Finding]:
        scope, connection = self._scope, self._connection
        yield from self._item()
        if scope.name is not None:
            return
        if scope.stack is None and not scope.every:
            yield from self._may(
                "List a stack", "dynamodb:Query", lambda: next(items(connection, _NOBODY), None)
            )
            yield from self._may(
                "List the table",
                "dynamodb:Scan",
                lambda: next(items(connection, keys_only=True, limit=1), None),
            )
            return
        action = "dynamodb:Query" if scope.stack is not None else "dynamodb:Scan"
        try:
            for item in track(self._items(action)):
                yield from self._records.look_at(connection.table_name, item)
        except Unanswered as failure:
            yield self._asker.explain("Records", failure)
        else:
            yield self._summary()

    def _item(self) -> Iterator[Finding]:
        connection, identity = self._connection, self._identity()
        try:
            answer = self._asker.ask(
                "dynamodb:GetItem",
                self._arn,
                lambda: connection.dynamodb.get_item(
                    TableName=connection.table_name, Key=key_of(identity), ConsistentRead=True
                ),
            )
        except Unanswered as failure:
            yield self._asker.explain("Read", failure)
            return
        yield _allowed("Read", "dynamodb:GetItem", self._arn)
        if self._scope.name is None:
            return
        item = answer.get("Item")
        if item is None:
            near = hint(connection, identity.stack_name, identity.name)
            yield _absent(f"There is no secret {identity}.{near}")
            return
        if "DeletedTime" in item:
            yield _absent(f"The secret {identity} is deleted.")
        found = list(self._records.look_at(connection.table_name, item))
        yield from found
        if all(finding.check != "Record" for finding in found):
            count = self._records.versions
            message = f"{identity} is live, and all its versions can be read: {count}."
            yield Finding("Record", Status.OK, message)

    def _may(self, check: str, action: str, call: Callable[[], object]) -> Iterator[Finding]:
        try:
            self._asker.ask(action, self._arn, call)
        except Unanswered as failure:
            yield self._asker.explain(check, failure)
        else:
            yield _allowed(check, action, self._arn)

    def _items(self, action: str) -> Iterator[Item]:
        scope = self._scope
        remaining = items(self._connection, scope.stack, scope.env)
        while item := self._asker.ask(action, self._arn, lambda: next(remaining, None)):
            yield item

    def _summary(self) -> Finding:
        records, scope = self._records, self._scope
        if not records.seen and scope.stack is not None:
            near = hint(self._connection, scope.stack)
            of_env = f" in the environment {scope.env}" if scope.env is not None else ""
            return _absent(f"There is no secret of the stack {scope.stack}{of_env}.{near}")
        return Finding(
            "Records",
            Status.OK,
            f"Looked at {records.seen}: {records.live} live and {records.deleted} deleted, with"
            f" {records.versions} versions. What has no line here is as it should be.",
        )

    def _set_account(self, account_id: str) -> None:
        connection, asker = self._connection, self._asker
        cipher = Cipher(connection.kms, account_id)
        self._arn = Store(connection.dynamodb, connection.table_name, account_id).arn
        self._keys = Keys(connection, asker, cipher)
        self._records = Records(
            asker, cipher, self._keys, connection.region_name, datetime.now(UTC)
        )

    def _identity(self) -> Identity:
        scope = self._scope
        return Identity(
            self._connection.table_name,
            scope.stack or _NOBODY,
            scope.env or DEFAULT_ENV,
            scope.name or _NOBODY,
        )


def _allowed(check: str, action: str, arn: str) -> Finding:
    return Finding(check, Status.OK, f"{action} on {arn} is allowed.")


def _absent(message: str) -> Finding:
    return Finding("Secret", Status.PROBLEM, message, is_absence=True)
