"""`make submit` looks first, and then lets `cfn submit` do it as it is."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws import EmbeddedAws
from tests.publish.conftest import ENDPOINT_REGION, Account, set_up
from tests.publish.registry import plugged_in
from tools import submit
from tools.preflight import examination, tree
from tools.project import ROOT, SCHEMA, copy_of_project

pytestmark = pytest.mark.usefixtures("quiet_sdk")

REGION = ENDPOINT_REGION
TEXT = (ROOT / SCHEMA).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def standing() -> Iterator[Account]:
    """The account behind an endpoint, which `cfn submit` reaches from its own process."""
    with pytest.MonkeyPatch.context() as patch, plugged_in() as registry, EmbeddedAws() as aws:
        for name, value in {
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }.items():
            patch.setenv(name, value)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        yield set_up(registry, REGION)


@pytest.fixture
def quiet_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination.tree, "examine", lambda root: [])


@pytest.fixture
def cfn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of `cfn` and pip, a command that writes down how it was called."""
    command = tmp_path / "bin" / "cfn"
    command.parent.mkdir()
    command.write_text(
        '#!/bin/sh\necho "$@" > "$0.called"\ntouch rpdk.log\nexit "${CFN_CODE:-0}"\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    monkeypatch.setattr(submit, "executable", command.with_name)
    return command.with_name("cfn.called")


@pytest.fixture
def git(tmp_path: Path) -> Any:
    """Git in a folder, without anybody's settings."""
    command = str(shutil.which("git"))
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def run(*arguments: str) -> None:
        subprocess.run(
            [command, *arguments],
            cwd=tmp_path,
            env={**os.environ, **quiet},
            check=True,
            capture_output=True,
        )

    return run


def project(folder: Path) -> Path:
    tree_of_it = folder / "project"
    tree_of_it.mkdir()
    (tree_of_it / SCHEMA).write_text(TEXT, encoding="utf-8")
    return tree_of_it


@pytest.mark.usefixtures("quiet_tree")
def test_cfn_submit_gets_region_and_role(account: Account, cfn: Path, tmp_path: Path) -> None:
    """And pip the settings of Lambda's Python; the log that it leaves goes."""
    code = submit.main(["--region", REGION], project(tmp_path))

    assert code == 0
    assert cfn.read_text(encoding="utf-8").split() == [
        "submit",
        "--set-default",
        "--region",
        REGION,
        "--role-arn",
        account.role_arn,
    ]
    assert not (tmp_path / "project" / "rpdk.log").exists()


@pytest.mark.usefixtures("quiet_tree")
def test_what_cfn_submit_says_with_its_exit_code_is_passed_on(
    account: Account, cfn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its log stays, since it says why."""
    monkeypatch.setenv("CFN_CODE", "127")

    assert submit.main(["--region", REGION], project(tmp_path)) == 127
    assert (tmp_path / "project" / "rpdk.log").exists()


@pytest.mark.usefixtures("quiet_tree")
def test_nothing_is_uploaded_while_something_is_wrong(
    account: Account, cfn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit.main(["--region", "eu-west-1"], project(tmp_path)) == 1

    assert not cfn.exists()
    assert "Nothing was uploaded. To be mended first: Storage, Execution role." in (
        capsys.readouterr().out
    )


@pytest.mark.usefixtures("quiet_tree")
def test_room_is_made_only_where_that_is_said(account: Account, cfn: Path, tmp_path: Path) -> None:
    account.registry.publish(TEXT, 50, default=1)
    tree_of_it = project(tmp_path)

    assert submit.main(["--region", REGION], tree_of_it) == 1
    assert (len(account.registry.versions), cfn.exists()) == (50, False)

    assert submit.main(["--region", REGION, "--deregister-oldest"], tree_of_it) == 0
    assert sorted(account.registry.versions)[:2] == ["00000001", "00000003"]
    assert (len(account.registry.versions), cfn.exists()) == (49, True)


@pytest.mark.usefixtures("quiet_tree")
def test_no_version_goes_where_something_else_is_wrong(
    account: Account, cfn: Path, tmp_path: Path
) -> None:
    account.registry.publish(TEXT, 50, default=1)
    arguments = ["--region", REGION, "--deregister-oldest", "--role-arn", "none"]

    assert submit.main(arguments, project(tmp_path)) == 1
    assert (len(account.registry.versions), cfn.exists()) == (50, False)


@pytest.mark.usefixtures("quiet_tree")
def test_where_there_is_room_no_version_goes(account: Account, cfn: Path, tmp_path: Path) -> None:
    account.registry.publish(TEXT, 49, default=1)

    assert submit.main(["--region", REGION, "--deregister-oldest"], project(tmp_path)) == 0
    assert len(account.registry.versions) == 49


@pytest.mark.usefixtures("quiet_tree")
def test_a_dry_run_packages_and_changes_nothing(
    account: Account,
    cfn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    account.registry.publish(TEXT, 50, default=1)
    packaged: list[Path] = []
    monkeypatch.setattr(submit, "package", lambda root: packaged.append(root) or root / "the.zip")
    tree_of_it = project(tmp_path)

    code = submit.main(["--region", REGION, "--deregister-oldest", "--dry-run"], tree_of_it)

    assert (code, packaged) == (0, [tree_of_it])
    assert (len(account.registry.versions), cfn.exists()) == (50, False)
    printed = capsys.readouterr().out
    assert "Without --dry-run these versions go: 00000002." in printed
    assert f"The package is {tree_of_it / 'the.zip'}." in printed


# moto passes over this one, which the stack of `cfn submit` has for no purpose.
@pytest.mark.filterwarnings("ignore:Tried to parse AWS..CloudFormation..WaitConditionHandle")
@pytest.mark.shows_values(
    "a request to s3", reason="code is uploaded, with alphabets that other tests take for passwords"
)
@pytest.mark.usefixtures("quiet_tree")
def test_the_unmodified_cfn_submit_registers_the_type(account: Account) -> None:
    """The version has the schema of the tree and the role, and it is the default one."""
    account.registry.publish(TEXT)

    with copy_of_project() as root:
        code = submit.main(["--region", REGION], root)

    assert code == 0
    assert account.registry.versions["00000002"] == TEXT
    assert account.registry.default == "00000002"
    [request] = account.registry.requests
    assert request["TypeName"] == "MyOrg::Secrets::Password"
    assert request["ExecutionRoleArn"] == account.role_arn


def test_a_tree_that_is_not_whole_is_found() -> None:
    """By the very checks of `make schema` and `make generated`."""
    with copy_of_project() as root:
        schema = (root / SCHEMA).read_text(encoding="utf-8")
        changed = schema.replace(
            '"maxLength": 2048,\n      "pattern": "^[^|#]+$"', '"maxLength": 9'
        )
        assert changed != schema
        (root / SCHEMA).write_text(changed, encoding="utf-8")

        found = {each.check: each for each in tree.examine(root)}

    assert {check for check, each in found.items() if each.status == "problem"} == {
        "Released schemas",
        "Generated files",
    }
    assert "/properties/StackName/maxLength: was 2048, is 9" in found["Released schemas"].message


def test_what_is_not_committed_is_a_warning(tmp_path: Path, git: Any) -> None:
    assert tree._working_tree(tmp_path).status == "unknown"

    git("init")
    (tmp_path / "file").write_text("", encoding="utf-8")

    finding = tree._working_tree(tmp_path)
    assert finding.status == "warning"
    assert "1 file(s) are not as they are committed, file among them." in finding.message

    git("add", "file")
    git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-m", "x")

    assert tree._working_tree(tmp_path).message.startswith("It is commit ")
