"""`myorg-secrets exec`: a program with a password in its environment, and nowhere else."""

import os
import re
import signal

import click

from myorg_secrets.lookup import find_live, version_of

from .options import env, from_mirror, version_id, which
from .output import say
from .place import Place, located

IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as POSIX shells say it


def _variable(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise click.BadParameter("An environment variable has letters, digits and underscores.")
    return value


@click.command(
    "exec",
    epilog="""\b
Examples:
  myorg-secrets exec orders DBPassword --as PGPASSWORD -- psql -h db.example.com -U admin
  myorg-secrets exec 'myorg-secrets-password|orders|prod|DBPassword' -- ./start.sh
  myorg-secrets exec orders DB --as A -- myorg-secrets exec orders MQ --as B -- ./start.sh

The exit code is the program's own; 127 if there is no such program, 126 if it cannot be run.""",
)
@located
@click.argument("words", nargs=-1, metavar="STACK NAME|REF -- CMD [ARG]…", required=True)
@env
@version_id
@from_mirror
@click.option(
    "--as",
    "variable",
    metavar="VARIABLE",
    default="SECRET_VALUE",
    show_default=True,
    callback=_variable,
    help="The environment variable.",
)
def command(
    place: Place,
    words: tuple[str, ...],
    env: str | None,
    version_id: str | None,
    mirror: str | None,
    variable: str,
) -> None:
    """Run CMD with a password in an environment variable.

    CMD takes the place of this program. The password is on no command line and in no file, and the
    shell that called this program does not get it.
    """
    # A REF has the character | and a stack's name never has it, so that nothing is ambiguous.
    if "|" in words[0]:
        name, cmd = None, words[1:]
    else:
        name, cmd = next(iter(words[1:]), None), words[2:]
    named = which(words[0], name, env, place)
    if not cmd:
        raise click.UsageError("CMD is missing: write it behind --.")
    connection, identity = named.at(place)
    version = version_of(find_live(connection, identity, mirror), version_id)
    clear = connection.cipher_for(version.key_arn).reveal(identity, version)
    # Python ignores them, and what is ignored stays so in CMD.
    ours = {number: signal.signal(number, signal.SIG_DFL) for number in IGNORED_BY_PYTHON}
    try:
        os.execvpe(cmd[0], cmd, {**os.environ, variable: clear.reveal()})  # noqa: S606  # the purpose
    except FileNotFoundError:
        say(f"Error: There is no program {cmd[0]}.")
        code = NOT_FOUND
    except OSError as error:
        say(f"Error: {cmd[0]} cannot be run: {error.strerror}.")
        code = NOT_EXECUTABLE
    except ValueError:
        say("Error: The password or CMD holds a null character, which no program can be given.")
        code = NOT_EXECUTABLE
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
    click.get_current_context().exit(code)
