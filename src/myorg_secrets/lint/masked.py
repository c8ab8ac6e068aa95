"""Which properties may take a password: those that their own service never shows again."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cfnlint.helpers import REGION_PRIMARY
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

Steps = tuple[str, ...]

# Write-only says that the service's answers leave the property out, which holds for much that is
# readable elsewhere: a function's code, a snapshot's name. So the name must speak of a secret, too.
_SECRET = re.compile(
    r"(password|passphrase|secret|secretstring|secretstringtemplate|secretkey|accesskey|privatekey"
    r"|presharedkey|apikey|apikeyvalue|token|tokenvalue)s?$",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(r"^(ClientToken|HttpTokens)$")

NOT_MARKED: dict[tuple[str, Steps], str] = {
    ("AWS::DocDB::DBCluster", ("MasterUserPassword",)): "docdb DescribeDBClusters",
    (
        "AWS::Elasticsearch::Domain",
        ("AdvancedSecurityOptions", "MasterUserOptions", "MasterUserPassword"),
    ): "es DescribeElasticsearchDomain",
    (
        "AWS::FSx::FileSystem",
        ("WindowsConfiguration", "SelfManagedActiveDirectoryConfiguration", "Password"),
    ): "fsx DescribeFileSystems",
    # Its answers have the member; "the password value is always redacted in the response".
    ("AWS::FSx::FileSystem", ("OntapConfiguration", "FsxAdminPassword")): "",
    (
        "AWS::ManagedBlockchain::Member",
        (
            "MemberConfiguration",
            "MemberFrameworkConfiguration",
            "MemberFabricConfiguration",
            "AdminPassword",
        ),
    ): "managedblockchain GetMember",
    ("AWS::Pinpoint::ADMChannel", ("ClientSecret",)): "pinpoint GetAdmChannel",
    ("AWS::Pinpoint::APNSChannel", ("PrivateKey",)): "pinpoint GetApnsChannel",
    ("AWS::Pinpoint::APNSSandboxChannel", ("PrivateKey",)): "pinpoint GetApnsSandboxChannel",
    ("AWS::Pinpoint::APNSVoipChannel", ("PrivateKey",)): "pinpoint GetApnsVoipChannel",
    (
        "AWS::Pinpoint::APNSVoipSandboxChannel",
        ("PrivateKey",),
    ): "pinpoint GetApnsVoipSandboxChannel",
}
"""What the schemas do not mark as write-only although the service never shows it; with the
operation of botocore's model whose answer has no member of that name."""


def schema_of(type_name: str, regions: Iterable[str]) -> Mapping[str, Any] | None:
    """Return cfn-lint's schema of a type, or None where it has none."""
    if type_name.endswith("::MODULE"):
        return None
    for region in (*regions, REGION_PRIMARY):
        try:
            schema: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
                region, type_name
            ).schema
        except ResourceNotFoundError:
            continue
        return schema
    return None


def is_masked(type_name: str, schema: Mapping[str, Any], steps: Steps) -> bool:
    """Tell whether a property of a resource is one that nobody can read afterwards."""
    names = tuple(step for step in steps if step != "*")
    if not names or not _SECRET.search(names[-1]) or _NO_SECRET.search(names[-1]):
        return False
    if (type_name, names) in NOT_MARKED:
        return True
    return _is_defined(schema, steps) and any(
        names[: len(marked)] == marked for marked in _write_only(schema)
    )


def _write_only(schema: Mapping[str, Any]) -> Iterator[Steps]:
    for pointer in schema.get("writeOnlyProperties", ()):
        yield tuple(step for step in pointer.split("/")[2:] if step != "*")


def _is_defined(schema: Mapping[str, Any], steps: Steps) -> bool:
    """Tell whether the schema names each step: a key that the template makes up is no property."""
    nodes: list[Mapping[str, Any]] = [schema]
    for step in steps:
        nodes = [inner for node in nodes for inner in _inner(schema, node, step)]
    return bool(nodes)


def _inner(
    schema: Mapping[str, Any], node: Mapping[str, Any], step: str
) -> Iterator[Mapping[str, Any]]:
    for form in _forms(schema, node):
        inner = form.get("items") if step == "*" else form.get("properties", {}).get(step)
        if isinstance(inner, dict):
            yield inner


def _forms(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    reference = node.get("$ref", "")
    if reference.startswith("#/definitions/"):
        node = schema.get("definitions", {}).get(reference.rpartition("/")[2], {})
    yield node
    for word in ("allOf", "anyOf", "oneOf"):
        for form in node.get(word, ()):
            if isinstance(form, dict):
                yield from _forms(schema, form)
