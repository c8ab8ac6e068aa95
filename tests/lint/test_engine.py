"""The `Engine` of a secret is compared with that of what takes its `Value`."""

# ruff: noqa: E501  # a case is a line

from __future__ import annotations

import pytest

from myorg_secrets.lint.takers import always_satisfies, fits
from myorg_secrets_password.engines import ENGINES
from myorg_secrets_password.generator import generate
from myorg_secrets_password.policy import Policy
from tests.lint.linting import found, messages

HEAD = """\
Parameters:
  E: {Type: String, Default: mysql}
  Any: {Type: String}
  Few: {Type: String, AllowedValues: [postgres, aurora-postgresql]}
Conditions: {C: !Equals [!Ref E, x]}
Resources:
"""


def template(secret: str, *engines: str) -> str:
    """The secret stands in line 7, the databases from line 8 on."""
    databases = "".join(
        f"  D{number}: {{Type: AWS::RDS::DBInstance, Properties: {{Engine: {engine},"
        f" MasterUserPassword: !GetAtt P.Value}}}}\n"
        for number, engine in enumerate(engines)
    )
    return f"{HEAD}  P: {{Type: MyOrg::Secrets::Password, Properties: {secret}}}\n{databases}"


@pytest.mark.parametrize(
    ("secret", "database"),
    [
        ("postgres", "mysql"),
        ("redshift", "postgres"),
        ("!Ref E", "postgres"),
        ("mysql", "!Ref Few"),
        ("!Ref Few", "mysql"),
        ("!If [C, mysql, mariadb]", "postgres"),
        ("mysql", "!If [C, postgres, oracle-ee]"),
        ("postgres", "MySQL"),
    ],
)
def test_another_engine_is_an_error(secret: str, database: str) -> None:
    assert found(template(f"{{Engine: {secret}}}", database)) == {(8, "E9821")}


@pytest.mark.parametrize(
    ("secret", "database"),
    [
        ("mysql", "mysql"),
        ("mysql", "MySQL"),
        ("mysql", "mariadb"),
        ("oracle-ee", "oracle-se2"),
        ("!Ref Any", "!Ref Any"),
        ("!Ref Any", "mysql"),
        ("mysql", "!Ref Any"),
        ("mysql", "!Ref E"),
        ("!Ref Few", "postgres"),
        ("!If [C, mysql, postgres]", "!If [C, mysql, postgres]"),
        ("mysql", "!If [C, mysql, postgres]"),
        ("mysql", "{Fn::FindInMap: [A, B, C]}"),
        ("mysql", "some-new-engine"),
        ("mysql", "!If [C, postgres, some-new-engine]"),
        ("mysql", "'{{resolve:ssm:engine}}'"),
        ("unknown", "mysql"),
    ],
)
def test_an_engine_that_fits_or_that_nobody_knows_is_left_alone(secret: str, database: str) -> None:
    rules = {rule for _, rule in found(template(f"{{Engine: {secret}}}", database))}

    assert rules <= {"E9811"}


def test_the_message_says_what_to_write() -> None:
    assert messages(template("{Engine: redshift}", "!Ref Few"), "E9821") == [
        "P has Engine redshift, but its password goes to AWS::RDS::DBInstance, which takes"
        " aurora-postgresql or postgres. Write Engine: !Ref Few in P."
    ]


def test_a_password_for_two_engines_may_be_made_by_the_stricter_rule() -> None:
    """As long as it always suits both, and one of them is named."""
    assert found(template("{Engine: mysql}", "mysql", "postgres")) == set()
    assert found(template("{Engine: mysql}", "postgres")) == {(8, "E9821")}
    assert found(template("{Engine: postgres, PasswordLength: 60}", "postgres", "mysql")) == {
        (9, "E9821")
    }


