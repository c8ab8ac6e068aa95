"""RabbitMQ."""

import base64
import http.client
import json
import secrets
import signal
from urllib.parse import quote

import pika
from pika.exceptions import ProbableAuthenticationError

from tests.engines.servers.http_call import call
from tests.engines.servers.server import (
    HOST,
    USER,
    Server,
    Unexpected,
    free_port,
)


class RabbitMQ(Server):
    """RabbitMQ with its management plugin, by which Amazon MQ is administered, too."""

    name = "rabbitmq"
    engines = ("mq",)
    identity = rf'\{{"name":"{USER}",.*\}}'
    refusal = '"error":"not_authori[sz]ed"'
    # The frame that holds it has 4088 bytes for it and for what the client says of itself.
    not_yet = (OSError, http.client.HTTPException)
    ending = signal.SIGKILL  # a farewell takes it seconds

    def start(self) -> None:
        self._web = free_port()
        self.write(
            "rabbitmq.conf",
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            f"management.tcp.ip = {HOST}\nmanagement.tcp.port = {self._web}\n"
            f"default_user = administrator\ndefault_pass = {self.administrator}\n"
            "log.console = true\nlog.file = false\n",
        )
        self.write("enabled_plugins", "[rabbitmq_management].\n")
        self.environment |= {
            # Its own port mapper: a shared one would outlive it.
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_ALLOW_INPUT": "true",  # no shell between us and it
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "none.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_MNESIA_BASE": str(self.folder),
            "RABBITMQ_NODENAME": f"engines{self.port}@localhost",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput +S 2:2"
            " -kernel inet_dist_use_interface {127,0,0,1}",
        }
        self.spawn("epmd")
        self.spawn("rabbitmq-server")

    def open(self) -> None:
        permissions = {"configure": ".*", "write": ".*", "read": ".*"}
        self.change(secrets.token_hex(16))
        self._call("PUT", f"/api/permissions/%2F/{USER}", permissions)

    def version(self) -> str:
        return str(json.loads(self._call("GET", "/api/overview", None))["rabbitmq_version"])

    def change(self, password: str) -> None:
        self._call("PUT", f"/api/users/{USER}", {"password": password, "tags": "management"})

    def _call(self, method: str, path: str, body: object) -> str:
        token = base64.b64encode(f"administrator:{self.administrator}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        status, text = call(self._web, method, path, json.dumps(body), headers)
        if status >= 300:
            raise Unexpected(f"{method} {path}: {status} {text}")
        return text

    def _log_in(self, parameters: pika.connection.Parameters) -> bool:
        try:
            pika.BlockingConnection(parameters).close()
        except ProbableAuthenticationError:
            return False
        return True

    def by_driver(self, password: str) -> bool:
        credentials = pika.PlainCredentials(USER, password)
        return self._log_in(pika.ConnectionParameters(HOST, self.port, credentials=credentials))

    def by_string(self, password: str) -> bool:
        """Log in by pika's URL, with percent-encoding."""
        url = f"amqp://{USER}:{quote(password, safe='')}@{HOST}:{self.port}/%2F"
        return self._log_in(pika.URLParameters(url))

    def lines(self, password: str) -> tuple[str, ...]:
        path = f"{HOST}:{self._web}/api/whoami"
        return (
            f"curl -sS -u {USER}:{password} http://{path}",
            f"curl -sS http://{USER}:{password}@{path}",
        )
