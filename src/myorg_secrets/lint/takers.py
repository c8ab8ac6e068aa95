"""What takes a password, and the `Engine` whose rule it has. Pure."""

from dataclasses import replace
from typing import Any

from myorg_secrets_password.engines import CLASSES, ENGINES, Rule
from myorg_secrets_password.policy import Policy

OWN = ""
"""The resource names its engine itself, in its property Engine."""

TAKERS: dict[tuple[str, str], str] = {
    ("AWS::RDS::DBInstance", "MasterUserPassword"): OWN,
    ("AWS::RDS::DBCluster", "MasterUserPassword"): OWN,
    ("AWS::Redshift::Cluster", "MasterUserPassword"): "redshift",
    ("AWS::RedshiftServerless::Namespace", "AdminUserPassword"): "redshift",
    ("AWS::DocDB::DBCluster", "MasterUserPassword"): "docdb",
    ("AWS::DocDBElastic::Cluster", "AdminUserPassword"): "docdb",
    ("AWS::ElastiCache::ReplicationGroup", "AuthToken"): "elasticache",
    ("AWS::ElastiCache::User", "Passwords"): "elasticache",
    ("AWS::ElastiCache::User", "AuthenticationMode/Passwords"): "elasticache",
    ("AWS::MemoryDB::User", "AuthenticationMode/Passwords"): "memorydb",
    (
        "AWS::OpenSearchService::Domain",
        "AdvancedSecurityOptions/MasterUserOptions/MasterUserPassword",
    ): "opensearch",
    (
        "AWS::Elasticsearch::Domain",
        "AdvancedSecurityOptions/MasterUserOptions/MasterUserPassword",
    ): "opensearch",
    ("AWS::AmazonMQ::Broker", "Users/Password"): "mq",
    ("AWS::DirectoryService::MicrosoftAD", "Password"): "directory-service",
    ("AWS::DirectoryService::SimpleAD", "Password"): "directory-service",
    ("AWS::Timestream::InfluxDBInstance", "Password"): "influxdb",
    ("AWS::Timestream::InfluxDBCluster", "Password"): "influxdb",
    ("AWS::FSx::FileSystem", "OntapConfiguration/FsxAdminPassword"): "fsx-ontap",
    ("AWS::FSx::StorageVirtualMachine", "SvmAdminPassword"): "fsx-ontap",
}
"""The engine by the resource's type and the property, without the numbers of list elements."""


def engine_of(
    type_name: str, steps: tuple[str, ...], properties: Any
) -> str | dict[str, Any] | None:
    """Return the engine of what takes the password.

    Returns:
        A name of `ENGINES`, or the function of the template that gives it, or None where nothing
        is known of it.
    """
    engine = TAKERS.get((type_name, "/".join(step for step in steps if step != "*")))
    if engine != OWN:
        return engine
    own = properties.get("Engine")
    if isinstance(own, dict):
        return own
    return named(own) if isinstance(own, str) else None


def named(engine: str) -> str | None:
    """Return an engine as `ENGINES` has it: RDS takes capitals, too. None where it is unknown."""
    lowered = engine.lower()
    return lowered if lowered in ENGINES else None


def fits(engine: str, taker: str) -> bool:
    """Tell whether both have the same rule, whatever they are called."""
    return replace(ENGINES[engine], source="") == replace(ENGINES[taker], source="")


def always_satisfies(policy: Policy, rule: Rule) -> bool:
    """Tell whether every password of a policy keeps to an engine's rule."""
    parts = [set(part) for part in policy.required]
    return (
        rule.minimum <= policy.length <= rule.maximum
        and all(rule.permits(character) for character in policy.alphabet)
        and all(any(part <= set(CLASSES[name]) for part in parts) for name in rule.required)
        and max(len(parts), policy.kinds) >= rule.kinds
        and max(len(parts), policy.distinct) >= rule.distinct
    )
