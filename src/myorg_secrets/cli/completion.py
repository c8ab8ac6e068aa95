"""`myorg-secrets completion`."""

import click
from click.shell_completion import get_completion_class

from .output import write


@click.command(
    "completion",
    epilog="""\b
Examples:
  eval "$(myorg-secrets completion bash)"     # in ~/.bashrc
  eval "$(myorg-secrets completion zsh)"      # in ~/.zshrc
  myorg-secrets completion fish > ~/.config/fish/completions/myorg-secrets.fish""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script by which SHELL completes verbs and options."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  # nosec B101 # click has these three built in
    program = click.get_current_context().find_root()
    name = program.info_name or ""
    write(kind(program.command, {}, name, "_MYORG_SECRETS_COMPLETE").source() + "\n")
