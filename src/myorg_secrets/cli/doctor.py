"""`myorg-secrets doctor`: what is wrong, in plain words."""

from collections import Counter

import click

from myorg_secrets.doctor import NOT_LOOKED_AT, Finding, Scope, Status, examine
from myorg_secrets.exceptions import InvalidCredentials, InvalidRequest
from myorg_secrets_password.properties import DEFAULT_KEY_ID, IDENTITY, KEY_ID

from .options import as_json, env, kms_key_id, which
from .output import printable, say, tracked, write, write_json, write_table
from .place import Place, located


@click.command(
    "doctor",
    epilog="""\b
Examples:
  myorg-secrets doctor                              # storage and permissions
  myorg-secrets doctor orders                       # and every record of a stack
  myorg-secrets doctor orders DBPassword --env prod
  myorg-secrets doctor --all --json

Nothing is changed, and no password is shown. What writes is not tried: dynamodb:PutItem and
dynamodb:UpdateItem (restore, adopt, import), kms:ReEncryptFrom and kms:ReEncryptTo (adopt, and
--kms-key-id).

Exit codes: 0 no problem, 1 the secret that was named is not there, 2 wrong usage, 3 a problem.""",
)
@located
@click.argument("stack_or_ref", metavar="[STACK|REF]", required=False)
@click.argument("name", metavar="[NAME]", required=False)
@env
@click.option("--all", "every", is_flag=True, help="Look at every record of the table.")
@kms_key_id
@as_json
def command(
    place: Place,
    stack_or_ref: str | None,
    name: str | None,
    env: str | None,
    every: bool,
    kms_key_id: str | None,
    as_json: bool,
) -> None:
    """Say in plain words what is wrong with storage, permissions and records, and what to do.

    Without --kms-key-id it looks at the key alias/myorg-secrets-password.
    """
    table_name, scope = _scope(place, stack_or_ref, name, env, every)
    key_id = KEY_ID.parse("--kms-key-id", kms_key_id or DEFAULT_KEY_ID)
    try:
        connection = place.connect(table_name)
    except (InvalidRequest, InvalidCredentials) as error:
        found = [Finding("Settings", Status.PROBLEM, str(error)), NOT_LOOKED_AT]
    else:
        found = examine(
            connection,
            scope,
            key_id,
            place.region,
            lambda items: tracked(items, "Looking at records"),
        )
    if as_json:
        write_json([_details(finding) for finding in found])
    else:
        _show(found)
    click.get_current_context().exit(_exit_code(found))


def _scope(
    place: Place, stack_or_ref: str | None, name: str | None, env: str | None, every: bool
) -> tuple[str | None, Scope]:
    """Return the table that the arguments name, if they do, and the records."""
    if place.table_name is not None:
        IDENTITY["TableName"].parse("--table-name", place.table_name)
    if stack_or_ref is None:
        if env is not None and not every:
            raise click.UsageError("--env needs a STACK, or --all.")
        if env is not None:
            IDENTITY["Env"].parse("--env", env)
        return None, Scope(env=env, every=every)
    if every:
        raise click.UsageError("--all is for every stack. Leave STACK out.")
    if name is None and "|" not in stack_or_ref:
        IDENTITY["StackName"].parse("STACK", stack_or_ref)
        if env is not None:
            IDENTITY["Env"].parse("--env", env)
        return None, Scope(stack_or_ref, env)
    named = which(stack_or_ref, name, env, place)
    for part, value in (("StackName", named.stack), ("Env", named.env), ("Name", named.name)):
        IDENTITY[part].parse(part, value)
    return named.table_name, Scope(named.stack, named.env, named.name)


def _show(found: list[Finding]) -> None:
    write_table(
        ["Status", "Check", "Finding"],
        [[finding.status, finding.check, finding.message] for finding in found],
    )
    remedies = {
        (finding.check, finding.remedy): None for finding in found if finding.remedy is not None
    }
    if remedies:
        # Outside the table, whose cells are folded: a folded command cannot be copied.
        lines = [printable(f"  {check}: {remedy}") + "\n" for check, remedy in remedies]
        write("What to do:\n" + "".join(lines))
    count = Counter(finding.status for finding in found)
    say(
        f"{_many(count[Status.PROBLEM], 'problem')}, {_many(count[Status.WARNING], 'warning')},"
        f" {count[Status.UNKNOWN]} unknown."
    )


def _many(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def _details(finding: Finding) -> dict[str, str]:
    details = {
        "Check": finding.check,
        "Status": str(finding.status),
        "Message": finding.message,
    }
    return details if finding.remedy is None else {**details, "Remedy": finding.remedy}


def _exit_code(found: list[Finding]) -> int:
    problems = [finding for finding in found if finding.status is Status.PROBLEM]
    if not problems:
        return 0
    return 1 if all(problem.is_absence for problem in problems) else 3
