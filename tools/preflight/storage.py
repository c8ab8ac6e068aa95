"""The storage: its stack in this very Region, and whether table and key can be used."""

from collections.abc import Iterator, Mapping

from myorg_secrets.connection import Connection
from myorg_secrets.doctor import Finding, Status
from myorg_secrets.doctor import table as tables
from myorg_secrets.doctor.asking import Asker
from myorg_secrets.doctor.key import Keys
from myorg_secrets_password.cipher import Cipher

from .questions import Place

_DEPLOY = "Deploy infrastructure/storage.yml in this Region, or name its stack: --storage-stack"


def judge_stack(outputs: Mapping[str, str] | None, name: str, place: Place) -> Finding:
    """Judge whether there is a storage stack in the Region."""
    if outputs is None:
        message = f"There is no stack {name} in {place.region}."
        return Finding("Storage", Status.PROBLEM, message, _DEPLOY)
    lacking = {"TableName", "TableArn", "KeyArn", "KeyAlias"} - outputs.keys()
    if lacking:
        message = f"The stack {name} has no output {', '.join(sorted(lacking))}."
        return Finding("Storage", Status.PROBLEM, message, _DEPLOY)
    for output in ("TableArn", "KeyArn"):
        region = outputs[output].split(":")[3]
        if region != place.region:
            return Finding(
                "Storage",
                Status.PROBLEM,
                f"{outputs[output]} of the stack {name} is in {region}, and the type would be"
                f" registered in {place.region}.",
                f"--region {region}",
            )
    return Finding("Storage", Status.OK, f"The stack {name} is in {place.region}.")


def examine(
    asker: Asker, connection: Connection, place: Place, outputs: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield how table and key are."""
    described = tables.describe(connection, asker, outputs["TableArn"])
    if isinstance(described, Finding):
        yield described
    else:
        shape = tables.judge_shape(described)
        yield shape
        if shape.status is Status.OK:
            yield from tables.judge_table(described, place.region)
            yield from tables.examine_upkeep(connection, asker, outputs["TableArn"])
    keys = Keys(connection, asker, Cipher(connection.kms, place.account_id))
    yield from keys.news(outputs["KeyAlias"])
