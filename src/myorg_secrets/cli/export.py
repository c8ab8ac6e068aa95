"""`myorg-secrets export`."""

from datetime import UTC, datetime

import click

from myorg_secrets.backup.exporting import export
from myorg_secrets.backup.files import writing
from myorg_secrets.backup.format import Writer
from myorg_secrets.connection import BULK_CONFIG, Connection
from myorg_secrets.exceptions import NotFound, PasswordError
from myorg_secrets.keys import require_usable
from myorg_secrets.lookup import hint
from myorg_secrets_password.aws_errors import translated
from myorg_secrets_password.exceptions import Refused
from myorg_secrets_password.record import iso

from .options import NOT_ALL, as_json, check_given, kms_key_id
from .output import say, tracked, write_json
from .place import Place, located


@click.command(
    "export",
    epilog="""\b
Examples:
  myorg-secrets export passwords.jsonl
  myorg-secrets export s3://backups/passwords.jsonl.gz --kms-key-id alias/backup
  myorg-secrets export orders.jsonl --stack-name orders --env prod

The file holds ciphertext alone: it is worth nothing without the KMS key, and it restores nothing
without it either. With --kms-key-id the backup outlives the key of the table. A name that ends in
.gz is compressed. The file is there when it is whole, or not at all.

Exit code 1 if something was not as it should be; the export is whole all the same.""",
)
@located
@click.argument("location", metavar="FILE|s3://BUCKET/KEY")
@click.option(
    "--stack-name", "stacks", metavar="STACK", multiple=True, help="Only this stack; repeatable."
)
@click.option("--env", metavar="ENV", help="Only this environment.")
@kms_key_id
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@as_json
def command(
    place: Place,
    location: str,
    stacks: tuple[str, ...],
    env: str | None,
    kms_key_id: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Back up a table's secrets as ciphertext, deleted ones and all versions included.

    With --kms-key-id, KMS encrypts every version anew under that key; the passwords stay in KMS.
    """
    connection = place.connect(config=BULK_CONFIG)
    if kms_key_id is not None:
        require_usable(connection, kms_key_id)
    about = {
        "TableName": connection.table_name,
        "Region": connection.region_name,
        "ExportedTime": iso(datetime.now(UTC)),
    }
    check_given(Env=env)
    for stack in stacks:
        check_given(StackName=stack)
    problems = []
    moved = 0
    with writing(location, connection, overwrite=overwrite) as stream:
        writer = Writer(stream, about)
        records = export(connection, stacks, env, kms_key_id)
        for record in tracked(records, "Exporting", _total(connection)):
            if record.item is not None:
                writer.add(record.item)
            moved += record.moved
            if record.problem:
                problems.append({"Ref": record.ref, "Problem": record.problem})
                say(f"{record.ref}: {record.problem}")
        manifest = writer.finish()
        if kms_key_id is not None and manifest.records and not moved:
            # What may stand there already is the better backup.
            raise Refused(f"Nothing could be encrypted under {kms_key_id}: nothing is exported.")
        if stacks and not manifest.records:
            raise NotFound(f"No secret fits.{hint(connection, stacks[0])}")
    if as_json:
        write_json(
            {
                "Location": location,
                "Records": manifest.records,
                "SHA256": manifest.sha256,
                "Problems": problems,
            }
        )
    else:
        say(f"Exported {manifest.records} records to {location} (SHA-256 {manifest.sha256}).")
    if problems:
        click.get_current_context().exit(NOT_ALL)


def _total(connection: Connection) -> int | None:
    try:
        with translated("dynamodb:DescribeTable", connection.store.arn):
            table = connection.dynamodb.describe_table(TableName=connection.table_name)
    except PasswordError:
        return None  # for the progress bar alone
    return table.get("Table", {}).get("ItemCount")
