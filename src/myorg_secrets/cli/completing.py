"""Completes the names of stacks and secrets by what is in the table."""

import click
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from myorg_secrets.exceptions import PasswordError
from myorg_secrets.lookup import identities
from myorg_secrets_password.record import Identity

from .place import Place

_AT_MOST = 1000
_QUICKLY = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 1})
"""Whoever waits for a completion would rather type on."""


def stacks(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the stacks that begin so."""
    found = {identity.stack_name for identity in _identities(ctx, None)}
    return sorted(name for name in found if name.startswith(incomplete))


def names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the stack's secrets that begin so, in the environment if one is given."""
    stack = ctx.params.get("stack_or_ref") or ctx.params.get("stack")
    env = ctx.params.get("env")
    return sorted(
        {
            identity.name
            for identity in _identities(ctx, stack)
            if identity.name.startswith(incomplete) and env in (None, identity.env)
        }
    )


def _identities(ctx: click.Context, stack: str | None) -> list[Identity]:
    place = Place(*(ctx.params.get(name) for name in ("table_name", "region", "profile")))
    try:
        return list(identities(place.connect(config=_QUICKLY), stack, limit=_AT_MOST))
    except (PasswordError, BotoCoreError):
        return []  # no completion is no failure
