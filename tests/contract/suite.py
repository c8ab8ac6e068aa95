"""One run of the unmodified `cfn test` over all inputs, and what it says.

`cfn test` runs in a process of its own and reaches the handlers as it would reach them under SAM:
through Lambda's Invoke API, with live events. The handlers reach the embedded AWS, where table and
key come from infrastructure/storage.yml.

What `cfn test` prints holds models in clear text. Only names and counts are taken from it.
"""

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import rpdk.core.contract.suite.resource as suite

from local.environment import REGION, LocalAws
from tools.project import ROOT, copy_of_project

# Seconds for read and list, twice as many for the others; `cfn test` by itself allows 240.
# https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html
TIMEOUT = "30"

INPUTS = sorted(
    path.name.removesuffix("_create.json") for path in ROOT.glob("inputs/*_create.json")
)

RESULT = re.compile(r"^(PASSED|FAILED|ERROR) \S+::(contract_\w+)", re.MULTILINE)
SKIP = re.compile(r"^SKIPPED ", re.MULTILINE)
CLOSING_LINE = re.compile(r"^=+ (.* in [\d.]+s)\b.*=+$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """What the suite says of one set of inputs."""

    results: frozenset[tuple[str, str]]
    skips: int
    closing_line: str


@dataclass(frozen=True)
class CfnTest:
    """What `cfn test` came back with: a run for each set of inputs."""

    exit_code: int
    runs: dict[str, Run]


def contract_tests() -> frozenset[str]:
    """The names of all tests that the installed CLI has for a type with all five handlers."""
    return frozenset(
        node.name
        for folder in suite.__path__
        for module in Path(folder).glob("handler_*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("contract_")
    )


def run_in(output: str) -> Run:
    return Run(
        frozenset(RESULT.findall(output)),
        len(SKIP.findall(output)),
        "".join(CLOSING_LINE.findall(output)),
    )


def cfn_test(aws: LocalAws, home: Path) -> CfnTest:
    """Run it in a copy of the project, with which rpdk.log and its models go."""
    configuration = home / "type-configuration.json"
    with copy_of_project() as project:
        configuration.write_text(json.dumps(aws.storage.type_configuration), encoding="utf-8")
        finished = subprocess.run(
            [
                *(sys.executable, str(Path(__file__).with_name("cfn.py")), "test"),
                *("--endpoint", aws.lambda_url, "--region", REGION),
                *("--enforce-timeout", TIMEOUT, "--typeconfig", str(configuration)),
                # Without --noconftest, the suite's pytest takes up this project's own conftest.py.
                *("--", "--noconftest", "-rpfEs"),
            ],
            cwd=project,
            # Nothing of the user's: no profile, no credentials, no type configuration.
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    _, *sessions = finished.stdout.split("test session starts")
    assert sessions, f"cfn test did not come to its first test:\n{finished.stderr}"
    runs = {name: run_in(session) for name, session in zip(INPUTS, sessions, strict=False)}
    print("", *(f"cfn test, {name}: {run.closing_line}" for name, run in runs.items()), sep="\n")
    return CfnTest(finished.returncode, runs)
