"""The page on publishing is right as far as it can be told without AWS."""

from __future__ import annotations

import re
import shutil
import subprocess

import boto3
import pytest
from botocore import xform_name

from tests.guide.pages import Block, anchors_of, blocks_of, links_of
from tools import submit
from tools.project import ROOT

PAGE = ROOT / "guide" / "publish.md"
BLOCKS = [block for block in blocks_of(PAGE) if block.language == "sh"]
CUSTOM = {("cloudformation", "deploy"), ("s3", "cp")}
"""What the AWS CLI makes of several calls."""
GLOBAL = {"--output", "--query"}


def commands(block: Block) -> list[list[str]]:
    """Return the calls of the AWS CLI in a block, word by word."""
    joined = block.text.replace("\\\n", " ")
    return [found[1].split() for found in re.finditer(r"\baws ([a-z0-9]+ [a-z][^#)\n]*)", joined)]


@pytest.mark.parametrize("page", [PAGE, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=str)
def test_every_link_leads_somewhere(page: object) -> None:
    path = ROOT / str(page)
    for link in links_of(path):
        if not link.startswith("http"):
            name, _, anchor = link.partition("#")
            target = (path.parent / name).resolve() if name else path
            assert target.exists(), link
            assert not anchor or anchor in anchors_of(target), link


def test_the_readme_leads_here() -> None:
    assert "guide/publish.md" in links_of(ROOT / "README.md")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_shell_takes_every_command(block: Block) -> None:
    done = subprocess.run(
        [str(shutil.which("bash")), "-n"],
        input=block.text,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""


@pytest.mark.parametrize("block", [block for block in BLOCKS if commands(block)], ids=str)
def test_the_sdk_knows_every_operation_and_option(block: Block) -> None:
    """The AWS CLI takes their names from the same descriptions."""
    for service, operation, *words in commands(block):
        if (service, operation) in CUSTOM:
            continue
        client = boto3.client(service, "us-east-1")  # type: ignore[call-overload]
        method = operation.replace("-", "_")
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
        known = {f"--{xform_name(name, '-')}" for name in model.input_shape.members}
        assert {word for word in words if word.startswith("--")} <= known | GLOBAL


def test_every_option_of_make_submit_that_it_names_is_one() -> None:
    options = set(submit._parser()._option_string_actions)
    text = PAGE.read_text(encoding="utf-8")
    named = {
        option
        for line in text.splitlines()
        if "make submit ARGS" in line or line.startswith("`--dry-run` stops")
        for option in re.findall(r"--[a-z-]+", line)
    }

    assert named >= {"--region", "--dry-run", "--deregister-oldest", "--role-arn"}
    assert named <= options
