"""Real servers, each on free loopback ports, with its data in a folder of its own.

One class a server, one interface for all: `with` starts it and ends it, `set_password` sets the
password of one user, and the three ways of logging in tell whether that user got in. What is
neither "in" nor "wrong password" raises.
"""

import contextlib
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

from tools.install_servers import complaint, find, search_path

HOST = "127.0.0.1"
USER = "app"
STARTING = 90
"""Seconds that a server may take to start, on a busy machine."""
ENDING = 20
"""Seconds that it may take to end before it is killed."""
LEAVING = 5
"""Seconds that a child of a killed process may take to find out."""


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
    at_once: ClassVar[int] = 3
    """How many logins it gets at a time."""
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
