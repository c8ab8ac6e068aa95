"""Writes what every verb's --help says into guide/command-line.md.

The rest of the page is written by hand.
"""

from pathlib import Path

import click

from myorg_secrets.cli.app import PROGRAM, app
from tools import pages
from tools.project import ROOT

PAGE = "guide/command-line.md"
_BEGIN = "<!-- What follows is made by tools/command_line_guide.py: make generate. -->"
_END = "<!-- The end of what is made. -->"

_WIDTH = 98
"""What click takes on a terminal of 100 columns, wherever the page is made."""


def write(project: Path) -> None:
    """Replaces the help texts in a project's page.

    Raises:
        SystemExit: the page lacks one of the two comments between which they stand.
    """
    pages.replace_part(project, PAGE, _BEGIN, _END, helps())


def helps() -> str:
    """Returns the help of the program and of each verb in Markdown, in the order of its list."""
    root = click.Context(
        app, info_name=PROGRAM, **{**app.context_settings, "terminal_width": _WIDTH}
    )
    texts = [f"### All verbs\n\n{_fenced(app.get_help(root))}"]
    for verb in app.list_commands(root):
        command = app.get_command(root, verb)
        if command is None:
            raise SystemExit(f"{PROGRAM} lists the verb {verb} and does not have it")
        text = command.get_help(click.Context(command, info_name=verb, parent=root))
        texts.append(f"### {verb}\n\n{_fenced(text)}")
    return "\n".join(texts)


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    write(ROOT)
