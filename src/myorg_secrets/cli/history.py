"""`myorg-secrets history`: what became of a secret, version by version."""

from typing import Any

import click

from myorg_secrets.connection import Connection
from myorg_secrets.exceptions import Damaged, InvalidRequest, PasswordError
from myorg_secrets.lookup import find
from myorg_secrets_password.record import Record, Version

from .options import NOT_ALL, Named, as_json, names_secret
from .output import say, write_json, write_table
from .place import Place, located


@click.command(
    "history",
    epilog="""\b
Examples:
  myorg-secrets history orders DBPassword --env prod
  myorg-secrets history orders DBPassword --show-values   # decrypts every version
  myorg-secrets history orders DBPassword --json

"Serves" says for which declared state a version is kept ready: an update to that state brings it
back. A version that serves none is history only.

Exit code 1 if a value that was asked for cannot be read.""",
)
@located
@names_secret
@click.option("--show-values", is_flag=True, help="Show the passwords as well.")
@as_json
def command(place: Place, named: Named, show_values: bool, as_json: bool) -> None:
    """Show a secret's versions, a deleted one's as well: when and why each was made.

    The oldest is first and the current one last.
    """
    connection, identity = named.at(place)
    record = find(connection, identity)
    if not record.versions:
        raise Damaged(f"The deleted secret {identity} is damaged: it keeps no readable version.")
    versions = [_details(connection, record, version, show_values) for version in record.versions]
    if as_json:
        deleted = {} if record.deleted_time is None else {"DeletedTime": record.deleted_time}
        write_json({"Ref": str(identity), **deleted, "Versions": versions})
        _end(versions)
        return
    columns = ["Version", "Made", "Why", "Restored", "Current", "Serves", "Key"]
    rows = [
        [
            details["VersionId"],
            details["CreatedTime"],
            details["Source"],
            details.get("RestoredTime", ""),
            "yes" if details["Current"] else "",
            "\n".join(_shown(state) for state in details["DeclaredStates"]),
            details["KeyArn"].rpartition(":")[2],
        ]
        for details in versions
    ]
    if show_values:
        columns.insert(1, "Value")
        for row, details in zip(rows, versions, strict=True):
            row.insert(1, details.get("Value", f"({details.get('Error')})"))
    if record.is_deleted:
        say(f"Deleted at {record.deleted_time}. `myorg-secrets restore` brings it back.")
    write_table(columns, rows)
    _end(versions)


def _end(versions: list[dict[str, Any]]) -> None:
    if any("Error" in details for details in versions):
        click.get_current_context().exit(NOT_ALL)


def _details(
    connection: Connection, record: Record, version: Version, show_values: bool
) -> dict[str, Any]:
    declared = record.declared.digest()
    details: dict[str, Any] = {
        "VersionId": version.id,
        "CreatedTime": version.created_time,
        "Source": str(version.source),
        "RestoredTime": version.restored_time,
        "Current": version.id == record.current.id and not record.is_deleted,
        "KeyArn": version.key_arn,
        "DeclaredStates": [
            {"Summary": memory.summary, "DeclaredLast": memory.state == declared}
            for memory in record.memories
            if memory.version_id == version.id
        ],
    }
    if show_values:
        try:
            details["Value"] = connection.cipher.reveal(record.identity, version).reveal()
        except (InvalidRequest, PasswordError) as error:
            details["Error"] = str(error)
    return {name: value for name, value in details.items() if value is not None}


def _shown(state: dict[str, Any]) -> str:
    text = state["Summary"] or "no policy"
    return f"{text} (declared last)" if state["DeclaredLast"] else text
