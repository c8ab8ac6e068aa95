"""The command: its usage, and what people see."""

import pytest

from tests.consumers.doctor.report import disable, run
from tests.world import REGION, World


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--env", "prod"], "--env needs a STACK"),
        (["orders", "--all"], "--all is for every stack"),
        (["a|b"], "A REF is"),
        (["or#ders"], "STACK must be"),
        (["orders", "a#b"], "Name must be"),
        (["--kms-key-id", "no such key"], "--kms-key-id must be"),
        (["orders", "--env", "a#b"], "--env must be"),
        (["--all", "--env", "a#b"], "--env must be"),
        (["--table-name", "a|b"], "--table-name must be"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_asked(
    args: list[str], said: str, calls: list[str], world: World
) -> None:
    result = run(*args)

    assert (result.exit_code, calls, result.stdout) == (2, [], "")
    assert said in result.stderr


def test_people_get_a_table_and_whole_commands_below_it(
    storage: str, key_arn: str, calls: list[str], world: World
) -> None:
    disable(world, key_arn)

    result = run("--table-name", storage, "--kms-key-id", key_arn)

    assert result.exit_code == 3
    assert any(line.split()[:2] == ["problem", "Key"] for line in result.stdout.splitlines())
    command = f"aws kms enable-key --key-id {key_arn} --region {REGION}"
    assert f"What to do:\n  Key: {command}\n" in result.stdout
    assert result.stderr == "1 problem, no warnings, 0 unknown.\n"


def test_a_name_cannot_steer_the_terminal(
    storage: str, key_arn: str, calls: list[str], world: World
) -> None:
    secret = world.secret("DBPassword", stack="orders")
    secret.create(TableName=storage, KeyId=key_arn, Name="\x1b[2J")
    secret.delete()

    result = run("orders", "--table-name", storage, "--kms-key-id", key_arn)

    assert "\\u001b[2J" in result.stdout
    assert "\x1b" not in result.stdout
