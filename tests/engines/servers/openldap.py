"""OpenLDAP with a password policy."""

import re
import socket
import subprocess
from typing import ClassVar

from tests.engines.servers.server import HOST, USER, Server, Unexpected
from tools.install_servers import find


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
            return self._by_file(password, "null")
        return self._who_am_i(password, "-w", password)

    def by_string(self, password: str) -> bool:
        """Log in by a file that is the password, all of it: LDAP's URLs hold none."""
        return self._by_file(password, "string")

    def _by_file(self, password: str, name: str) -> bool:
        return self._who_am_i(password, "-y", str(self.write(name, password)))

    def lines(self, password: str) -> tuple[str, ...]:
        return (f"ldapwhoami -x -H {self._url} -D {self.dn} -w {password}",)
