"""`myorg-secrets list`."""

from __future__ import annotations

from dataclasses import dataclass

import click

from myorg_secrets.exceptions import Damaged, NotFound
from myorg_secrets.lookup import hint, items
from myorg_secrets_password.item import from_item
from myorg_secrets_password.record import Identity, Record, Settings, iso_of_epoch

from .completing import names, stacks
from .options import as_json, check_given
from .output import say, write_json_list, write_table
from .place import Place, located


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list shows of a record, which is far less than its ten ciphertexts take in memory.

    Attributes:
        identity, settings, created_time, last_rotated_time, deleted_time, expires_at: the record's.
        version_id: the current version's.
        versions: how many are kept.
    """

    identity: Identity
    settings: Settings
    version_id: str
    versions: int
    created_time: str
    last_rotated_time: str
    deleted_time: str | None
    expires_at: int | None

    @classmethod
    def of(cls, record: Record) -> Listed:
        """Take it from a record, which may then go."""
        return cls(
            record.identity,
            record.settings,
            record.current.id,
            len(record.versions),
            record.created_time,
            record.last_rotated_time,
            record.deleted_time,
            record.expires_at,
        )


@click.command(
    "list",
    epilog="""\b
Examples:
  myorg-secrets list
  myorg-secrets list orders --env prod
  myorg-secrets list --tag team=payments --json
  myorg-secrets list --deleted        # what `restore` can bring back

Exit code 1 if a filter is given and nothing fits it.""",
)
@located
@click.argument("stack", required=False, shell_complete=stacks)
@click.argument("name", required=False, shell_complete=names)
@click.option("--stack-name", metavar="STACK", help="The same as the argument STACK.")
@click.option("--env", metavar="ENV", help="Only this environment.")
@click.option(
    "--tag",
    "tags",
    metavar="KEY[=VALUE]",
    multiple=True,
    help="Only with this tag, the stack's tags included; repeated, all must be there.",
)
@click.option("--deleted", is_flag=True, help="The deleted ones that can be restored, instead.")
@as_json
def command(
    place: Place,
    stack: str | None,
    name: str | None,
    stack_name: str | None,
    env: str | None,
    tags: tuple[str, ...],
    deleted: bool,
    as_json: bool,
) -> None:
    """List secrets: all of a table, or those of a STACK, never a value."""
    if stack is not None and stack_name not in (None, stack):
        raise click.UsageError("STACK and --stack-name differ. Leave one of them out.")
    stack = stack_name if stack is None else stack
    check_given(StackName=stack, Env=env, Name=name)
    connection = place.connect()
    found: list[Listed] = []
    for item in items(connection, stack, env):
        try:
            record = from_item(connection.table_name, item)
        except Damaged as damaged:
            say(f"Warning: {damaged}")
            continue
        if (
            record.is_deleted == deleted
            and record.identity.is_complete
            and name in (None, record.identity.name)
            and all(_has(record, tag) for tag in tags)
        ):
            found.append(Listed.of(record))
    found.sort(key=lambda listed: (listed.identity.stack_name, listed.identity.env_name))
    if as_json:
        write_json_list(_details(listed) for listed in found)
    elif found:
        _table(found, deleted)
    filters = [stack, name, env, *tags]
    if not found and any(given is not None for given in filters):
        raise NotFound(f"No secret fits.{hint(connection, stack) if stack else ''}")
    if not found and not as_json:
        say(f"The table {connection.table_name} has no {'deleted ' * deleted}secrets.")


def _has(record: Record, tag: str) -> bool:
    key, equals, value = tag.partition("=")
    tags = {**(record.settings.stack_tags or {}), **dict(record.settings.tags)}
    return key in tags and (not equals or tags[key] == value)


def _table(found: list[Listed], deleted: bool) -> None:
    columns = ["Stack", "Env", "Name", "Last rotated", "Versions", "Tags", "Description"]
    if deleted:
        columns[3:3] = ["Deleted", "Kept until"]
    rows = []
    for listed in found:
        identity, settings = listed.identity, listed.settings
        tags = ", ".join(f"{key}={value}" for key, value in settings.tags)
        row = [identity.stack_name, identity.env, identity.name, listed.last_rotated_time]
        row += [str(listed.versions), tags, settings.description or ""]
        if deleted:
            row[3:3] = [listed.deleted_time or "", _expiry(listed) or ""]
        rows.append(row)
    write_table(columns, rows)


def _details(listed: Listed) -> dict[str, object]:
    identity, settings = listed.identity, listed.settings
    details = {
        "Ref": str(identity),
        "TableName": identity.table_name,
        "StackName": identity.stack_name,
        "Env": identity.env,
        "Name": identity.name,
        "VersionId": listed.version_id,
        "CreatedTime": listed.created_time,
        "LastRotatedTime": listed.last_rotated_time,
        "Description": settings.description,
        "Tags": [{"Key": key, "Value": value} for key, value in settings.tags],
        "StackTags": dict(settings.stack_tags or {}),
        "DeletedTime": listed.deleted_time,
        "KeptUntil": _expiry(listed),
    }
    return {name: value for name, value in details.items() if value is not None}


def _expiry(listed: Listed) -> str | None:
    return None if listed.expires_at is None else iso_of_epoch(listed.expires_at)
