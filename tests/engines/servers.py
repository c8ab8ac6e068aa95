"""Real servers, each on free loopback ports, with its data in a folder of its own.

One class a server, one interface for all: `with` starts it and ends it, `set_password` sets the
password of one user, and the three ways of logging in tell whether that user got in. What is
neither "in" nor "wrong password" raises.
"""

import base64
import contextlib
import http.client
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlencode

import pika
import psycopg
import pymysql
import redis
from pika.exceptions import ProbableAuthenticationError
from psycopg import sql

from tools.install_servers import complaint, find, search_path

HOST = "127.0.0.1"
USER = "app"
STARTING = 90
"""Seconds that a server may take to start, on a busy machine."""
ENDING = 20
"""Seconds that it may take to end before it is killed."""
LEAVING = 5
"""Seconds that a child of a killed process may take to find out."""

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


class Unexpected(Exception):
    """A server or a client did something else than what it was asked to."""


_given: set[int] = set()


def free_port() -> int:
    """Return a port that nobody listens on, and that was not returned before."""
    while True:
        with socket.socket() as listener:
            listener.bind((HOST, 0))
            port = int(listener.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def unprivileged() -> dict[str, Any]:
    """Return the arguments that make a child of root a process of nobody: most servers insist."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class Server(ABC):
    """A server that runs within `with`, and its one user, whose password is set and used."""

    name: ClassVar[str]
    """What it is called in `tools.install_servers`."""
    engines: ClassVar[tuple[str, ...]]
    """The values of Engine that it stands for."""
    identity: ClassVar[str]
    """A pattern of all that a command-line client prints for the user once it is logged in."""
    refusal: ClassVar[str]
    """A pattern of what it prints where the server takes the password for a wrong one."""
    not_yet: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    """What `open` raises while the server is starting."""
    ending: ClassVar[signal.Signals] = signal.SIGTERM
    generated: ClassVar[int] = 200
    """How many generated passwords it gets."""
    most_bytes: ClassVar[int] = 4096
    """How long they are at most: what KMS encrypts directly, or less."""
    refused: ClassVar[tuple[str, ...]] = ()
    """The labels of nasty passwords that it does not take."""
    used: ClassVar[set[str]] = set()
    """Every password that was set: none of them may show."""

    # --- Its life ---

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        self.port = free_port()
        self.administrator = secrets.token_hex(16)
        self.environment = {
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "PATH": search_path(),
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self._closing = contextlib.ExitStack()
        try:
            self._own(self.folder)
            self.start()
            self._wait()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @abstractmethod
    def start(self) -> None:
        """Lay out the data and spawn the server."""

    @abstractmethod
    def open(self) -> None:
        """Connect as the administrator and make the user, or raise one of `not_yet`."""

    @abstractmethod
    def version(self) -> str:
        """Return what the running server says of its version."""

    def end(self) -> None:
        """End every process, and remove the data."""
        # A connection may well be broken by now: what counts is that the rest comes off.
        with contextlib.suppress(Exception):
            self._closing.close()
        for process in reversed(self._processes):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.send_signal(self.ending)
                process.wait(ENDING)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.folder)

    def left_behind(self) -> list[str]:
        """Return what is there of the server though it has ended: its folder, its processes."""
        mark = f"HOME={self.folder}\0".encode()
        deadline = time.monotonic() + LEAVING
        while True:
            found = [str(self.folder)] if self.folder.exists() else []
            for process in Path("/proc").glob("[0-9]*"):
                # Whoever ended meanwhile, or is another user's, is none of ours.
                with contextlib.suppress(OSError):
                    if mark in (process / "environ").read_bytes():
                        found.append(f"process {process.name}")
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTING
        while True:
            try:
                return self.open()
            except self.not_yet as error:
                ended = any(process.poll() is not None for process in self._processes)
                if ended or time.monotonic() > deadline:
                    log = (self.folder / "log").read_text(errors="replace").splitlines()[-20:]
                    raise Unexpected(
                        f"{self.name} {'ended' if ended else 'is silent'}: {error}; its last"
                        f" words:\n" + "\n".join(log)
                    ) from None
                time.sleep(0.05)

    def _own(self, path: Path) -> Path:
        user = unprivileged()
        if user:
            os.chown(path, user["user"], user["group"])
        return path

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        path.chmod(0o600)
        return self._own(path)

    def make_folder(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir(mode=0o700)
        return self._own(path)

    def spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a process that belongs to the server and ends with it."""
        path = find(program)
        if path is None:
            raise Unexpected(complaint(self.name))
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [path, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **unprivileged(),
            )
        self._processes.append(process)
        return process

    def run_to_its_end(self, program: str, *arguments: str) -> None:
        process = self.spawn(program, *arguments)
        if process.wait(STARTING):
            log = (self.folder / "log").read_text(errors="replace")
            raise Unexpected(f"{program} failed:\n{log}")
        self._processes.remove(process)

    # --- Its user ---

    def set_password(self, password: str) -> None:
        self.used.add(password)
        self.change(password)

    @abstractmethod
    def change(self, password: str) -> None:
        """Set the user's password the way that an administrator does."""

    @abstractmethod
    def by_driver(self, password: str) -> bool:
        """Log in by the arguments of the driver."""

    @abstractmethod
    def by_string(self, password: str) -> bool:
        """Log in by a URL or whatever else is a string, with the escapes that are documented."""

    @abstractmethod
    def lines(self, password: str) -> tuple[str, ...]:
        """Return command lines that log in, with the password bare: no quotes, no escapes."""

    def by_shell(self, password: str) -> bool:
        """Log in by command lines of a POSIX shell."""
        return all([self.says_who(password, "sh", "-c", line) for line in self.lines(password)])

    def ways(self) -> Mapping[str, Callable[[str], bool]]:
        return {"driver": self.by_driver, "string": self.by_string, "shell": self.by_shell}

    def says_who(self, password: str, *command: str) -> bool:
        """Run a command-line client and tell whether it is logged in as the user."""
        outcome = subprocess.run(
            command,
            capture_output=True,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=STARTING,
        )
        said = f"{outcome.stdout}\n{outcome.stderr}"
        if outcome.returncode == 0 and re.fullmatch(self.identity, outcome.stdout.strip()):
            return True
        if re.search(self.refusal, said):
            return False
        raise Unexpected(f"exit code {outcome.returncode}: {said.replace(password, '…')}")


class MariaDB(Server):
    """MariaDB, and in place of MySQL, which Debian does not package."""

    name = "mariadb"
    engines = ("mysql", "mariadb", "aurora-mysql")
    identity = rf"{USER}@%"
    refusal = r"ERROR 1045 \(28000\)"

    def start(self) -> None:
        data, self._socket = self.folder / "data", self.folder / "socket"
        self.run_to_its_end(
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        self.spawn(
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={self._socket}",
            f"--pid-file={self.folder / 'pid'}",
            f"--bind-address={HOST}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
        )

    def open(self) -> None:
        # PyMySQL leaves a socket open where there is nothing to connect to.
        self._socket.stat()
        connection = pymysql.connect(unix_socket=str(self._socket), user="root")
        self._admin = self._closing.enter_context(connection).cursor()
        self._admin.execute(f"CREATE USER {USER}")

    def version(self) -> str:
        self._admin.execute("SELECT VERSION()")
        return str(self._admin.fetchone()[0])

    def change(self, password: str) -> None:
        self._admin.execute(f"ALTER USER {USER} IDENTIFIED BY %s", (password,))

    def by_driver(self, password: str) -> bool:
        try:
            connection = pymysql.connect(
                host=HOST, port=self.port, user=USER, password=password, ssl_disabled=True
            )
        except pymysql.OperationalError as error:
            if error.args[0] == pymysql.constants.ER.ACCESS_DENIED_ERROR:
                return False
            raise
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT CURRENT_USER()")
            return cursor.fetchone() == (f"{USER}@%",)

    def by_string(self, password: str) -> bool:
        r"""Log in by an option file, since no client of its own takes a URL.

        The value stands in double quotes, and a backslash in it is written as \\.
        """
        value = password.replace("\\", "\\\\")
        file = self.write(
            "client.cnf",
            f'[client]\nhost={HOST}\nport={self.port}\nuser={USER}\npassword="{value}"\n',
        )
        query = "--execute=SELECT CURRENT_USER()"
        return self.says_who(
            password, "mariadb", f"--defaults-file={file}", "--skip-column-names", query
        )

    def lines(self, password: str) -> tuple[str, ...]:
        return (
            f"mariadb --no-defaults -h{HOST} -P{self.port} -u{USER} -p{password}"
            " -N -e 'SELECT CURRENT_USER()'",
        )


class PostgreSQL(Server):
    """PostgreSQL with its default method, SCRAM-SHA-256."""

    name = "postgresql"
    engines = ("postgres", "aurora-postgresql")
    identity = USER
    refusal = f'password authentication failed for user "{USER}"'
    not_yet = (psycopg.OperationalError,)
    ending = signal.SIGINT  # does not wait for clients
    method: ClassVar[str] = "scram-sha-256"

    def start(self) -> None:
        data = self.folder / "data"
        self.run_to_its_end(
            "initdb",
            f"--pgdata={data}",
            "--username=postgres",
            "--auth-local=trust",
            f"--auth-host={self.method}",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": self.folder,
            "password_encryption": self.method,
            "fsync": "off",
            "log_min_error_statement": "panic",  # statements hold passwords
        }
        self.spawn(
            "postgres",
            "-D",
            str(data),
            *(f"--{name}={value}" for name, value in settings.items()),
        )

    def open(self) -> None:
        connection = psycopg.connect(
            host=str(self.folder), port=self.port, user="postgres", autocommit=True
        )
        self._admin = self._closing.enter_context(connection)
        self._admin.execute(f"CREATE ROLE {USER} LOGIN")

    def version(self) -> str:
        return str(self._admin.execute("SHOW server_version").fetchone()[0])

    def change(self, password: str) -> None:
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        self._admin.execute(statement.format(sql.Identifier(USER), sql.Literal(password)))

    def _log_in(self, *arguments: str, **named: Any) -> bool:
        try:
            connection = psycopg.connect(*arguments, **named)
        except psycopg.OperationalError as error:
            if re.search(self.refusal, str(error)):
                return False
            raise
        with connection:
            return connection.execute("SELECT current_user").fetchone() == (USER,)

    def by_driver(self, password: str) -> bool:
        return self._log_in(
            host=HOST, port=self.port, user=USER, password=password, dbname="postgres"
        )

    def by_string(self, password: str) -> bool:
        """Log in by libpq's URI, with percent-encoding."""
        return self._log_in(self._uri(quote(password, safe="")))

    def _uri(self, password: str) -> str:
        return f"postgresql://{USER}:{password}@{HOST}:{self.port}/postgres"

    def lines(self, password: str) -> tuple[str, ...]:
        psql = "psql --no-psqlrc --no-password --tuples-only --no-align"
        return (f"{psql} -c 'SELECT current_user' {self._uri(password)}",)


class Redshift(PostgreSQL):
    """PostgreSQL with MD5 digests, which Redshift keeps unless told otherwise."""

    engines = ("redshift",)
    method = "md5"


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


class RabbitMQ(Server):
    """RabbitMQ with its management plugin, by which Amazon MQ is administered, too."""

    name = "rabbitmq"
    engines = ("mq",)
    identity = rf'\{{"name":"{USER}",.*\}}'
    refusal = '"error":"not_authori[sz]ed"'
    # The frame that holds it has 4088 bytes for it and for what the client says of itself.
    most_bytes = 3700
    refused = ("the null character",)  # which ends a password in SASL's PLAIN
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


class OpenLDAP(Server):
    """OpenLDAP with a password policy.

    Its own clients are the driver: of the two for Python, one has no wheels and the other has had
    no release for years.
    """

    name = "openldap"
    engines = ("directory-service",)
    base: ClassVar[str] = "dc=example,dc=com"
    dn: ClassVar[str] = f"cn={USER},{base}"
    operator: ClassVar[str] = f"cn=operator,{base}"
    identity = f"dn:{dn}"
    refusal = r"Invalid credentials \(49\)"

    def start(self) -> None:
        configuration = self.write(
            "slapd.conf",
            f"""\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {self.folder / "pid"}
database mdb
suffix {self.base}
directory {self.make_folder("data")}
dbnosync
# The root of a directory stands above its policy, an operator does not.
access to * by dn.exact={self.operator} manage by anonymous auth by * read
overlay ppolicy
ppolicy_default cn=policy,{self.base}
""",
        )
        entries = self.write(
            "entries.ldif",
            f"""\
dn: {self.base}
objectClass: domain

dn: cn=policy,{self.base}
objectClass: organizationalRole
objectClass: pwdPolicy
pwdAttribute: userPassword
pwdCheckQuality: 2
pwdMinLength: 8

dn: {self.operator}
objectClass: inetOrgPerson
sn: operator
userPassword: {self.administrator}

dn: {self.dn}
objectClass: inetOrgPerson
sn: {USER}
""",
        )
        self.run_to_its_end("slapadd", "-f", str(configuration), "-l", str(entries))
        self._url = f"ldap://{HOST}:{self.port}"
        self.spawn("slapd", "-d", "0", "-f", str(configuration), "-h", self._url)

    def open(self) -> None:
        socket.create_connection((HOST, self.port)).close()

    def version(self) -> str:
        # The protocol does not tell.
        command = [str(find("slapd")), "-VV"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        return re.findall(r"slapd (\S+)", said)[0]

    def change(self, password: str) -> None:
        file = self.write("new", password)
        command = ["ldappasswd", "-x", "-H", self._url, "-D", self.operator]
        command += ["-w", self.administrator, "-T", str(file), self.dn]
        outcome = subprocess.run(
            command, capture_output=True, env=self.environment, text=True, errors="replace"
        )
        if outcome.returncode:
            raise Unexpected(f"ldappasswd: {outcome.stderr.replace(password, '…')}")

    def _who_am_i(self, password: str, *arguments: str) -> bool:
        command = ("ldapwhoami", "-x", "-H", self._url, "-D", self.dn, *arguments)
        return self.says_who(password, *command)

    def by_driver(self, password: str) -> bool:
        if "\0" in password:  # which no command line can hold
            return self.by_string(password)
        return self._who_am_i(password, "-w", password)

    def by_string(self, password: str) -> bool:
        """Log in by a file that is the password, all of it: LDAP's URLs hold none."""
        return self._who_am_i(password, "-y", str(self.write("password", password)))

    def lines(self, password: str) -> tuple[str, ...]:
        return (f"ldapwhoami -x -H {self._url} -D {self.dn} -w {password}",)


class InfluxDB(Server):
    """InfluxDB 1, which Debian packages, with HTTP as the driver: that is what a driver speaks."""

    name = "influxdb"
    engines = ("influxdb",)
    identity = r"name: databases\nname\n----"
    refusal = "authorization failed"
    generated = 100  # bcrypt takes its time
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


def call(
    port: int, method: str, path: str, body: str, headers: Mapping[str, str]
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path, body.encode(), dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


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
