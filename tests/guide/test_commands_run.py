"""The commands of the pages on the command line, run in the order of each page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import boto3
import credstash
import pytest

import local
from tests.cli.old_tables import OldTable, passwords_in, row_2016, row_2017
from tests.guide.conftest import install
from tests.guide.pages import Block, blocks_of
from tests.guide.test_shell import bash
from tests.local.stacks import Stack, secrets
from tools.project import ROOT

pytestmark = pytest.mark.usefixtures("quiet_sdk")

TABLE = "myorg-secrets-password"

NOT_RUN = ("pip install", "make ", "cfn ", "aws cloudformation", "export AWS_REGION")
"""How blocks begin that install something, or ask of CloudFormation what the emulator lacks."""

PASSWORD = "the-one-of-2016"


@pytest.fixture
def aws() -> Iterator[local.LocalAws]:
    """One for each page: their stacks have the same names."""
    with local.running() as running:
        yield running


@pytest.fixture
def shell(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of a shell with all programs that the pages call, in a folder of its own."""
    programs = tmp_path / "bin"
    install(programs, "aws", "from tests.guide.aws_cli import main; main(sys.argv[1:])")
    install(programs, "psql", "import os; print('connected' if os.environ['PGPASSWORD'] else '')")
    # The SDK's attempts are cut elsewhere, for pages that are about one call.
    return {**environment, "HOME": str(tmp_path), "AWS_MAX_ATTEMPTS": "3"}


def run(block: Block, folder: Path, environment: Mapping[str, str], code: int = 0) -> str:
    """Run a block to its end in a shell that stops at every failure, and return its output."""
    done = bash(f"set -eu -o pipefail\ncd {folder}\n{block.text}", environment=environment)
    assert done.returncode == code, f"{block}: {done.stdout}{done.stderr}"
    return done.stdout


def commands(page: str) -> list[Block]:
    blocks = [block for block in blocks_of(ROOT / page) if block.language in ("sh", "bash")]
    return [block for block in blocks if not block.text.startswith(NOT_RUN)]


def orders(aws: local.LocalAws, name: str = "orders", env: str = "prod") -> Stack:
    """The stack that the pages name, with a secret that was rotated."""
    stack = Stack(aws, name)
    for token in ("1", "2"):
        stack.deploy(secrets(DBPassword={"Env": env, "RotationToken": token}, MQ={}))
    return stack


def old_tables(aws: local.LocalAws) -> None:
    """The tables that the page on adopting names, each with what the recipe put there."""
    row_2016(OldTable(aws, "ewspasswordseuwest1", ("stackname", "env")), "orders", "prod", PASSWORD)
    table = OldTable(aws, "rds_dev", ("dbid",))
    for name in ("shop", "stock"):
        stack = Stack(aws, name)
        stack.deploy(secrets(MQ={}))
        row_2017(table, name, f"the-one-of-{name}")
    OldTable(aws, "credential-store", ("name", "version"))
    session = boto3.Session(region_name=aws.session.region_name)
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    store = {"dynamodb": session.resource("dynamodb"), "kms": session.client("kms")}
    for version in (1, 2):
        credstash.putSecret(
            "db", f"of-credstash-{version}", credstash.paddedInt(version),
            table="credential-store", kms_key=key, **store,
        )  # fmt: skip


@pytest.mark.shows_values("standard output of a process", reason="`get` is among the commands")
def test_the_commands_of_the_page_on_the_command_line(
    aws: local.LocalAws, shell: dict[str, str], tmp_path: Path
) -> None:
    stack = orders(aws)
    first, as_json, *completions = commands("guide/command-line.md")

    said = run(first, tmp_path, shell).splitlines()

    assert stack.stored("prod#DBPassword").decode() in said
    assert "connected" in said
    assert sorted(line.split()[0] for line in run(as_json, tmp_path, shell).splitlines()) == [
        f"{TABLE}|orders|default|MQ", f"{TABLE}|orders|prod|DBPassword"
    ]  # fmt: skip
    for block in completions:
        run(block, tmp_path, shell)
    assert (tmp_path / ".config/fish/completions/myorg-secrets.fish").stat().st_size > 100
    assert len(completions) == 2


def test_the_commands_of_the_page_on_adopting(
    aws: local.LocalAws, shell: dict[str, str], tmp_path: Path
) -> None:
    """The rehearsals write nothing, and afterwards every password is where the page says."""
    old_tables(aws)
    before = passwords_in(aws, TABLE, "")
    blocks = [block for block in blocks_of(ROOT / "guide" / "adopt.md") if block.language == "sh"]
    *rehearsals, adopt, look, delete = blocks

    for block in rehearsals:
        # Of 2017 every stack of the account is in the file, and the storage's has no row.
        assert "would adopt" in run(block, tmp_path, shell, "@stacks.txt" in block.text)
    assert passwords_in(aws, TABLE, "") == before
    names = (tmp_path / "stacks.txt").read_text("utf-8").split()
    assert names == ["myorg-secrets-password-storage", "shop", "stock"]
    (tmp_path / "stacks.txt").write_text("\n".join(names[1:]), encoding="utf-8")
    run(adopt, tmp_path, shell)
    assert passwords_in(aws, TABLE, "") == before | {
        ("orders", "prod", "DBPassword"): PASSWORD,
        ("shop", "dev", "DBPassword"): "the-one-of-shop",
        ("stock", "dev", "DBPassword"): "the-one-of-stock",
        ("legacy", "default", "db"): "of-credstash-2",
    }
    assert "connected" in run(look, tmp_path, shell)
    assert "(old row deleted)" in run(delete, tmp_path, shell)
    assert len(rehearsals) == 3


def test_the_commands_of_the_page_on_backups(
    aws: local.LocalAws, shell: dict[str, str], tmp_path: Path
) -> None:
    """The checksum by hand is the manifest's, and the rehearsed recovery finds every secret."""
    orders(aws)
    told = {block.number: run(block, tmp_path, shell) for block in commands("guide/backup.md")}

    [by_hand] = [said for said in told.values() if '"Manifest"' in said]
    digest, manifest = by_hand.split("  -\n")
    assert json.loads(manifest)["Manifest"]["SHA256"] == digest
    lines = (tmp_path / "passwords.jsonl").read_bytes().splitlines(keepends=True)
    assert digest == hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    [rehearsal] = [said for said in told.values() if "recovery-rehearsal|" in said]
    assert rehearsal.count("imported ") == 2
    assert "Looked at 2: 2 live" in rehearsal
    assert "recovery-rehearsal" not in aws.client("dynamodb").list_tables()["TableNames"]


def deleted(aws: local.LocalAws) -> None:
    orders(aws, "example", "dev").delete()


README: dict[str, Callable[[local.LocalAws], object]] = {
    "myorg-secrets list orders": orders,
    "myorg-secrets restore example": deleted,
}
"""By how a block begins: what must be there before."""


@pytest.mark.shows_values("standard output of a process", reason="`get` is among the commands")
@pytest.mark.parametrize("begins", README)
def test_the_commands_of_the_readme(
    aws: local.LocalAws, shell: dict[str, str], tmp_path: Path, begins: str
) -> None:
    blocks = commands("README.md")
    [block] = [block for block in blocks if block.text.startswith(begins)]
    README[begins](aws)

    run(block, tmp_path, shell)


def test_every_block_of_the_readme_with_our_program_is_run() -> None:
    ours = [block.text for block in commands("README.md") if "myorg-secrets " in block.text]

    assert all(text.startswith(tuple(README)) for text in ours)
    assert len(ours) == len(README)
