"""Runs `myorg-secrets` as its users do: as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import local
from local.environment import environment_variables

START = [sys.executable, "-c", "from myorg_secrets.cli import main; main()"]
"""What the console script of the distribution does; tests/packaging starts that itself."""

PATIENCE = 120
"""Seconds after which a process that should have ended is given up."""


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
        process = subprocess.run(
            [
                *START,
                *(os.fspath(arg) if isinstance(arg, os.PathLike) else str(arg) for arg in args),
            ],
            env={name: value for name, value in env.items() if name not in without},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        ended = Ended(process.returncode, process.stdout, process.stderr.decode())
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
