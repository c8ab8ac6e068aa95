"""PostgreSQL, and Redshift, which speaks its protocol."""

import re
import signal
from typing import Any, ClassVar
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.engines.servers.server import HOST, USER, Server


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
