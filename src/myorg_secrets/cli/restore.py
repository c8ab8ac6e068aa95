"""`myorg-secrets restore`."""

from datetime import UTC, datetime

import click

from myorg_secrets.restore import restore

from .options import Named, as_json, names_secret, version_id
from .output import say, write_json
from .place import Place, located


@click.command(
    "restore",
    epilog="""\b
Examples:
  myorg-secrets restore orders DBPassword --env prod          # it was deleted
  myorg-secrets history orders DBPassword --env prod          # which versions are there
  myorg-secrets restore orders DBPassword --env prod --version-id 0f3a…

A deleted secret that comes back belongs to no stack; a resource import brings it into one. Only the
record changes: a database gets the password by the next update of its stack that has a reason to
send it, or by your hand. An update that changes nothing keeps what was restored.""",
)
@located
@names_secret
@version_id
@as_json
def command(place: Place, named: Named, version_id: str | None, as_json: bool) -> None:
    """Bring back a deleted secret, or an earlier version of a live one.

    Nothing is overwritten that somebody else changed in the meantime.
    """
    connection, identity = named.at(place)
    outcome = restore(connection, identity, version_id, datetime.now(UTC))
    if as_json:
        write_json(
            {
                "Ref": str(identity),
                "VersionId": outcome.record.current.id,
                "WasDeleted": outcome.was_deleted,
                "Changed": outcome.changed,
            }
        )
    elif outcome.changed:
        say(f"Restored {identity}; version {outcome.record.current.id} is current.")
    else:
        say(f"Nothing to do: {identity} is live, and this version is current.")
