"""`myorg-secrets adopt`: passwords of older recipes become records of the type."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import click

from myorg_secrets.adoption import credstash, layouts
from myorg_secrets.adoption.adopt import Adoption, Outcome, Row, Status
from myorg_secrets.adoption.old_table import OldTable, require_keys
from myorg_secrets.adoption.rows import RowsOf2016, RowsOf2017, RowsOfCredstash
from myorg_secrets.connection import BULK_CONFIG
from myorg_secrets.exceptions import PasswordError
from myorg_secrets.keys import require_usable
from myorg_secrets.parallel import in_parallel
from myorg_secrets_password.properties import DEFAULT_ENV, DEFAULT_KEY_ID

from .options import NOT_ALL, as_json, check_given, dry_run, kms_key_id
from .output import say, tracked, write_json, write_line
from .place import Place, located

Rows = RowsOf2016 | RowsOf2017 | RowsOfCredstash


def _stacks(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    names: list[str] = []
    for value in values:
        if not value.startswith("@"):
            names.append(value)
            continue
        try:
            lines = Path(value[1:]).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise click.BadParameter(f"The file {value[1:]} cannot be read: {reason}.") from None
        names += [line.strip() for line in lines if line.strip()]
    if values and not names:
        raise click.BadParameter("The file holds no name.")
    return tuple(names)


def _context(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs = [value.partition("=") for value in values]
    if not all(key and equals and value for key, equals, value in pairs):
        raise click.BadParameter("Write KEY=VALUE.")
    return {key: value for key, _, value in pairs}


@click.command(
    "adopt",
    epilog="""\b
Examples:
  myorg-secrets adopt ewspasswordseuwest1 --layout 2016 --name DBPassword --dry-run
  myorg-secrets adopt ewspasswordseuwest1 --layout 2016 --name DBPassword
  myorg-secrets adopt rds_dev --layout 2017 --name DBPassword --env dev --stack-name @stacks.txt
  myorg-secrets adopt credential-store --layout credstash --stack-name legacy

