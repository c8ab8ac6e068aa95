"""Every call of `myorg-secrets` that stands in a page, and whether the program takes it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from myorg_secrets.cli.app import PROGRAM, VERBS, app
from myorg_secrets.cli.options import Place, which
from myorg_secrets.exceptions import InvalidRequest
from tests.guide.pages import blocks_of
from tools.project import ROOT

_CALL = re.compile(r"\bmyorg-secrets (?=[a-zA-Z-])")
_END = frozenset("();<>|&")
_INLINE = re.compile(r"`(myorg-secrets [^`]+)`")

PLACEHOLDER = "VERB"
"""Stands for any verb."""

ELLIPSIS = "…"
"""Stands for what is left out."""

NAMING = ("get", "history", "restore")
"""They need a whole name; `exec` looks for one in all its words."""


@dataclass(frozen=True)
class Call:
    """What stands behind `myorg-secrets`, in words, and where."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def calls_in(page: Path) -> list[Call]:
    """Return every call in the page's blocks, as a shell would take it apart."""
    name = str(page.relative_to(ROOT))
    return [
        Call(name, words)
        for block in blocks_of(page)
        for words in _calls(block.text)
        if words[0] != PLACEHOLDER and ELLIPSIS not in words
    ]


def mentions_in(page: Path) -> list[Call]:
    """Return every call that stands in a sentence or a table: not all have their arguments."""
    name = str(page.relative_to(ROOT))
    found = []
    for line in page.read_text(encoding="utf-8").splitlines():
        for text in _INLINE.findall(line.replace("\\|", "|") if line.startswith("|") else line):
            found += [Call(name, words) for words in _calls(text) if words[0] != PLACEHOLDER]
    return found


def _calls(text: str) -> Iterator[tuple[str, ...]]:
    text = re.sub(r"^Usage: .*$", "", text.replace("\\\n", " "), flags=re.MULTILINE)
    for line in text.splitlines():
        for match in _CALL.finditer(line):
            if line[: match.start()].rstrip().endswith("#"):
                continue
            # In prose, or as an element of a list in JSON, it is no command.
            words = _words(line[match.end() :])
            if words:
                yield words


def _words(text: str) -> tuple[str, ...]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    while True:
        # What comes behind the end of the command need not be whole.
        word = lexer.get_token()
        if word is None or (word and set(word) <= _END) or word.startswith("`"):
            return tuple(words)
        words.append(word.rstrip("`."))


def refuse(call: Call) -> str:
    """Return why the program does not take the call, or nothing."""
    verb, *words = call.words
    root = click.Context(app, info_name=PROGRAM, **app.context_settings)
    command = app.get_command(root, verb) if verb in VERBS else None
    if command is None:
        return "" if verb in ("--help", "--version") else f"There is no verb {verb}."
    try:
        given = command.make_context(verb, words, parent=root).params
        if verb in NAMING:
            which(given["stack_or_ref"], given["name"], given["env"], Place(None, None, None))
    except click.exceptions.Exit:
        return ""
    except click.ClickException as error:
        return error.format_message()
    except InvalidRequest as error:
        return str(error)
    return ""


def unknown(call: Call) -> list[str]:
    """Return the verb and the options of a mention that the program does not have."""
    verb, *words = call.words
    root = click.Context(app, info_name=PROGRAM, **app.context_settings)
    command = app.get_command(root, verb) if verb in VERBS else None
    if command is None:
        return [verb]
    own = words[: words.index("--")] if "--" in words else words
    options = {name for param in command.get_params(root) for name in param.opts}
    return [word for word in own if word.startswith("-") and word.partition("=")[0] not in options]
