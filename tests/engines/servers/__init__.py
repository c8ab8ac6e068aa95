"""Real servers, each on free loopback ports, with its data in a folder of its own."""

from tests.engines.servers.influxdb import InfluxDB
from tests.engines.servers.mariadb import MariaDB
from tests.engines.servers.openldap import OpenLDAP
from tests.engines.servers.postgresql import PostgreSQL, Redshift
from tests.engines.servers.rabbitmq import RabbitMQ
from tests.engines.servers.redis_server import Redis, RedisWithUsers
from tests.engines.servers.server import Server

__all__ = ["ALL", "NONE_FOR", "Server"]

NONE_FOR = (
    "oracle",
    "custom-oracle",
    "sqlserver",
    "custom-sqlserver",
    "db2",
    "docdb",
    "opensearch",
    "fsx-ontap",
)
"""How the values of Engine begin for which Debian packages no server."""

ALL: tuple[type[Server], ...] = (
    MariaDB,
    PostgreSQL,
    Redshift,
    Redis,
    RedisWithUsers,
    RabbitMQ,
    OpenLDAP,
    InfluxDB,
)
