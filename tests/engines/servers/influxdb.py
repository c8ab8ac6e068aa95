"""InfluxDB."""

import base64
import http.client
import secrets
import subprocess
from collections.abc import Mapping
from urllib.parse import urlencode

from tests.engines.servers.http_call import call
from tests.engines.servers.server import (
    HOST,
    USER,
    Server,
    Unexpected,
    free_port,
)
from tools.install_servers import find


class InfluxDB(Server):
    """InfluxDB 1, which Debian packages, with HTTP as the driver: that is what a driver speaks."""

    name = "influxdb"
    engines = ("influxdb",)
    identity = r"name: databases\nname\n----"
    refusal = "authorization failed"
    # bcrypt takes its time, for a new password and for the first login with it.
    generated = 100
    at_once = 1
    not_yet = (OSError, http.client.HTTPException)

    def start(self) -> None:
        self.write(
            "influxdb.conf",
            f"""\
reporting-disabled = true
bind-address = "{HOST}:{free_port()}"
[meta]
dir = "{self.make_folder("meta")}"
[data]
dir = "{self.make_folder("data")}"
wal-dir = "{self.make_folder("wal")}"
[monitor]
store-enabled = false
[http]
bind-address = "{HOST}:{self.port}"
auth-enabled = true
log-enabled = false
""",
        )
        self.spawn("influxd", "run", "-config", str(self.folder / "influxdb.conf"))

    def open(self) -> None:
        credentials = f"administrator WITH PASSWORD '{self.administrator}'"
        self._query(f"CREATE USER {credentials} WITH ALL PRIVILEGES", {})
        self._must(f"CREATE USER {USER} WITH PASSWORD '{secrets.token_hex(16)}'")

    def version(self) -> str:
        command = [str(find("influxd")), "version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]

    def change(self, password: str) -> None:
        value = password.replace("\\", "\\\\").replace("'", "\\'")
        self._must(f"SET PASSWORD FOR {USER} = '{value}'")

    def _must(self, query: str) -> None:
        if not self._query(query, {"u": "administrator", "p": self.administrator}):
            raise Unexpected("the database refuses its own administrator")

    def _query(
        self, query: str, user: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> bool:
        path = f"/query?{urlencode({'q': query, **user})}"
        status, text = call(self.port, "POST", path, "", headers or {})
        if status == 401:
            return False
        if status != 200 or "error" in text:
            raise Unexpected(f"{status} {text}")
        return True

    def by_driver(self, password: str) -> bool:
        token = base64.b64encode(f"{USER}:{password}".encode()).decode()
        return self._query("SHOW DATABASES", {}, {"Authorization": f"Basic {token}"})

    def by_string(self, password: str) -> bool:
        """Log in by the parameters of a URL, with percent-encoding."""
        return self._query("SHOW DATABASES", {"u": USER, "p": password})

    def lines(self, password: str) -> tuple[str, ...]:
        arguments = f"-host {HOST} -port {self.port} -username {USER} -password {password}"
        return (f"influx {arguments} -execute 'SHOW DATABASES'",)
