"""The pages for consumers are right as far as it can be told without AWS."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.decode.cfn_yaml import load

from tests.guide.pages import ENTRY, PAGES, Block, anchors_of, blocks, links_of
from tools.project import ROOT, executable

BASH = str(shutil.which("bash"))

TEMPLATES = [block for block in blocks("yaml") if "AWSTemplateFormatVersion" in block.text]
BUILDSPECS = [block for block in blocks("yaml") if block not in TEMPLATES]


def check_shell(text: str) -> str:
    """Return what bash says of a text that it does not run."""
    done = subprocess.run([BASH, "-n"], input=text, capture_output=True, text=True, check=False)
    return done.stderr


def name_of(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


def test_the_entry_leads_to_every_page() -> None:
    assert {link for link in links_of(ENTRY) if link.startswith("consume/")} == {
        f"consume/{page.name}" for page in PAGES if page != ENTRY
    }


@pytest.mark.parametrize("page", [page for page in PAGES if page != ENTRY], ids=name_of)
def test_a_page_says_rights_rotation_and_what_goes_wrong(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "**Rights:**" in text or "**Who may invoke it" in text
    assert "**Rotation:**" in text
    assert "| What goes wrong | What to do |" in text


@pytest.mark.parametrize("block", blocks("sh", "bash"), ids=str)
def test_a_shell_takes_every_command(block: Block) -> None:
    assert check_shell(block.text) == ""


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_takes_every_program(block: Block) -> None:
    """Some stand within a function of the reader's, and so may wait."""
    indented = "".join(f"    {line}" for line in block.text.splitlines(keepends=True))

    compile(f"async def within():\n{indented}", str(block), "exec")


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


def test_cfn_lint_passes_every_template(tmp_path: Path) -> None:
    """At the level of what is merely informational."""
    for block in TEMPLATES:
        (tmp_path / f"{block}.yml").write_text(block.text, encoding="utf-8")

    outcome = subprocess.run(
        [str(executable("cfn-lint")), "--non-zero-exit-code", "informational", "--"]
        + [str(path) for path in tmp_path.iterdir()],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (outcome.returncode, outcome.stdout) == (0, "")
    assert len(TEMPLATES) == 4


@pytest.mark.parametrize("block", TEMPLATES, ids=str)
def test_a_template_says_no_alias_which_cloudformation_does_not_take(block: Block) -> None:
    tokens = [type(token).__name__ for token in yaml.scan(block.text)]

    assert "AliasToken" not in tokens


@pytest.mark.parametrize("block", TEMPLATES, ids=str)
def test_a_template_hands_the_policy_to_one_role(block: Block, tmp_path: Path) -> None:
    """And it names no password, by whatever way CloudFormation has for that."""
    path = tmp_path / "template.yml"
    path.write_text(block.text, encoding="utf-8")
    resources = load(str(path))["Resources"]

    holders = [name for name, declared in resources.items() if "ReadPolicyArn" in str(declared)]
    assert [resources[name]["Type"] for name in holders] == ["AWS::IAM::Role"]
    assert "resolve:" not in block.text
    assert ".Value" not in block.text


def test_the_user_data_is_a_script_of_bash() -> None:
    """With what CloudFormation puts in."""
    [block] = [block for block in TEMPLATES if "UserData" in block.text]
    _, _, behind = block.text.partition("!Sub |\n")
    script, _, _ = behind.partition("  Instance:\n")
    lines = [line[12:] for line in script.splitlines()]
    put_in = re.sub(r"\$\{[\w:]+\}", "WORD", "\n".join(lines))

    assert lines[0] == "#!/bin/bash"
    assert check_shell(put_in) == ""
    assert "set -x" not in put_in


@pytest.mark.parametrize("block", BUILDSPECS, ids=str)
def test_a_buildspec_has_commands_that_a_shell_takes(block: Block) -> None:
    spec: dict[str, Any] = yaml.safe_load(block.text)
    commands = [command for phase in spec["phases"].values() for command in phase["commands"]]

    assert spec["version"] == 0.2
    assert "env" not in spec
    assert [check_shell(command) for command in commands] == [""] * len(commands)


def test_the_function_of_the_page_on_lambda_reads_a_password(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the secret that its environment names, and it answers without the password."""
    [program] = [block for block in blocks("python") if block.page == "lambda"]
    secret = world.secret("DBPassword", stack="orders")
    secret.create(Env="prod")
    for name, value in {"STACK": "orders", "NAME": "DBPassword", "ENV": "prod"}.items():
        monkeypatch.setenv(f"SECRET_{name}", value)
    module: dict[str, Any] = {}
    exec(compile(program.text, "index.py", "exec"), module)  # noqa: S102  # it is our own page
    got: list[str] = []
    module["count_orders"] = lambda password: got.append(password) or 7

    answer = module["handler"]({}, None)

    assert (got == [secret.value], answer) == (True, {"orders": 7})


def test_the_readme_leaves_reading_to_the_guide() -> None:
    """The commands that read a record are written down once."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "aws kms decrypt" not in readme
    assert "guide/consume.md" in readme
