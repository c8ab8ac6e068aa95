"""Installs the servers that `make test-engines` starts, from Debian's packages, and starts none.

`make servers` does it for all, `make servers SERVERS="redis rabbitmq"` for some; both need root.
What is there already stays as it is. Standard output names the servers that are there in the end,
standard error says what could not be had. The exit code is 0 if nothing is missing.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SERVERS: dict[str, dict[str, str]] = {
    "mariadb": {
        "mariadbd": "mariadb-server-core",
        "mariadb-install-db": "mariadb-server-core",
        "mariadb": "mariadb-client-core",
    },
    "postgresql": {"postgres": "postgresql", "initdb": "postgresql", "psql": "postgresql"},
    "redis": {"redis-server": "redis-server", "redis-cli": "redis-tools"},
    "rabbitmq": {
        "rabbitmq-server": "rabbitmq-server",
        "epmd": "erlang-base",
        "curl": "curl",
    },
    "openldap": {
        "slapd": "slapd",
        "slapadd": "slapd",
        "ldappasswd": "ldap-utils",
        "ldapwhoami": "ldap-utils",
    },
    "influxdb": {"influxd": "influxdb", "influx": "influxdb-client"},
}
"""The programs that are needed of each server, and the package that brings each."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""What the scripts of packages ask whether a service may start: 101 says no."""


def search_path() -> str:
    """Return the PATH with the folders in front and behind where Debian keeps servers."""
    # The newest major version first.
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -float(folder.parent.name)
    )
    return os.pathsep.join(
        [
            # Those of the same name on the PATH are wrappers around the system's own service.
            "/usr/lib/rabbitmq/bin",
            *map(str, versions),
            os.environ.get("PATH", os.defpath),
            "/usr/local/sbin",
            "/usr/sbin",
            "/sbin",
        ]
    )


def find(program: str) -> str | None:
    """Return the path of a server's program, or None."""
    return shutil.which(program, path=search_path())


def missing(server: str) -> Mapping[str, str]:
    """Return the programs of a server that are not here, each with the package to install."""
    return {name: package for name, package in SERVERS[server].items() if not find(name)}


def complaint(server: str) -> str | None:
    """Say what is missing of a server and how to get it, or None where all is here."""
    lacking = missing(server)
    if not lacking:
        return None
    packages = " ".join(dict.fromkeys(lacking.values()))
    return (
        f"{server} is not installed: there is no {', no '.join(lacking)}. Debian's packages:"
        f" {packages}. As root: make servers SERVERS={server}"
    )


def install(servers: Iterable[str]) -> None:
    """Install what is missing of these servers, as far as it can be had."""
    lacking = {server: set(missing(server).values()) for server in servers if missing(server)}
    if not lacking:
        return
    apt_get = shutil.which("apt-get")
    if apt_get is None:
        print("There is no apt-get here: install the servers yourself.", file=sys.stderr)
    elif os.geteuid():
        print("Only root can install packages.", file=sys.stderr)
    else:
        with _no_services():
            _run(apt_get, "update")
            if not _run(apt_get, "install", *sorted(set().union(*lacking.values()))):
                # One package that cannot be had must not keep the others away.
                for packages in lacking.values():
                    _run(apt_get, "install", *sorted(packages))


def _run(apt_get: str, command: str, *packages: str) -> bool:
    outcome = subprocess.run(
        [
            apt_get,
            "--quiet=2",
            "--yes",
            "--no-install-recommends",
            "--option=DPkg::Lock::Timeout=300",
            "--option=Dpkg::Options::=--force-confold",
            command,
            *packages,
        ],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if outcome.returncode:
        said = "\n".join(outcome.stdout.splitlines()[-5:])
        print(f"apt-get {command} {' '.join(packages)} failed:\n{said}", file=sys.stderr)
    return outcome.returncode == 0


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """Let no package start its service meanwhile; then put back what was there."""
    kept = POLICY.with_name("policy-rc.d.before-install-servers")
    # Where there is one already, an earlier run was killed, and the policy is ours.
    if os.path.lexists(POLICY) and not os.path.lexists(kept):
        POLICY.rename(kept)
    try:
        POLICY.unlink(missing_ok=True)
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        POLICY.chmod(0o755)
        yield
    finally:
        POLICY.unlink(missing_ok=True)
        if os.path.lexists(kept):
            kept.rename(POLICY)


def main(names: Iterable[str]) -> int:
    """Install the named servers, or all, and say what is there and what is not."""
    # An end from outside puts the policy back, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    servers = list(names) or list(SERVERS)
    if unknown := [name for name in servers if name not in SERVERS]:
        raise SystemExit(f"{', '.join(unknown)}: only {', '.join(SERVERS)} are known.")
    install(servers)
    complaints = [text for server in servers if (text := complaint(server))]
    print(*complaints, sep="\n", end="\n" if complaints else "", file=sys.stderr)
    print(*(server for server in servers if not missing(server)))
    return 1 if complaints else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
