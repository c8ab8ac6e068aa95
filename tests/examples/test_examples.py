"""Each example is right by the schemas, hands the password to one place, and deploys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jsonschema import Draft7Validator
from moto.rds.models import rds_backends
from moto.redshift.models import redshift_backends

import local
from local.environment import ACCOUNT_ID, REGION
from local.schema import checked, property_names
from myorg_secrets_password.engines import ENGINES
from myorg_secrets_password.generator import generate
from myorg_secrets_password.policy import POLICY_PROPERTIES, Policy
from tests.examples.example import FOLDER, Example, PathInTemplate, references
from tests.local.stacks import Stack, statuses

EXAMPLES = [Example(path) for path in sorted(FOLDER.glob("*.yml"))]

TAKES: dict[str, tuple[PathInTemplate, str]] = {
    "AWS::AmazonMQ::Broker": (("Users", 0, "Password"), "mq"),
    "AWS::DirectoryService::MicrosoftAD": (("Password",), "directory-service"),
    "AWS::DocDB::DBCluster": (("MasterUserPassword",), "docdb"),
    "AWS::ElastiCache::ReplicationGroup": (("AuthToken",), "elasticache"),
    "AWS::OpenSearchService::Domain": (
        ("AdvancedSecurityOptions", "MasterUserOptions", "MasterUserPassword"),
        "opensearch",
    ),
    "AWS::RDS::DBCluster": (("MasterUserPassword",), ""),
    "AWS::RDS::DBInstance": (("MasterUserPassword",), ""),
    "AWS::Redshift::Cluster": (("MasterUserPassword",), "redshift"),
}
"""Which property of a type takes a password, and the Engine, where the type has none by that name
itself."""

NOT_DEPLOYED = {
    "amazon-mq.yml": "The local CloudFormation does not know AWS::AmazonMQ::Broker",
    "directory-service.yml": (
        "The local CloudFormation does not know AWS::DirectoryService::MicrosoftAD"
    ),
    "documentdb.yml": "The local CloudFormation does not know AWS::DocDB::DBCluster",
    "elasticache-auth.yml": (
        "The local CloudFormation does not know AWS::ElastiCache::ReplicationGroup"
    ),
    "opensearch.yml": "The local CloudFormation does not know AWS::OpenSearchService::Domain",
}
"""What cannot be deployed here, and why: moto's CloudFormation has no such type."""

KEPT: dict[str, Callable[[str], str]] = {
    "AWS::RDS::DBCluster": lambda name: (
        rds_backends[ACCOUNT_ID][REGION].clusters[name]._master_user_password
    ),
    "AWS::RDS::DBInstance": lambda name: (
        rds_backends[ACCOUNT_ID][REGION].databases[name]._master_user_password
    ),
    "AWS::Redshift::Cluster": lambda name: (
        redshift_backends[ACCOUNT_ID][REGION].clusters[name].master_user_password
    ),
}
"""What moto keeps as the password, by the type and the identifier."""


def name_of(example: Example) -> str:
    return example.path.name


every_example = pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
every_deployed_example = pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if name_of(one) not in NOT_DEPLOYED], ids=name_of
)
every_other_example = pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if name_of(one) in NOT_DEPLOYED], ids=name_of
)


@every_example
def test_the_secret_satisfies_the_schema_of_its_type(example: Example) -> None:
    """With the parameters' defaults, as CloudFormation checks it before any handler is called."""
    assert checked(example.secret_properties).keys() == example.secret_properties.keys()


@every_example
def test_every_reference_to_the_secret_is_to_an_attribute_that_it_has(example: Example) -> None:
    """Ref, or one of the read-only properties; and no reference goes nowhere."""
    for _, name, attribute in references(example.template):
        assert name in {*example.parameters, *example.resources} or name.startswith("AWS::")
        if name == example.secret:
            assert attribute in {None, *property_names("readOnlyProperties")}


