"""`myorg-secrets mirror`."""

from collections import Counter

import click

from myorg_secrets.backup.mirror import Mirror
from myorg_secrets.backup.mirroring import Mirrored, Status, mirror_all
from myorg_secrets.connection import BULK_CONFIG
from myorg_secrets.keys import require_usable

from .options import NOT_ALL, as_json, kms_key_id
from .output import say, tracked, write_json, write_line
from .place import Place, located

_WORDS = {
    Status.WRITTEN: "written",
    Status.UNCHANGED: "unchanged",
    Status.LEFT_OUT: "left out",
}


@click.command(
    "mirror",
    epilog="""\b
Examples:
  myorg-secrets mirror s3://backups/passwords --kms-key-id alias/backup
  myorg-secrets get orders DBPassword --from s3://backups/passwords

Each record has an object of its own, as ciphertext. What did not change is not written again. What
was removed from the table keeps its copy until you delete that, and a copy that can be read is
never replaced by one that cannot. `import s3://BUCKET/PREFIX/` brings them back into a table.

Name the key always in the same way: a copy says which it is under. Give the bucket versioning and,
for another Region, a replication rule: infrastructure/backup.yml has both, and a function that does
this on a schedule.

Exit code 1 if something was not as it should be; everything else is there all the same.""",
)
@located
@click.argument("location", metavar="s3://BUCKET/PREFIX")
@click.option(
    "--stack-name", "stacks", metavar="STACK", multiple=True, help="Only this stack; repeatable."
)
@kms_key_id
@click.option("--rewrite", is_flag=True, help="Write unchanged records, too.")
@as_json
def command(
    place: Place,
    location: str,
    stacks: tuple[str, ...],
    kms_key_id: str | None,
    rewrite: bool,
    as_json: bool,
) -> None:
    """Bring the copies in S3 up to date, one object for each record.

    With --kms-key-id, KMS encrypts every version anew under that key: the copies outlive the key of
    the table. The passwords stay in KMS.
    """
    connection = place.connect(config=BULK_CONFIG)
    mirror = Mirror.at(location, connection)
    if kms_key_id is not None:
        require_usable(connection, kms_key_id)
    counts: Counter[Status] = Counter()
    problems = []
    copies = mirror_all(connection, mirror, kms_key_id, stacks, rewrite=rewrite)
    for mirrored in tracked(copies, "Mirroring"):
        counts[mirrored.status] += 1
        if mirrored.problem:
            problems.append({"Ref": mirrored.ref, "Problem": mirrored.problem})
        if not as_json and (mirrored.problem or mirrored.status is not Status.UNCHANGED):
            write_line(_line(mirrored))
    if as_json:
        write_json({"Counts": {str(s): counts[s] for s in Status}, "Problems": problems})
    else:
        say(
            f"{counts[Status.WRITTEN]} written, {counts[Status.UNCHANGED]} unchanged,"
            f" {counts[Status.LEFT_OUT]} left out."
        )
    if problems:
        click.get_current_context().exit(NOT_ALL)


def _line(mirrored: Mirrored) -> str:
    line = f"{_WORDS[mirrored.status]:9}  {mirrored.ref}"
    return f"{line}: {mirrored.problem}" if mirrored.problem else line
