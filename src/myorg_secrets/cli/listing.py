"""`myorg-secrets list`."""

import click

from myorg_secrets.exceptions import Damaged, NotFound
from myorg_secrets.lookup import hint, items
from myorg_secrets_password.item import from_item
from myorg_secrets_password.record import Record, iso_of_epoch

from .completing import names, stacks
from .options import as_json, check_given
from .output import say, write_json, write_table
from .place import Place, located


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
    found = []
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
            found.append(record)
    found.sort(key=lambda record: (record.identity.stack_name, record.identity.env_name))
    if as_json:
        write_json([_details(record) for record in found])
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


def _table(records: list[Record], deleted: bool) -> None:
    columns = ["Stack", "Env", "Name", "Last rotated", "Versions", "Tags", "Description"]
    if deleted:
        columns[3:3] = ["Deleted", "Kept until"]
    rows = []
    for record in records:
        identity, settings = record.identity, record.settings
        tags = ", ".join(f"{key}={value}" for key, value in settings.tags)
        row = [identity.stack_name, identity.env, identity.name, record.last_rotated_time]
        row += [str(len(record.versions)), tags, settings.description or ""]
        if deleted:
            row[3:3] = [record.deleted_time or "", _expiry(record) or ""]
        rows.append(row)
    write_table(columns, rows)


def _details(record: Record) -> dict[str, object]:
    identity, settings = record.identity, record.settings
    details = {
        "Ref": str(identity),
        "TableName": identity.table_name,
        "StackName": identity.stack_name,
        "Env": identity.env,
        "Name": identity.name,
        "VersionId": record.current.id,
        "CreatedTime": record.created_time,
        "LastRotatedTime": record.last_rotated_time,
        "Description": settings.description,
        "Tags": [{"Key": key, "Value": value} for key, value in settings.tags],
        "StackTags": dict(settings.stack_tags or {}),
        "DeletedTime": record.deleted_time,
        "KeptUntil": _expiry(record),
    }
    return {name: value for name, value in details.items() if value is not None}


def _expiry(record: Record) -> str | None:
    return None if record.expires_at is None else iso_of_epoch(record.expires_at)
