"""`myorg-secrets get`: one password, and nothing else on stdout."""

import click

from myorg_secrets.lookup import find_live, version_of

from .options import Named, as_json, names_secret, version_id
from .output import write, write_json
from .place import Place, located


@click.command(
    "get",
    epilog="""\b
Examples:
  myorg-secrets get orders DBPassword
  myorg-secrets get orders DBPassword --env prod --region eu-west-1
  myorg-secrets get 'myorg-secrets-password|orders|prod|DBPassword'
  myorg-secrets get orders DBPassword | docker login --username admin --password-stdin
  myorg-secrets get orders DBPassword --version-id 0f3a…   # the one before a rotation

Where a program takes its password from the environment, `myorg-secrets exec` is safer than
$(myorg-secrets get …): a command line can be seen by every user of the machine.""",
)
@located
@names_secret
@version_id
@click.option("-n", "--no-newline", is_flag=True, help="End without a line break.")
@as_json
def command(
    place: Place, named: Named, version_id: str | None, no_newline: bool, as_json: bool
) -> None:
    """Print a password, alone, followed by a line break."""
    connection, identity = named.at(place)
    record = find_live(connection, identity)
    version = version_of(record, version_id)
    clear = connection.cipher.reveal(identity, version)
    if as_json:
        write_json({"Value": clear.reveal(), "VersionId": version.id})
    else:
        write(clear.reveal() + ("" if no_newline else "\n"))
