"""`myorg-secrets import`."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile

import click

from myorg_secrets.backup.files import S3, reading
from myorg_secrets.backup.format import MalformedLine, Manifest, numbered_items, verify
from myorg_secrets.backup.importing import Imported, Importing, Status
from myorg_secrets.backup.mirror import Mirror
from myorg_secrets.connection import BULK_CONFIG, Connection
from myorg_secrets.exceptions import PasswordError
from myorg_secrets.keys import require_usable
from myorg_secrets.parallel import in_parallel
from myorg_secrets_password.item import Item

from .options import NOT_ALL, as_json, dry_run, kms_key_id
from .output import say, tracked, write_json, write_line
from .place import Place, located

Lines = Iterator[tuple[int, Item | MalformedLine]]
"""Numbered from 1."""

_WORDS = {
    Status.IMPORTED: "imported",
    Status.UNCHANGED: "unchanged",
    Status.NEWER: "newer stands",
    Status.EXPIRED: "expired",
    Status.NOT_IMPORTED: "not imported",
}


@click.command(
    "import",
    epilog="""\b
Examples:
  myorg-secrets import passwords.jsonl --dry-run
  myorg-secrets import passwords.jsonl
  myorg-secrets import s3://backups/passwords.jsonl.gz --kms-key-id alias/myorg-secrets-password
  myorg-secrets import s3://backups/passwords/ --kms-key-id alias/myorg-secrets-password

With / at its end it is the place of `mirror`, and every object there is a line.

Before anything is written the whole file is checked. Each record that is written was decrypted or
encrypted anew by KMS before. A record in the table that is newer always stays. Interrupted, the
same command goes on where it ended.

Exit code 0 if every secret in the file is in the table now, in this state or a newer one; 1 if a
line was not imported; 2 if the file is no whole export.""",
)
@located
@click.argument("location", metavar="FILE|s3://BUCKET/KEY|s3://BUCKET/PREFIX/")
@kms_key_id
@dry_run
@click.option(
    "--unverified", is_flag=True, help="Do not decrypt before writing: needs no kms:Decrypt."
)
@click.option(
    "--replace-damaged", is_flag=True, help="Overwrite items of the table that are unreadable."
)
@click.option(
    "--allow-damaged", is_flag=True, help="Import the whole lines of a file that is not whole."
)
@as_json
def command(
    place: Place,
    location: str,
    kms_key_id: str | None,
    dry_run: bool,
    unverified: bool,
    replace_damaged: bool,
    allow_damaged: bool,
    as_json: bool,
) -> None:
    """Bring the secrets of an export, or of a mirror, back into a table.

    With --kms-key-id, KMS encrypts every version anew under that key.
    """
    connection = place.connect(config=BULK_CONFIG)
    if kms_key_id is not None:
        require_usable(connection, kms_key_id)
    manifest = None
    if not allow_damaged and not _is_mirror(location):
        with reading(location, connection) as stream:
            manifest = verify(stream)
    importing = Importing(
        connection,
        datetime.now(UTC),
        kms_key_id,
        dry_run=dry_run,
        verify=not unverified,
        replace_damaged=replace_damaged,
    )
    outcomes: list[Imported] = []
    failure: PasswordError | None = None
    with _lines(location, connection, manifest) as found:
        lines = takewhile(lambda _: importing.failure is None, found)
        total = None if manifest is None else manifest.records
        try:
            for outcome in tracked(in_parallel(importing, lines), "Importing", total):
                outcomes.append(outcome)
                if not as_json:
                    write_line(_line(outcome, dry_run))
        except PasswordError as error:
            failure = error
    failure = failure or importing.failure
    if outcomes or failure is None:
        _report(outcomes, dry_run, as_json)
    if failure is not None:
        raise failure
    if any(outcome.status is Status.NOT_IMPORTED for outcome in outcomes):
        click.get_current_context().exit(NOT_ALL)


def _is_mirror(location: str) -> bool:
    return location.startswith(S3) and location.endswith("/")


@contextmanager
def _lines(location: str, connection: Connection, manifest: Manifest | None) -> Iterator[Lines]:
    if _is_mirror(location):
        yield enumerate(Mirror.at(location, connection).items(), start=1)
        return
    with reading(location, connection) as stream:
        yield numbered_items(stream, manifest)


def _report(outcomes: list[Imported], dry_run: bool, as_json: bool) -> None:
    counts = Counter(outcome.status for outcome in outcomes)
    if as_json:
        write_json(
            {
                "DryRun": dry_run,
                "Lines": [_details(outcome) for outcome in outcomes],
                "Counts": {str(status): counts[status] for status in Status},
            }
        )
        return
    said = ", ".join(f"{counts[status]} {_word(status, dry_run)}" for status in Status)
    say(f"{said}.")


def _line(outcome: Imported, dry_run: bool) -> str:
    line = f"{_word(outcome.status, dry_run):14}  line {outcome.line}"
    if outcome.ref is not None:
        line += f"  {outcome.ref}"
    return f"{line}: {outcome.reason}" if outcome.reason else line


def _word(status: Status, dry_run: bool) -> str:
    return "would import" if dry_run and status is Status.IMPORTED else _WORDS[status]


def _details(outcome: Imported) -> dict[str, object]:
    details = {
        "Line": outcome.line,
        "Status": str(outcome.status),
        "Ref": outcome.ref,
        "Reason": outcome.reason or None,
    }
    return {name: value for name, value in details.items() if value is not None}
