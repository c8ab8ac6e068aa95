"""`make audit` says what is vulnerable, and never passes what nobody looked at.

pip-audit needs a service, so a command that answers as pip-audit does stands in for it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.audit import LOCKS, NOT_RUN, main
from tools.project import ROOT

GOOD = {"name": "six", "version": "1.17.0", "vulns": []}
BAD = {
    "name": "requests",
    "version": "2.19.0",
    "vulns": [{"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"]}],
}
# As pip-audit 2.10.1 says it of every package where the index is a mirror.
LEFT_OUT = {"name": "idna", "skip_reason": "Dependency not found on PyPI and could not be audited"}

Audit = Callable[..., tuple[int, str]]


@pytest.fixture
def audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Audit:
    def audited(*packages: dict[str, Any], error: str = "") -> tuple[int, str]:
        said = "" if error else json.dumps({"dependencies": packages})
        command = tmp_path / "pip-audit"
        command.write_text(
            f"#!{sys.executable}\nimport sys\nprint({said!r})\nprint({error!r}, file=sys.stderr)\n"
            # As pip-audit does when a package has two versions.
            "assert len([one for one in sys.argv if one.startswith('--requirement=')]) == 1\n",
            encoding="utf-8",
        )
        command.chmod(0o755)
        return main(ROOT, command), capsys.readouterr().out

    return audited


def test_packages_without_a_vulnerability_pass(audit: Audit) -> None:
    assert audit(GOOD) == (0, "No known vulnerability in 5 pins.\n")


def test_a_vulnerability_fails_with_its_id_and_the_release_that_mends_it(audit: Audit) -> None:
    assert audit(GOOD, BAD) == (1, "requests 2.19.0: PYSEC-2018-28, mended in 2.20.0\n")


def test_a_package_that_was_left_out_among_others_fails(audit: Audit) -> None:
    assert audit(GOOD, LEFT_OUT) == (1, "idna: was not audited\n")


def test_an_index_without_the_service_is_no_pass(audit: Audit) -> None:
    assert audit(LEFT_OUT, LEFT_OUT) == (0, f"{NOT_RUN}\n")


def test_no_network_is_no_pass(audit: Audit) -> None:
    error = "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"

    assert audit(error=error) == (0, f"{NOT_RUN}\n")


def test_any_other_failure_fails(audit: Audit) -> None:
    with pytest.raises(SystemExit, match="duplicate requirements"):
        audit(error="ERROR:pip_audit._cli:package boto3 has duplicate requirements")


def test_every_lock_is_audited() -> None:
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(LOCKS)
