"""The watch over what tests emit (tests/conftest.py): a leak fails the test that let it happen."""

import os
import re
import subprocess
import sys

import pytest

from tools.project import ROOT

HEAD = """\
import base64, logging, sys
from myorg_secrets_password.cleartext import ClearText
"""
TEST = """
def test_{number}():
    value = ClearText("correct horse \\\\ battery 'staple").reveal()
    {does}
"""
HARMLESS = "print('hello')"
LEAKS = {
    "a record at DEBUG": "logging.getLogger('any').debug('made %s', value)",
    "an exception that is logged": "logging.getLogger('any').info('', exc_info=ValueError(value))",
    "standard output": "print(value)",
    "standard error": "sys.stderr.write(value)",
    "a repr": "print([value])",
    "base64": "print(base64.b64encode(value.encode()))",
    "hexadecimal": "print(value.encode().hex())",
}
RESULT = re.compile(r"^(?:ERROR|FAILED) \S+(::test_\d+) - 1 secret value", re.MULTILINE)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of a file with a test for each leak, and a harmless one at its end."""
    folder = tmp_path_factory.mktemp("leaks")
    tests = [TEST.format(number=n, does=does) for n, does in enumerate((*LEAKS.values(), HARMLESS))]
    (folder / "test_leaks.py").write_text(HEAD + "".join(tests), encoding="utf-8")
    options = ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={folder}", "-p", "tests.conftest"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", "-rfE", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    ).stdout


@pytest.mark.parametrize("number", range(len(LEAKS)), ids=LEAKS)
def test_a_leak_fails_the_test_that_let_it_happen(output: str, number: int) -> None:
    assert f"::test_{number}" in RESULT.findall(output)


def test_a_test_that_keeps_its_passwords_to_itself_passes(output: str) -> None:
    assert len(RESULT.findall(output)) == len(LEAKS)


def test_the_report_does_not_show_what_leaked(output: str) -> None:
    assert "battery" not in output
