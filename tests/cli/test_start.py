"""What only a process shows that has loaded nothing yet: most tests fork from one that has."""

import subprocess

import pytest

from myorg_secrets.cli.app import VERBS
from tests.cli.runner import START, Program


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_needs_nothing_that_another_one_loads(program: Program, verb: str) -> None:
    process = subprocess.run(
        [*START, verb, "--help"],
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert f"myorg-secrets {verb}" in process.stdout