@pytest.mark.parametrize(
    ("database", "written"), [("mysql", "mysql"), ("!Ref E", "!Ref E"), ("Postgres", "postgres")]
)
def test_no_engine_is_a_warning_that_names_it(database: str, written: str) -> None:
    text = template("{}", database)

    assert found(text) == {(7, "W9822")}
    assert messages(text, "W9822") == [
        "P has no Engine, and AWS::RDS::DBInstance D0 may refuse its password."
        f" Write Engine: {written}."
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "{ExcludePunctuation: true}",
        "{ExcludeCharacters: '/@\" ', PasswordLength: 20}",
        "{AllowedCharacters: abcdefghijklmnop0123456789, PasswordLength: 41}",
    ],
)
def test_no_warning_where_every_password_suits_all_the_same(secret: str) -> None:
    assert found(template(secret, "mysql")) == set()


@pytest.mark.parametrize(
    ("type_name", "properties", "engine"),
    [
        ("AWS::RDS::DBCluster", "{Engine: aurora-mysql, MasterUserPassword: !GetAtt P.Value}", "aurora-mysql"),
        ("AWS::Redshift::Cluster", "{MasterUserPassword: !GetAtt P.Value}", "redshift"),
        ("AWS::RedshiftServerless::Namespace", "{AdminUserPassword: !GetAtt P.Value}", "redshift"),
        ("AWS::DocDB::DBCluster", "{MasterUserPassword: !GetAtt P.Value}", "docdb"),
        ("AWS::ElastiCache::ReplicationGroup", "{Engine: redis, AuthToken: !GetAtt P.Value}", "elasticache"),
        ("AWS::ElastiCache::User", "{Passwords: [!GetAtt P.Value]}", "elasticache"),
        ("AWS::MemoryDB::User", "{AuthenticationMode: {Passwords: [!GetAtt P.Value]}}", "memorydb"),
        ("AWS::OpenSearchService::Domain", "{AdvancedSecurityOptions: {MasterUserOptions: {MasterUserPassword: !GetAtt P.Value}}}", "opensearch"),
        ("AWS::AmazonMQ::Broker", "{Users: [{Password: !GetAtt P.Value}]}", "mq"),
        ("AWS::DirectoryService::SimpleAD", "{Password: !GetAtt P.Value}", "directory-service"),
        ("AWS::Timestream::InfluxDBInstance", "{Password: !GetAtt P.Value}", "influxdb"),
        ("AWS::FSx::StorageVirtualMachine", "{SvmAdminPassword: !GetAtt P.Value}", "fsx-ontap"),
    ],
)  # fmt: skip
def test_every_service_has_its_engine(type_name: str, properties: str, engine: str) -> None:
    def text(secret: str) -> str:
        return (
            f"Resources:\n  P: {{Type: MyOrg::Secrets::Password, Properties: {secret}}}\n"
            f"  T: {{Type: {type_name}, Properties: {properties}}}\n"
        )

    assert found(text(f"{{Engine: {engine}}}")) == set()
    assert found(text("{Engine: db2-se}")) == {(3, "E9821")}
    assert {rule for _, rule in found(text("{}"))} <= {"W9822"}


@pytest.mark.parametrize("written", ["!Ref P", "!Sub '${P}'", "!If [C, !Ref P, x]"])
def test_an_identifier_in_place_of_the_password_is_an_error(written: str) -> None:
    text = template("{Engine: mysql}", "mysql").replace("!GetAtt P.Value", written)

    assert found(text) == {(8, "E9823")}


def test_a_get_att_without_an_attribute_is_no_ref() -> None:
    """It is wrong all the same, as cfn-lint's own rules say."""
    text = template("{Engine: mysql}", "mysql").replace("!GetAtt P.Value", "{Fn::GetAtt: [P]}")

    assert found(text) == set()


def test_same_rule_is_what_fits() -> None:
    assert fits("mysql", "aurora-mysql")
    assert fits("elasticache", "memorydb")
    assert not fits("postgres", "mysql")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_own_policy_of_an_engine_always_satisfies_its_rule(engine: str) -> None:
    """And what always satisfies another engine's rule, its generated passwords do."""
    policy = Policy.of({"Engine": engine})
    assert always_satisfies(policy, ENGINES[engine])

    for other, rule in ENGINES.items():
        if always_satisfies(policy, rule):
            problem = rule.problem(generate(policy))
            assert problem is None, other
