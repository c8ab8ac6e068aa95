"""Redis, with one password and with users."""

from typing import ClassVar
from urllib.parse import quote

import redis

from tests.engines.servers.server import HOST, USER, Server


class Redis(Server):
    """Redis with `requirepass`, which is ElastiCache's AUTH."""

    name = "redis"
    engines = ("elasticache",)
    user: ClassVar[str] = ""
    identity = "default"
    refusal = "WRONGPASS"
    not_yet = (redis.ConnectionError,)

    def start(self) -> None:
        self.write(
            "redis.conf",
            f"bind {HOST}\nport {self.port}\ndir {self.folder}\n"
            f'save ""\nappendonly no\nrequirepass {self.administrator}\n',
        )
        self.spawn("redis-server", str(self.folder / "redis.conf"))

    def open(self) -> None:
        # One connection: what is logged in stays so, whatever the password is from then on.
        admin = redis.Redis(
            host=HOST, port=self.port, password=self.administrator, single_connection_client=True
        )
        self._admin = self._closing.enter_context(admin)
        self._admin.ping()

    def version(self) -> str:
        return str(self._admin.info("server")["redis_version"])

    def change(self, password: str) -> None:
        self._admin.config_set("requirepass", password)

    def _log_in(self, client: redis.Redis) -> bool:
        with client:
            try:
                return client.acl_whoami() == (self.user or "default")
            except redis.AuthenticationError:
                return False

    def by_driver(self, password: str) -> bool:
        return self._log_in(
            redis.Redis(
                host=HOST,
                port=self.port,
                username=self.user or None,
                password=password,
                retry=None,
                decode_responses=True,
            )
        )

    def by_string(self, password: str) -> bool:
        """Log in by redis-py's URL, with percent-encoding."""
        return self._log_in(
            redis.from_url(self._url(quote(password, safe="")), decode_responses=True)
        )

    def _url(self, password: str) -> str:
        return f"redis://{self.user}:{password}@{HOST}:{self.port}/0"

    def lines(self, password: str) -> tuple[str, ...]:
        cli = "redis-cli --no-auth-warning"
        user = f"--user {self.user} " if self.user else ""
        return (
            f"{cli} -h {HOST} -p {self.port} {user}-a {password} ACL WHOAMI",
            f"{cli} -u redis://{self.user or 'default'}:{password}@{HOST}:{self.port} ACL WHOAMI",
        )


class RedisWithUsers(Redis):
    """Redis with a user of its access control list, as MemoryDB has them."""

    engines = ("memorydb",)
    user = USER
    identity = USER

    def change(self, password: str) -> None:
        self._admin.acl_setuser(
            USER, enabled=True, reset=True, passwords=[f"+{password}"], commands=["+@all"]
        )