@every_example
def test_the_password_goes_to_one_property_that_is_there_for_passwords(example: Example) -> None:
    """So to no output, metadata, tag, description, environment variable or user data."""
    [place] = example.places

    assert (place[0], place[2]) == ("Resources", "Properties")
    assert example.property_path == TAKES[example.taker_type][0]


@every_example
def test_the_engine_is_the_one_that_takes_the_password(example: Example) -> None:
    """The resource's own Engine where it has one of that name, else the one for its type."""
    properties = example.resolved(example.resources[example.taker]["Properties"])

    assert example.secret_properties["Engine"] == (
        TAKES[example.taker_type][1] or properties["Engine"]
    )


@every_example
def test_a_password_of_the_secret_satisfies_its_engine_and_the_schema_of_aws(
    example: Example,
) -> None:
    """The property exists in AWS's schema of the other resource, which accepts the password."""
    declared = {
        name: value
        for name, value in example.secret_properties.items()
        if name in POLICY_PROPERTIES
    }
    schema = rule = example.taker_schema
    for step in example.property_path:
        rule = rule["items"] if isinstance(step, int) else rule["properties"][step]
        if "$ref" in rule:
            rule = schema["definitions"][rule["$ref"].rpartition("/")[2]]

    password = generate(Policy.of(declared))

    # Whatever fails, pytest must not quote the password.
    problem = ENGINES[declared["Engine"]].problem(password)
    accepted = Draft7Validator(rule).is_valid(password)
    assert rule["type"] == "string"
    assert problem is None
    assert accepted


@every_example
def test_no_example_rotates_a_password_whose_change_replaces_the_resource(
    example: Example,
) -> None:
    """Where AWS's schema makes the property create-only, the template offers no RotationToken."""
    replaces = example.property_path[0] in property_names(
        "createOnlyProperties", example.taker_schema
    )

    assert not (replaces and "RotationToken" in {*example.parameters, *example.secret_properties})


@every_deployed_example
def test_an_example_deploys_with_the_stored_password(
    aws: local.LocalAws, stack: Stack, example: Example
) -> None:
    """The resource has the password that a consumer reads from the table; no output has it."""
    outcome = stack.deploy(example.path, **example.said)

    stored = stack.stored(example.sort_key)
    assert outcome.status == "CREATE_COMPLETE"
    assert in_service(stack, example) == stored
    assert outcome.outputs.keys() == example.template["Outputs"].keys()
    assert not any(stored.decode() in output for output in outcome.outputs.values())


@every_deployed_example
def test_a_rotation_reaches_the_resource(stack: Stack, example: Example) -> None:
    """With a new RotationToken the resource gets the new password, and a deletion leaves none."""
    stack.deploy(example.path, **example.said)
    before = stack.stored(example.sort_key)

    outcome = stack.deploy(example.path, **example.said, RotationToken="2")

    stored = stack.stored(example.sort_key)
    assert outcome.status == "UPDATE_COMPLETE"
    assert stored != before
    assert in_service(stack, example) == stored
    assert stack.delete().status == "DELETE_COMPLETE"


@every_other_example
def test_what_cannot_be_deployed_fails_for_the_type_that_moto_lacks(
    stack: Stack, example: Example
) -> None:
    """The secret itself is made, and removed with the stack that rolls back."""
    outcome = stack.deploy(example.path, **example.said)

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reasons == [NOT_DEPLOYED[name_of(example)]]
    assert statuses(outcome, example.secret) == [
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]


def test_the_readme_names_every_example() -> None:
    """And the table above names no other."""
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")

    assert [name_of(one) for one in EXAMPLES if f"examples/{name_of(one)}" not in readme] == []
    assert NOT_DEPLOYED.keys() <= {name_of(one) for one in EXAMPLES}


def in_service(stack: Stack, example: Example) -> bytes:
    """Return the password that the resource has at this moment."""
    answer = stack.aws.client("cloudformation").describe_stack_resource(
        StackName=stack.name, LogicalResourceId=example.taker
    )
    identifier = answer["StackResourceDetail"]["PhysicalResourceId"]
    return KEPT[example.taker_type](identifier).encode()
