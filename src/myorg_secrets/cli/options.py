"""Arguments and options that verbs have in common."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import click

from myorg_secrets.connection import Connection
from myorg_secrets_password.properties import DEFAULT_ENV, IDENTITY
from myorg_secrets_password.record import Identity

from .completing import names, stacks
from .place import Place, Verb

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
version_id = click.option("--version-id", metavar="ID", help="A version that `history` shows.")
dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
kms_key_id = click.option(
    "--kms-key-id", metavar="KEY", help="A KMS key: its ID, its ARN, or an alias of it."
)
from_mirror = click.option(
    "--from",
    "mirror",
    metavar="s3://BUCKET/PREFIX",
    help="Read the copy that `mirror` keeps there, instead of the table.",
)
env = click.option("--env", metavar="ENV", help=f"The environment.  [default: {DEFAULT_ENV}]")


NOT_ALL = 1
"""The exit code where something was found or done, and not all of it."""


def check_given(**parts: str | None) -> None:
    """See that the parts of an identifier that were given are valid, by their properties' names.

    Raises:
        InvalidProperty: one is not.
    """
    for part, value in parts.items():
        if value is not None:
            IDENTITY[part].parse(part, value)


@dataclass(frozen=True)
class Named:
    """The secret that the arguments name, as STACK NAME or as REF."""

    table_name: str | None
    stack: str
    name: str
    env: str

    def at(self, place: Place) -> tuple[Connection, Identity]:
        """Return the connection to the secret's table, and its identity there."""
        connection = place.connect(self.table_name)
        return connection, connection.identity(self.stack, self.name, self.env)


def names_secret(verb: Verb) -> Verb:
    """Add the arguments STACK NAME or REF, and --env; the verb gets them as `named`."""

    @click.argument("stack_or_ref", metavar="STACK|REF", shell_complete=stacks)
    @click.argument("name", metavar="[NAME]", required=False, shell_complete=names)
    @env
    @functools.wraps(verb)
    def wrapped(
        *args: Any,
        stack_or_ref: str,
        name: str | None,
        env: str | None,
        place: Place,
        **others: Any,
    ) -> Any:
        named = which(stack_or_ref, name, env, place)
        return verb(*args, named=named, place=place, **others)

    return wrapped


def which(stack_or_ref: str, name: str | None, env: str | None, place: Place) -> Named:
    """Return the secret that the arguments name.

    Raises:
        click.UsageError: they name none, or two that differ.
    """
    if "|" not in stack_or_ref:
        if name is None:
            raise click.UsageError(
                "A secret has a STACK and a NAME, or a REF such as 'table|stack|env|name' in"
                " quotes. NAME is missing."
            )
        return Named(None, stack_or_ref, name, DEFAULT_ENV if env is None else env)
    parts = stack_or_ref.split("|")
    if len(parts) != len(IDENTITY) or not all(parts):
        raise click.UsageError(
            "A REF is 'table|stack|env|name', as Ref gives it: four parts, none of them empty."
        )
    table, stack, env_of_ref, name_of_ref = parts
    for option, given, said in (
        ("NAME", name, name_of_ref),
        ("--env", env, env_of_ref),
        ("--table-name", place.table_name, table),
    ):
        if given not in (None, said):
            raise click.UsageError(f"{option} and the REF differ. Leave one of them out.")
    IDENTITY["TableName"].parse("The table in the REF", table)
    return Named(table, stack, name_of_ref, env_of_ref)
