"""``AWS::RDS::DBInstance`` with what moto's model lacks: clusters, updates, and refusals."""

from __future__ import annotations

import re
from typing import Any

from botocore import xform_name
from moto.rds.models import rds_backends

from local.drivers import Driver, Place
from local.live_resources import Held, Wanted

_INSTANCE_CLASS = re.compile(r"db\.[a-z0-9]+\.[a-z0-9]+")

# CloudFormation's property and moto's name for it, of those that ModifyDBInstance changes in place.
_MODIFIABLE = {
    "AllocatedStorage": "allocated_storage",
    "BackupRetentionPeriod": "backup_retention_period",
    "CopyTagsToSnapshot": "copy_tags_to_snapshot",
    "DBInstanceClass": "db_instance_class",
    "EngineVersion": "engine_version",
    "MasterUserPassword": "master_user_password",
    "MultiAZ": "multi_az",
    "PubliclyAccessible": "publicly_accessible",
    "StorageType": "storage_type",
}


class DBInstanceRefused(Exception):
    """RDS does not accept the change; the text names the property and the reason."""


class DBInstanceDriver(Driver):
    """Hands a changed property to RDS, the master password above all."""

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Any:
        _check_class(wanted.properties)
        if "DBClusterIdentifier" not in wanted.properties:
            return super().create(place, wanted, tags)
        # moto's model would make a database of its own of a cluster's instance.
        return rds_backends[place.account_id][place.region].create_db_instance(
            {
                "db_instance_identifier": wanted.name,
                **{xform_name(name): value for name, value in wanted.properties.items()},
            }
        )

    def update(self, place: Place, held: Held, wanted: Wanted, tags: dict[str, str]) -> Any:
        _check_class(wanted.properties)
        _check_storage(held.resource, wanted.properties)
        changes = {
            moto_name: wanted.properties[name]
            for name, moto_name in _MODIFIABLE.items()
            if name in wanted.properties
        }
        backend = rds_backends[place.account_id][place.region]
        return backend.modify_db_instance(held.resource.db_instance_identifier, changes)


def master_password(identifier: str, account_id: str, region: str) -> str:
    """Return the password that a database has at this moment, which no API of RDS gives away."""
    return str(rds_backends[account_id][region].databases[identifier]._master_user_password)


def _check_class(properties: dict[str, Any]) -> None:
    if not _INSTANCE_CLASS.fullmatch(str(properties.get("DBInstanceClass", ""))):
        raise DBInstanceRefused(
            f"InvalidParameterValue: Invalid DB Instance class: {properties.get('DBInstanceClass')}"
        )


def _check_storage(database: Any, properties: dict[str, Any]) -> None:
    # ModifyDBInstance, AllocatedStorage: "You can't decrease the allocated storage".
    current, asked = int(database.allocated_storage), int(properties.get("AllocatedStorage", 0))
    if 0 < asked < current:
        raise DBInstanceRefused(
            "InvalidParameterCombination: AllocatedStorage cannot be lowered, "
            f"from {current} GiB to {asked} GiB: storage only grows"
        )
