"""`restore`: a deleted secret, or an earlier version, comes back and stays."""

from datetime import UTC, datetime
from typing import Any

import pytest

import local
from myorg_secrets import restore as module
from myorg_secrets.connection import connect
from myorg_secrets_password.exceptions import Conflict
from tests.cli.runner import Program
from tests.local.stacks import Stack, secrets

TABLE = "myorg-secrets-password"


def versions(stack: Stack, env_name: str = "prod#DB") -> list[str]:
    """The IDs of a secret's versions, the current one last."""
    members = stack.items()[env_name]["Versions"]["L"]
    return [member["M"]["VersionId"]["S"] for member in members]


def test_a_deleted_secret_comes_back_with_its_password(program: Program, rotated: Stack) -> None:
    before = rotated.stored("prod#DB")
    rotated.delete()

    ended = program.succeed("restore", rotated.name, "DB", "--env", "prod")

    assert f"Restored {TABLE}|{rotated.name}|prod|DB" in ended.err
    assert program.succeed("get", rotated.name, "DB", "--env", "prod", "-n").raw == before
    assert "ExpiresAt" not in rotated.items()["prod#DB"]


def test_of_a_live_secret_there_is_nothing_to_restore(program: Program, rotated: Stack) -> None:
    before = rotated.items()

    for more in ([], ["--version-id", versions(rotated)[-1]]):
        ended = program.succeed("restore", rotated.name, "DB", "--env", "prod", *more)
        assert "Nothing to do" in ended.err

    assert rotated.items() == before


def test_an_earlier_version_becomes_current_and_an_unrelated_update_keeps_it(
    program: Program, rotated: Stack
) -> None:
    first = versions(rotated)[0]
    words = ["restore", rotated.name, "DB", "--env", "prod", "--version-id", first]

    outcome = program.succeed(*words, "--json").json

    assert outcome == {
        "Ref": f"{TABLE}|{rotated.name}|prod|DB",
        "VersionId": first,
        "WasDeleted": False,
        "Changed": True,
    }
    restored = rotated.stored("prod#DB")
    rotated.deploy(
        secrets(
            DB={"Env": "prod", "Engine": "mysql", "RotationToken": "2", "Description": "Unrelated"}
        )
    )
    assert rotated.stored("prod#DB") == restored
    assert versions(rotated)[-1] == first


def test_history_says_when_a_version_was_restored(program: Program, rotated: Stack) -> None:
    words = [rotated.name, "DB", "--env", "prod"]
    program.succeed("restore", *words, "--version-id", versions(rotated)[0])

    history = program.succeed("history", *words, "--json").json["Versions"]

    assert "RestoredTime" not in history[0]
    assert history[1]["RestoredTime"] > history[0]["CreatedTime"]
    assert [state["DeclaredLast"] for state in history[1]["DeclaredStates"]] == [False, True]
    assert history[1]["RestoredTime"] in program.succeed("history", *words).out


def test_a_deleted_secret_can_come_back_with_an_earlier_version(
    program: Program, rotated: Stack
) -> None:
    first = versions(rotated)[0]
    rotated.delete()

    program.succeed("restore", rotated.name, "DB", "--env", "prod", "--version-id", first)

    assert (
        program.succeed("get", rotated.name, "DB", "--env", "prod", "--json").json["VersionId"]
        == first
    )


def test_the_history_before_a_deletion_can_be_restored(program: Program, rotated: Stack) -> None:
    """The type never takes such a version up again; by hand it can be."""
    old = versions(rotated)[-1]
    value = rotated.stored("prod#DB")
    rotated.delete()
    rotated.deploy(secrets(DB={"Env": "prod"}))

    program.succeed("restore", rotated.name, "DB", "--env", "prod", "--version-id", old)

    assert rotated.stored("prod#DB") == value


def test_what_is_not_kept_is_not_found_and_nothing_changes(
    program: Program, rotated: Stack
) -> None:
    before = rotated.items()

    ended = program("restore", rotated.name, "DB", "--env", "prod", "--version-id", "no-such")

    assert ended.code == 1
    assert "no version no-such" in ended.err
    assert rotated.items() == before


def test_a_version_that_cannot_be_read_does_not_become_current(
    program: Program, aws: local.LocalAws, rotated: Stack
) -> None:
    item = rotated.items()["prod#DB"]
    first, second = (member["M"] for member in item["Versions"]["L"])
    first["Ciphertext"] = second["Ciphertext"]
    aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
    before = rotated.items()

    ended = program(
        "restore", rotated.name, "DB", "--env", "prod", "--version-id", first["VersionId"]["S"]
    )

    assert ended.code == 3
    assert "tampered" in ended.err
    assert rotated.items() == before


def test_a_damaged_tombstone_is_not_restored(
    program: Program, aws: local.LocalAws, rotated: Stack
) -> None:
    rotated.delete()
    item = rotated.items()["prod#DB"]
    del item["Versions"]
    aws.client("dynamodb").put_item(TableName=TABLE, Item=item)

    for verb in ("restore", "history"):
        ended = program(verb, rotated.name, "DB", "--env", "prod")
        assert ended.code == 3
        assert "no readable version" in ended.err


def test_a_deleted_secret_needs_no_key(
    program: Program, aws: local.LocalAws, rotated: Stack
) -> None:
    """The window may end before the key is back."""
    rotated.delete()
    kms, key = aws.client("kms"), aws.storage.key_id
    kms.disable_key(KeyId=key)
    try:
        program.succeed("restore", rotated.name, "DB", "--env", "prod")
    finally:
        kms.enable_key(KeyId=key)


@pytest.mark.parametrize("deleted", [False, True])
def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    aws: local.LocalAws, rotated: Stack, monkeypatch: pytest.MonkeyPatch, deleted: bool
) -> None:
    """Between the read and the write another writer comes: the restore loses and says so."""
    first = versions(rotated)[0]
    if deleted:
        rotated.delete()
    connection = connect(TABLE, session=aws.session)
    identity = connection.identity(rotated.name, "DB", "prod")
    read = module.find

    def beaten(*args: Any) -> Any:
        record = read(*args)
        aws.client("dynamodb").update_item(
            TableName=TABLE,
            Key={"StackName": {"S": rotated.name}, "EnvName": {"S": "prod#DB"}},
            UpdateExpression="ADD Revision :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        return record

    monkeypatch.setattr(module, "find", beaten)
    before = rotated.items()["prod#DB"]

    with pytest.raises(Conflict, match="changed by somebody else"):
        module.restore(connection, identity, first, datetime.now(UTC))

    after = rotated.items()["prod#DB"]
    assert int(after.pop("Revision")["N"]) == int(before.pop("Revision")["N"]) + 1
    assert after == before
