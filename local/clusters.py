"""``AWS::RDS::DBCluster`` and ``AWS::Redshift::Cluster``, which moto's services know well.

Its CloudFormation knows nothing of the first, and neither updates nor removes the second.
"""

from __future__ import annotations

from typing import Any

from botocore import xform_name
from moto.core.common_models import CloudFormationModel
from moto.rds.models import rds_backends
from moto.redshift.models import redshift_backends

from local.drivers import Driver, Place
from local.live_resources import Held, Wanted


class Cluster(CloudFormationModel):
    """What CloudFormation keeps of a cluster: its identifier and its endpoint.

    moto finds the class among the subclasses of ``CloudFormationModel`` when a template asks for an
    ``AWS::RDS::DBCluster``; it serves both types.
    """

    def __init__(self, identifier: str, address: str, port: int) -> None:
        self.physical_resource_id = identifier
        self._attributes = {"Endpoint.Address": address, "Endpoint.Port": str(port)}

    @staticmethod
    def cloudformation_name_type() -> str:
        return "DBClusterIdentifier"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::RDS::DBCluster"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Endpoint.Address", "Endpoint.Port")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return self._attributes[attribute_name]

    def is_created(self) -> bool:
        return True


class DBClusterDriver(Driver):
    """Aurora by moto's RDS."""

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Any:
        cluster = _rds(place).create_db_cluster(
            {"db_cluster_identifier": wanted.name.lower(), **_arguments(wanted.properties)}
        )
        return _kept(cluster.db_cluster_identifier, cluster.endpoint, cluster.port)

    def update(self, place: Place, held: Held, wanted: Wanted, tags: dict[str, str]) -> Any:
        identifier = held.resource.physical_resource_id
        _rds(place).modify_db_cluster(
            {"db_cluster_identifier": identifier, **_arguments(_changed(held, wanted))}
        )
        return held.resource

    def delete(self, place: Place, held: Held) -> None:
        _rds(place).delete_db_cluster(held.resource.physical_resource_id)


class RedshiftClusterDriver(Driver):
    """Redshift by moto's own model, with updates and the removal."""

    def create(self, place: Place, wanted: Wanted, tags: dict[str, str]) -> Any:
        cluster = super().create(place, wanted, tags)
        return _kept(cluster.cluster_identifier, cluster.address, cluster.port)

    def update(self, place: Place, held: Held, wanted: Wanted, tags: dict[str, str]) -> Any:
        redshift_backends[place.account_id][place.region].modify_cluster(
            cluster_identifier=held.resource.physical_resource_id,
            **_arguments(_changed(held, wanted)),
        )
        return held.resource

    def delete(self, place: Place, held: Held) -> None:
        redshift_backends[place.account_id][place.region].delete_cluster(
            cluster_identifier=held.resource.physical_resource_id,
            skip_final_snapshot=True,
            final_cluster_snapshot_identifier=None,
        )


def _kept(identifier: str, address: str, port: int) -> Cluster:
    # The methods that moto calls abstract are those by which its own engine would make a resource.
    return Cluster(identifier, address, port)  # type: ignore[abstract]


def _changed(held: Held, wanted: Wanted) -> dict[str, Any]:
    return {
        name: value
        for name, value in wanted.properties.items()
        if held.properties.get(name) != value
    }


def _arguments(properties: dict[str, Any]) -> dict[str, Any]:
    return {xform_name(name): value for name, value in properties.items()}


def _rds(place: Place) -> Any:
    return rds_backends[place.account_id][place.region]
