"""Which table is meant: --table-name, --region and --profile, which every verb has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from myorg_secrets.connection import READ_CONFIG, Connection, connect
from myorg_secrets_password.properties import DEFAULT_TABLE_NAME, IDENTITY

if TYPE_CHECKING:
    from botocore.config import Config

Verb = Callable[..., Any]


@dataclass(frozen=True)
class Place:
    """Which table is meant, in which Region and by whose credentials, as the options say."""

    table_name: str | None
    region: str | None
    profile: str | None

    def connect(self, table_name: str | None = None, config: Config = READ_CONFIG) -> Connection:
        """Return the connection to a table, by default the one that --table-name says.

        Raises:
            InvalidRequest: an option, or the configuration of the SDK, is not valid.
        """
        given = self.table_name if table_name is None else table_name
        name = DEFAULT_TABLE_NAME if given is None else given
        IDENTITY["TableName"].parse("--table-name", name)
        return connect(name, region_name=self.region, profile_name=self.profile, config=config)


def located(verb: Verb) -> Verb:
    """Add --table-name, --region and --profile; the verb gets them as `place`."""

    @click.option(
        "--table-name", metavar="TABLE", help=f"The table.  [default: {DEFAULT_TABLE_NAME}]"
    )
    @click.option("--region", metavar="REGION", help="The AWS Region.")
    @click.option("--profile", metavar="PROFILE", help="A profile of the AWS configuration.")
    @functools.wraps(verb)
    def wrapped(
        *args: Any, table_name: str | None, region: str | None, profile: str | None, **others: Any
    ) -> Any:
        return verb(*args, place=Place(table_name, region, profile), **others)

    return wrapped
