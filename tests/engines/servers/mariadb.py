"""MariaDB."""

import pymysql

from tests.engines.servers.server import HOST, USER, Server


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
