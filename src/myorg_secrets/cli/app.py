"""The program: which verbs there are, and how a failure ends it."""

import logging
import signal
import sys
import traceback
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from myorg_secrets.exceptions import InvalidRequest, NotFound, PasswordError
from myorg_secrets_password.exceptions import StorageUnusable

from .output import OutputFailed, say

PROGRAM = "myorg-secrets"

VERBS = {
    "get": ("get", "Print a password."),
    "exec": ("execute", "Run a program that has a password in its environment."),
    "list": ("listing", "List secrets, by stack, environment or tag."),
    "history": ("history", "Show a secret's versions: when and why each was made."),
    "restore": ("restore", "Bring back a deleted secret, or an earlier version."),
    "adopt": ("adopt", "Take over the passwords of an older table."),
    "export": ("export", "Back up a table as ciphertext, to a file or to S3."),
    "import": ("imports", "Bring a backup's secrets back into a table."),
    "mirror": ("mirror", "Keep a copy of every record in S3, to read from in need."),
    "doctor": ("doctor", "Say in plain words what is wrong."),
    "completion": ("completion", "Print the completion script of a shell."),
}
"""Each verb's module, and what the list of verbs says of it."""

EXIT_CODES: tuple[tuple[type[PasswordError], int], ...] = (
    (NotFound, 1),
    (StorageUnusable, 3),
    (InvalidRequest, 2),
    (PasswordError, 3),
)
"""The first that fits: 1 not found, 2 usage, 3 whatever AWS or the stored data is to blame for."""

INTERRUPTED = 128 + 2  # as shells say of what SIGINT ended
DEFECT = 3


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"{__package__}.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, says) for verb, (_, says) in VERBS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(verb, help=says)
            for verb, (_, says) in VERBS.items()
            if verb.startswith(incomplete)
        ]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PasswordError as error:
            say(f"Error: {error}")
            ctx.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))


def _show_version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if asked:
        try:
            number = version(PROGRAM)
        except PackageNotFoundError:
            number = "(not installed)"
        click.echo(f"{PROGRAM} {number}")
        ctx.exit()


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  myorg-secrets get orders DBPassword --env prod
  myorg-secrets get 'myorg-secrets-password|orders|prod|DBPassword'
  myorg-secrets exec orders DBPassword --as PGPASSWORD -- psql -h db.example.com -U admin
  myorg-secrets list orders
  myorg-secrets VERB --help

\b
Exit codes: 0 found or done, 1 not found or not all done, 2 wrong usage, 3 failed at AWS.""",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def app() -> None:
    """Passwords of the CloudFormation type MyOrg::Secrets::Password.

    A secret is named by its STACK and NAME (and --env), or by what Ref gives for it: REF is
    'table|stack|env|name', in quotes because of the shell.
    """


def main() -> NoReturn:
    """Run the program and end with its exit code."""
    # Without a handler of its own, Python prints what libraries log, tracebacks included.
    logging.getLogger().addHandler(logging.NullHandler())
    # So that what was begun is cleaned up.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app.main(prog_name=PROGRAM, standalone_mode=False)
    except OutputFailed as failure:
        say(f"Error: {failure.message}")
        code = failure.exit_code
    except click.ClickException as failure:
        if sys.stderr is not None:
            failure.show()
        code = failure.exit_code
    except click.Abort:
        code = INTERRUPTED
    except Exception as error:
        # Its text is unknown, and so might quote a value: what may leave is where it came from.
        say(f"Error: A defect of {PROGRAM}: {_place(error)}. Please report it.")
        code = DEFECT
    sys.exit(code)


def _terminate(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]
    return f"{type(error).__name__} at {' > '.join(where)}"
