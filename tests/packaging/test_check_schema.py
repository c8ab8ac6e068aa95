"""`make schema` sees what a schema must not have."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.project import ROOT, SCHEMA

Check = Callable[[dict[str, Any]], subprocess.CompletedProcess[str]]


@pytest.fixture
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / SCHEMA).read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """The command, on another schema; in a process of its own, whose logging guard-rail takes."""

    def checked(schema: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (tmp_path / SCHEMA).write_text(json.dumps(schema), encoding="utf-8")
        (tmp_path / ".rpdk-config").write_bytes((ROOT / ".rpdk-config").read_bytes())
        return subprocess.run(
            [sys.executable, "-m", "tools.check_schema", str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    return checked


def test_the_schema_itself_passes(schema: dict[str, Any], check: Check) -> None:
    """Neither `cfn validate` nor guard-rail has a word to say against it."""
    outcome = check(schema)

    assert (outcome.returncode, outcome.stderr) == (0, "")


@pytest.mark.parametrize(
    "pointers",
    ["primaryIdentifier", "createOnlyProperties", "readOnlyProperties", "writeOnlyProperties"],
)
def test_a_pointer_to_no_property_is_found(
    schema: dict[str, Any], check: Check, pointers: str
) -> None:
    """Even though guard-rail leaves this broken rule out of its report."""
    schema[pointers].append("/properties/Nowhere")

    outcome = check(schema)

    assert outcome.returncode == 1
    assert "guard-rail: verify_property_notation" in outcome.stdout


def test_a_broken_rule_is_named_with_its_place(schema: dict[str, Any], check: Check) -> None:
    """A handler without permissions breaks PER002."""
    schema["handlers"]["create"]["permissions"] = []

    outcome = check(schema)

    assert outcome.returncode == 1
    assert "guard-rail: PER002 /handlers/create/permissions" in outcome.stdout


def test_a_warning_of_cfn_validate_is_a_complaint(schema: dict[str, Any], check: Check) -> None:
    """`cfn validate` itself exits with 0 when a handler's permissions hold a wildcard."""
    schema["handlers"]["read"]["permissions"] = ["dynamodb:*"]

    outcome = check(schema)

    assert outcome.returncode == 1
    assert "cfn validate: " in outcome.stdout