\b
Layouts:
  2016       partition key stackname, sort key env, one attribute with a KMS ciphertext
  2017       partition key dbid or rds_id (a hash of the stack's name), b64_password
  credstash  each name's newest version; here alone, passwords pass through the memory of this
             program. Needs: pip install 'myorg-secrets[credstash]'

The passwords of 2016 and 2017 never leave KMS: it encrypts them anew, with an encryption context.
What is adopted is known again: interrupted, the same command goes on where it ended. A resource
import then brings each secret into its stack (examples/import/).

Exit code 1 if a row was not adopted, or a --stack-name fits no row.""",
)
@located
@click.argument("old_table")
@click.option(
    "--layout", type=click.Choice(["2016", "2017", "credstash"]), required=True, help="See below."
)
@click.option(
    "--name",
    metavar="NAME",
    help="The secrets' name: the logical ID of the resource. With credstash, only this name.",
)
@click.option(
    "--stack-name",
    "stacks",
    metavar="STACK|@FILE",
    multiple=True,
    callback=_stacks,
    help="A stack, or a file with one in each line; repeatable.  [default: every row]",
)
@click.option(
    "--env",
    metavar="ENV",
    help="With 2016, only this environment; else where the secrets go.  [default: default]",
)
@click.option(
    "--attribute", metavar="ATTRIBUTE", help="The attribute with the ciphertext, if it is unclear."
)
@click.option(
    "--context",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_context,
    help="The encryption context that credstash was called with; repeatable.",
)
@kms_key_id
@dry_run
@click.option("--delete", is_flag=True, help="Delete each old row after its new record reads back.")
@as_json
def command(
    place: Place,
    old_table: str,
    layout: str,
    name: str | None,
    stacks: tuple[str, ...],
    env: str | None,
    attribute: str | None,
    context: dict[str, str],
    kms_key_id: str | None,
    dry_run: bool,
    delete: bool,
    as_json: bool,
) -> None:
    """Take over the passwords of an older table: each stays as it is.

    Nothing is adopted over a live secret, and no row that fails stops the others. The key is
    alias/myorg-secrets-password, unless --kms-key-id says another.
    """
    _refuse_what_does_not_fit(layout, name, env, stacks, attribute, context)
    connection = place.connect(config=BULK_CONFIG)
    key_id = DEFAULT_KEY_ID if kms_key_id is None else kms_key_id
    table = OldTable(connection.dynamodb, old_table)
    rows, total = _rows(table, layout, name, stacks, env, attribute, context)
    require_usable(connection, key_id)
    adoption = Adoption(connection, key_id, _now, dry_run=dry_run, delete=delete)
    _report(adoption, rows, total, as_json)


def _refuse_what_does_not_fit(
    layout: str,
    name: str | None,
    env: str | None,
    stacks: tuple[str, ...],
    attribute: str | None,
    context: dict[str, str],
) -> None:
    check_given(Name=name, Env=env)
    for stack in stacks:
        check_given(StackName=stack)
    if layout == "credstash":
        if len(stacks) != 1:
            raise click.UsageError("With --layout credstash, give one --stack-name.")
        if attribute is not None:
            raise click.UsageError("--attribute is for the layouts 2016 and 2017.")
        credstash.aes_ctr()
        return
    if name is None:
        raise click.UsageError("--name is missing: what shall the secrets be called?")
    if context:
        raise click.UsageError("--context is for the layout credstash.")
    if layout == "2017" and not stacks:
        raise click.UsageError(
            "--stack-name is missing: a row of 2017 has its stack's name only as a hash."
        )


def _rows(
    table: OldTable,
    layout: str,
    name: str | None,
    stacks: tuple[str, ...],
    env: str | None,
    attribute: str | None,
    context: dict[str, str],
) -> tuple[Rows, int | None]:
    keys, total = table.describe()
    into = DEFAULT_ENV if env is None else env
    if layout == "2016":
        require_keys(table, keys, layouts.KEYS_2016)
        chosen = RowsOf2016(table, name or "", stacks, env, attribute, _now)
        return chosen, total if not stacks else None
    if layout == "2017":
        require_keys(table, keys, *((key,) for key in layouts.KEYS_2017))
        every = RowsOf2017(table, name or "", stacks, into, attribute, _now)
        return every, total
    require_keys(table, keys, credstash.KEYS)
    names = RowsOfCredstash(table, stacks[0], name, into, context, _now)
    return names, None


def _report(adoption: Adoption, rows: Rows, total: int | None, as_json: bool) -> None:
    outcomes: list[Outcome] = []
    failure: PasswordError | None = None
    going_on: Iterator[Row] = takewhile(lambda _: adoption.failure is None, rows)
    try:
        for outcome in tracked(in_parallel(adoption, going_on), "Adopting", total):
            outcomes.append(outcome)
            if not as_json:
                write_line(_line(outcome, adoption.dry_run))
    except PasswordError as error:
        failure = error
    counts = Counter(outcome.status for outcome in outcomes)
    if as_json:
        write_json(
            {
                "DryRun": adoption.dry_run,
                "Rows": [_details(outcome) for outcome in outcomes],
                "WithoutRow": rows.strays,
                "Counts": {str(status): counts[status] for status in Status},
            }
        )
    else:
        _summarize(counts, rows.strays, adoption.dry_run)
    if failure := failure or adoption.failure:
        raise failure
    if rows.strays or not all(outcome.is_done for outcome in outcomes):
        click.get_current_context().exit(NOT_ALL)


def _summarize(counts: Counter[Status], strays: Sequence[str], dry_run: bool) -> None:
    for stray in strays:
        say(f"No row is for {stray}.")
    say(
        f"{counts[Status.ADOPTED]} {'would be ' * dry_run}adopted,"
        f" {counts[Status.ADOPTED_BEFORE]} adopted before,"
        f" {counts[Status.NOT_ADOPTED]} not adopted."
    )


def _line(outcome: Outcome, dry_run: bool) -> str:
    words = {
        Status.ADOPTED: "would adopt" if dry_run else "adopted",
        Status.ADOPTED_BEFORE: "adopted before",
        Status.NOT_ADOPTED: "not adopted",
    }
    line = f"{words[outcome.status]:14}  {outcome.row}"
    if outcome.identity is not None:
        line += f"  ->  {outcome.identity}"
    if outcome.user_name is not None:
        line += f"  (user {outcome.user_name})"
    if outcome.deleted:
        line += "  (old row deleted)"
    return f"{line}: {outcome.reason}" if outcome.reason else line


def _details(outcome: Outcome) -> dict[str, object]:
    details = {
        "Row": outcome.row,
        "Status": str(outcome.status),
        "Ref": None if outcome.identity is None else str(outcome.identity),
        "Reason": outcome.reason or None,
        "Deleted": outcome.deleted,
        "UserName": outcome.user_name,
    }
    return {name: value for name, value in details.items() if value is not None}


def _now() -> datetime:
    return datetime.now(UTC)
