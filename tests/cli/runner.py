"""Runs `myorg-secrets` as its users do: as a process of its own."""

import json
import multiprocessing
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import local
from local.environment import environment_variables
from myorg_secrets.cli.app import VERBS
from tests.cli import forked
from tests.leaks.outlets import hear_process

START = [sys.executable, "-c", "from myorg_secrets.cli import main; main()"]
"""What the console script of the distribution does; tests/packaging starts that itself."""

PATIENCE = 120
"""Seconds after which a process that should have ended is given up."""

# To start the interpreter and load the SDK takes longer than most runs. So one process does that
# once and forks for each run, which has descriptors, signals and an end of its own all the same.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "boto3.session",
        "encodings.idna",
        "tests.cli.forked",
        *(f"myorg_secrets.cli.{module}" for module, _ in VERBS.values()),
    ]
)

READ_AT_THE_START = ("PYTHON", "LC_", "LANG")
"""How the names of variables begin that the interpreter reads when it starts."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Program:
    """The program, with the local AWS in its environment."""

    aws: local.LocalAws
    scratch: Mapping[str, str]

    def __call__(self, *args: object, without: tuple[str, ...] = (), **environment: str) -> Ended:
        """Run it to its end. `without` names variables that it must not have."""
        env = self.environment(**environment)
        for name in without:
            env.pop(name, None)
        words = [os.fspath(arg) if isinstance(arg, os.PathLike) else str(arg) for arg in args]
        cold = any(name.startswith(READ_AT_THE_START) for name in environment)
        ended = _started(words, env) if cold else _forked(words, env)
        assert "Traceback" not in ended.err, ended.err
        return ended

    def environment(self, **more: str) -> dict[str, str]:
        """The environment that it runs in."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return own | environment_variables(self.aws.endpoint_url) | dict(self.scratch) | more

    def succeed(self, *args: object, **how: Any) -> Ended:
        """Run it, and see that it ended with 0."""
        ended = self(*args, **how)
        assert ended.code == 0, ended.err
        return ended


def _started(words: Sequence[str], env: Mapping[str, str]) -> Ended:
    process = subprocess.run(
        [*START, *words],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ended(process.returncode, process.stdout, process.stderr.decode())


def _forked(words: Sequence[str], env: Mapping[str, str]) -> Ended:
    (out, its_out), (err, its_err) = (_FORKS.Pipe(duplex=False) for _ in range(2))
    process = _FORKS.Process(
        target=forked.run, args=(words, env, str(Path.cwd()), its_out, its_err)
    )
    with out, err:
        with its_out, its_err:
            process.start()
        try:
            said = _drained([out, err], time.monotonic() + PATIENCE)
            process.join(PATIENCE)
        finally:
            process.kill()
    hear_process([*START, *words], *said)
    code = process.exitcode
    assert code is not None, "The program did not end."
    process.close()
    return Ended(code, said[0], said[1].decode())


def _drained(pipes: Sequence[Connection], end: float) -> list[bytes]:
    """Read pipes until nobody writes to them."""
    read = [bytearray() for _ in pipes]
    with selectors.DefaultSelector() as selector:
        for pipe, into in zip(pipes, read, strict=True):
            selector.register(pipe, selectors.EVENT_READ, into)
        while selector.get_map():
            ready = selector.select(max(0, end - time.monotonic()))
            if not ready:
                raise TimeoutError("The program did not end.")
            for key, _ in ready:
                chunk = os.read(key.fd, 65536)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
    return [bytes(one) for one in read]
