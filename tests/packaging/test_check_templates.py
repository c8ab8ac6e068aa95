"""`make check-templates` lets no finding of checkov pass without a reason, and no reason too many.

checkov itself has an environment of its own, so a command with its interface stands in for it: here
it complains of tables and of the word bad, as far as nothing lets it pass, and gives up at Fn::If.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.check_templates import FOLDERS, main, suppressions_of
from tools.project import ROOT

STAND_IN = """#!{python}
import json, os, re, sys
from pathlib import Path

assert not [name for name in os.environ if name.startswith(("BC_", "CKV_"))]
options = [one.partition("=") for one in sys.argv[1:]]
assert ("--skip-download", "", "") in options
lists = [Path(value) for name, _, value in options if name == "--config-file"]
suppressed = "".join(path.read_text() for path in lists)
failed = []
for name, _, path in options:
    text = Path(path).read_text() if name == "--file" else "Unreadable"
    if any(word in text for word in ("Unreadable", "Fn::If", "!If")):
        continue
    for check, word, resource in [
        ("CKV_AWS_1", "AWS::DynamoDB::Table", "AWS::DynamoDB::Table.Table"),
        ("CKV_AWS_7", "ProbeOfCheckov", "AWS::KMS::Key.ProbeOfCheckov"),
        ("CKV_AWS_9", "bad", "AWS::DynamoDB::Table.Table"),
    ]:
        if word in text and check not in text + suppressed:
            where = dict(file_path="/" + path, resource=resource)
            failed.append(dict(where, check_id=check, check_name="No"))
if "Gibberish" not in text:
    print(json.dumps(dict(results=dict(failed_checks=failed))))
"""

TABLE = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
"""
METADATA = """    Metadata:
      checkov:
        skip:
          - id: {check}
            comment: {reason}
"""

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    command = tmp_path / "checkov"
    command.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()

    def checked(template: str, own_list: str = "") -> tuple[int, str]:
        (tmp_path / "examples" / "one.yml").write_text(template, encoding="utf-8")
        if own_list:
            (tmp_path / "examples" / ".checkov.yaml").write_text(own_list, encoding="utf-8")
        return main(tmp_path, command), capsys.readouterr().out

    return checked


def test_a_finding_fails(check: Check) -> None:
    assert check(TABLE) == (1, "examples/one.yml: Table: CKV_AWS_1: No\n")


@pytest.mark.parametrize(
    ("template", "own_list"),
    [
        (TABLE + METADATA.format(check="CKV_AWS_1", reason="It is empty."), ""),
        (TABLE, "skip-check:\n  - CKV_AWS_1  # It is empty.\n"),
    ],
    ids=["on the resource", "in the folder's list"],
)
def test_a_finding_with_a_reason_passes(check: Check, template: str, own_list: str) -> None:
    assert check(template, own_list) == (0, "1 templates pass checkov, with 1 suppressions.\n")


@pytest.mark.parametrize(
    ("template", "own_list"),
    [
        (TABLE + METADATA.format(check="CKV_AWS_1", reason='""'), ""),
        (TABLE, "skip-check:\n  - CKV_AWS_1\n"),
    ],
    ids=["on the resource", "in the folder's list"],
)
def test_a_suppression_without_a_reason_fails(check: Check, template: str, own_list: str) -> None:
    code, said = check(template, own_list)

    assert code == 1
    assert "CKV_AWS_1: a suppression without a reason" in said


def test_a_suppression_that_nothing_needs_fails(check: Check) -> None:
    code, said = check(TABLE, "skip-check:\n  - CKV_AWS_1  # Empty.\n  - CKV_AWS_2  # Gone.\n")

    assert (code, said) == (
        1,
        "examples/.checkov.yaml: CKV_AWS_2: checkov does not complain without this suppression\n",
    )


@pytest.mark.parametrize("choice", ["[Case, bad, good]", "[Case, good, bad]"])
def test_both_branches_of_a_condition_are_looked_at(check: Check, choice: str) -> None:
    """Checkov gives up on a policy that has Fn::If in it, without a word."""
    queue = TABLE.replace("DynamoDB::Table", "SQS::Queue")
    template = queue + f"    Properties:\n      QueueName: !If {choice}\n"

    assert check(template) == (1, "examples/one.yml: Table: CKV_AWS_9: No\n")


def test_a_template_that_checkov_cannot_read_fails(check: Check) -> None:
    code, said = check("Description: Unreadable\n" + TABLE)

    assert (code, said) == (1, "examples/one.yml: checkov has read nothing of it\n")


def test_a_checkov_without_a_report_fails(check: Check) -> None:
    with pytest.raises(SystemExit, match="checkov gave no report"):
        check("Description: Gibberish\n" + TABLE)


def test_settings_for_another_checkov_are_kept_from_it(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BC_API_KEY", "made up")
    monkeypatch.setenv("CKV_SKIP_CHECK", "CKV_AWS_1")

    assert check(TABLE)[0] == 1


def test_every_suppression_of_this_project_has_a_reason() -> None:
    suppressions = list(suppressions_of(ROOT))

    assert len(suppressions) > 10
    assert [str(one) for one in suppressions if len(one.reason.split()) < 4] == []
    assert json.dumps([one.reason for one in suppressions]).isascii()
