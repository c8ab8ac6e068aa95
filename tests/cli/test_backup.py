"""`export` and `import`: a table goes out as ciphertext, and comes back whole, never over newer."""

import json
import os
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import local
from tests.cli.old_tables import passwords_in
from tests.cli.runner import START, Program
from tests.local.stacks import Stack, secrets

Item = dict[str, Any]


@pytest.fixture
def table(aws: local.LocalAws) -> str:
    """A table of the type's own shape, empty."""
    name = f"secrets-{uuid.uuid4().hex[:8]}"
    create(aws, name)
    return name


def create(aws: local.LocalAws, name: str) -> None:
    dynamodb = aws.client("dynamodb")
    shape = dynamodb.describe_table(TableName=aws.storage.table_name)["Table"]
    dynamodb.create_table(
        TableName=name,
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=shape["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture
def filled(stack: Stack, table: str) -> Stack:
    """A stack with a secret that was rotated, one that was deleted, and one of its own."""
    stack.deploy(secrets(
        DB={"TableName": table, "RotationToken": "1"},
        MQ={"TableName": table},
        Own={"TableName": table, "SecretString": "pässwörd-of-our-own"},
    ))  # fmt: skip
    stack.deploy(secrets(
        DB={"TableName": table, "RotationToken": "2", "Tags": [{"Key": "a", "Value": "b"}]},
        Own={"TableName": table, "SecretString": "pässwörd-of-our-own"},
    ))  # fmt: skip
    return stack


def items(aws: local.LocalAws, table: str) -> dict[str, Item]:
    """The table's items by their sort key."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return {item["EnvName"]["S"]: item for page in pages for item in page["Items"]}


def put(aws: local.LocalAws, table: str, item: Item, **changed: Any) -> None:
    kept = {name: value for name, value in {**item, **changed}.items() if value is not None}
    aws.client("dynamodb").put_item(TableName=table, Item=kept)


def empty(aws: local.LocalAws, table: str) -> None:
    """Lose the table and make it anew."""
    aws.client("dynamodb").delete_table(TableName=table)
    create(aws, table)


def test_a_table_exported_deleted_and_imported_gives_every_password_back(
    program: Program, aws: local.LocalAws, table: str, filled: Stack, tmp_path: Path
) -> None:
    """Tombstones, earlier versions, tags and memory included: it is as it was, item by item."""
    file = tmp_path / "passwords.jsonl"
    before, values = items(aws, table), passwords_in(aws, table, filled.name)

    exported = program.succeed("export", file, "--table-name", table)
    empty(aws, table)
    imported = program.succeed("import", file, "--table-name", table)

    assert "Exported 3 records" in exported.err
    assert "3 imported, 0 unchanged" in imported.err
    assert items(aws, table) == before
    assert passwords_in(aws, table, filled.name) == values
    for value in values.values():
        assert value not in file.read_text("utf-8") + exported.out + imported.out + imported.err


def test_after_an_import_an_unrelated_update_keeps_the_password(
    program: Program, aws: local.LocalAws, table: str, filled: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "passwords.jsonl"
    values = passwords_in(aws, table, filled.name)
    program.succeed("export", file, "--table-name", table)
    empty(aws, table)
    program.succeed("import", file, "--table-name", table)

    filled.deploy(secrets(
        DB={"TableName": table, "RotationToken": "2", "Description": "Unrelated"},
        Own={"TableName": table, "SecretString": "pässwörd-of-our-own"},
    ))  # fmt: skip

    assert passwords_in(aws, table, filled.name) == values


def test_a_table_restored_under_another_name_is_readable(
    program: Program, aws: local.LocalAws, table: str, filled: Stack, tmp_path: Path
) -> None:
    """The table's name is not part of the encryption context."""
    file, other = tmp_path / "passwords.jsonl", f"{table}-2"
    create(aws, other)
    program.succeed("export", file, "--table-name", table)

    program.succeed("import", file, "--table-name", other)

    assert passwords_in(aws, other, filled.name) == passwords_in(aws, table, filled.name)


def test_a_backup_under_another_key_outlives_the_key_of_the_table(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    kms = aws.client("kms")
    lost, backup = (kms.create_key()["KeyMetadata"] for _ in range(2))
    for token in ("1", "2"):
        stack.deploy(
            secrets(DB={"TableName": table, "KeyId": lost["KeyId"], "RotationToken": token})
        )
    value = passwords_in(aws, table, stack.name)
    file = tmp_path / "passwords.jsonl"

    with aws.recorder.recording("kms") as calls:
        program.succeed("export", file, "--table-name", table, "--kms-key-id", backup["KeyId"])
    empty(aws, table)
    kms.disable_key(KeyId=lost["KeyId"])
    program.succeed(
        "import", file, "--table-name", table, "--kms-key-id", "alias/myorg-secrets-password"
    )

    assert calls == ["kms:DescribeKey", "kms:ReEncrypt", "kms:ReEncrypt"]
    assert passwords_in(aws, table, stack.name) == value
    [item] = items(aws, table).values()
    keys = {version["M"]["KeyArn"]["S"] for version in item["Versions"]["L"]}
    assert keys == {aws.storage.key_arn}


@pytest.mark.parametrize("name", ["passwords.jsonl", "deep/passwords.jsonl.gz"])
def test_a_backup_can_be_kept_in_s3(
    program: Program, aws: local.LocalAws, table: str, filled: Stack, name: str
) -> None:
    bucket = f"backups-{uuid.uuid4().hex[:8]}"
    aws.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.session.region_name}
    )
    before = items(aws, table)

    program.succeed("export", f"s3://{bucket}/{name}", "--table-name", table)
    empty(aws, table)
    program.succeed("import", f"s3://{bucket}/{name}", "--table-name", table)

    assert items(aws, table) == before
    body = aws.client("s3").get_object(Bucket=bucket, Key=name)["Body"].read()
    assert body.startswith(b"\x1f\x8b") == name.endswith(".gz")


def test_stacks_and_environment_choose_what_is_exported(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    other = Stack(aws)
    for each in (stack, other):
        each.deploy(secrets(
            DB={"TableName": table, "Env": "prod"}, MQ={"TableName": table, "Env": "dev"}
        ))  # fmt: skip

    def exported(*options: str) -> int:
        words = ["export", tmp_path / "x.jsonl", "--table-name", table, "--overwrite", "--json"]
        return int(program.succeed(*words, *options).json["Records"])

    assert exported() == 4
    assert exported("--stack-name", stack.name) == 2
    assert exported("--stack-name", stack.name, "--stack-name", other.name) == 4
    assert exported("--env", "prod") == 2
    assert exported("--stack-name", stack.name, "--env", "prod") == 1


def test_the_file_is_for_its_owner_alone_and_nothing_is_overwritten_unasked(
    program: Program, table: str, filled: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "passwords.jsonl"
    words = ["export", file, "--table-name", table]
    program.succeed(*words)
    before = file.read_bytes()

    again = program(*words)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert again.code == 2
    assert "--overwrite" in again.err
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]
    program.succeed(*words, "--overwrite")


def test_an_export_that_fails_leaves_no_file(
    program: Program, aws: local.LocalAws, tmp_path: Path
) -> None:
    ended = program("export", tmp_path / "x.jsonl", "--table-name", "no-such-table")

    assert ended.code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_file_says_what_it_is_and_holds_dynamodb_json(
    program: Program, table: str, filled: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "passwords.jsonl"
    ended = program.succeed("export", file, "--table-name", table, "--json")

    first, *lines, last = map(json.loads, file.read_text("utf-8").splitlines())

    header = first["Export"]
    assert (header["Format"], header["FormatVersion"]) == ("myorg-secrets", 1)
    assert header["TableName"] == table
    assert {line["Item"]["StackName"]["S"] for line in lines} == {filled.name}
    manifest = last["Manifest"]
    assert ended.json == {"Location": str(file), "Problems": [], **manifest}
    assert manifest["Records"] == len(lines) == 3


def test_what_is_not_as_it_should_be_is_exported_and_reported(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    """A backup with it is better than one without, and nobody may take it for whole."""
    kms = aws.client("kms")
    lost = kms.create_key()["KeyMetadata"]["KeyId"]
    stack.deploy(secrets(DB={"TableName": table}, MQ={"TableName": table, "KeyId": lost}))
    kms.disable_key(KeyId=lost)
    for env_name in ("default#Damaged", "of somebody else"):
        put(aws, table, {"StackName": {"S": stack.name}, "EnvName": {"S": env_name}})
    words = ["export", tmp_path / "x.jsonl", "--table-name", table, "--json"]

    ended = program(*words, "--kms-key-id", "alias/myorg-secrets-password")

    assert ended.code == 1
    assert ended.json["Records"] == 3
    problems = {problem["Ref"]: problem["Problem"] for problem in ended.json["Problems"]}
    assert "Exported as it is" in problems[f"{table}|{stack.name}|default|Damaged"]
    assert "stays out" in problems[f"{table}|{stack.name}|of somebody else|"]
    assert "is disabled" in problems[f"{table}|{stack.name}|default|MQ"]


@pytest.fixture
def backup(program: Program, table: str, filled: Stack, tmp_path: Path) -> Path:
    """An export of the filled table."""
    file = tmp_path / "backup.jsonl"
    program.succeed("export", file, "--table-name", table)
    return file


def told(ended: Any) -> dict[str, dict[str, Any]]:
    """What is said of each line, by the secret's name."""
    return {line["Ref"].rpartition("|")[2]: line for line in ended.json["Lines"]}


def test_what_is_there_already_is_left_alone(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    before = items(aws, table)

    with aws.recorder.recording("dynamodb", "kms") as calls:
        ended = program.succeed("import", backup, "--table-name", table, "--json")

    assert ended.json["Counts"]["Unchanged"] == 3
    assert items(aws, table) == before
    assert calls == ["dynamodb:GetItem"] * 3


def test_a_newer_record_is_never_overwritten(
    program: Program, aws: local.LocalAws, table: str, filled: Stack, backup: Path
) -> None:
    """Newer is a later revision, a deletion since, or a secret that was created since."""
    filled.deploy(secrets(
        DB={"TableName": table, "RotationToken": "3"}, MQ={"TableName": table}
    ))  # fmt: skip
    before = items(aws, table)

    ended = program.succeed("import", backup, "--table-name", table, "--json")

    lines = told(ended)
    assert {name: line["Status"] for name, line in lines.items()} == dict.fromkeys(
        ("DB", "MQ", "Own"), "NewerStands"
    )
    assert "Revision 3" in lines["DB"]["Reason"]
    assert "created at" in lines["MQ"]["Reason"]
    assert items(aws, table) == before


def test_an_older_state_is_brought_up_to_date(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    """As after a restore of the table to an earlier point in time."""
    whole = items(aws, table)
    item = whole["default#DB"]
    older = {"L": item["Versions"]["L"][:1]}
    put(aws, table, item, Revision={"N": "1"}, Versions=older)

    ended = program.succeed("import", backup, "--table-name", table, "--json")

    assert told(ended)["DB"] == {
        "Line": told(ended)["DB"]["Line"],
        "Status": "Imported",
        "Ref": f"{table}|{item['StackName']['S']}|default|DB",
        "Reason": "in place of revision 1",
    }
    assert items(aws, table) == whole


def test_a_secret_that_was_created_earlier_gives_way_and_the_count_goes_on(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    whole = items(aws, table)
    earlier = {"S": "2020-01-01T00:00:00.000Z"}
    put(aws, table, whole["default#DB"], Revision={"N": "7"}, CreatedTime=earlier)

    program.succeed("import", backup, "--table-name", table)

    assert items(aws, table) == {
        **whole, "default#DB": {**whole["default#DB"], "Revision": {"N": "8"}}
    }  # fmt: skip


def test_another_record_of_the_same_revision_stays_and_is_reported(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    item = items(aws, table)["default#DB"]
    put(aws, table, item, Versions={"L": item["Versions"]["L"][::-1]})
    before = items(aws, table)

    ended = program("import", backup, "--table-name", table, "--json")

    assert ended.code == 1
    assert "the same revision" in told(ended)["DB"]["Reason"]
    assert items(aws, table) == before


def test_a_record_that_was_tampered_with_is_repaired(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    whole = items(aws, table)
    first, second = whole["default#DB"]["Versions"]["L"]
    forged = {"M": {**second["M"], "Ciphertext": first["M"]["Ciphertext"]}}
    put(aws, table, whole["default#DB"], Versions={"L": [first, forged]})

    ended = program.succeed("import", backup, "--table-name", table, "--json")

    assert "tampered" in told(ended)["DB"]["Reason"]
    assert items(aws, table) == whole


def test_a_damaged_item_gives_way_only_when_that_is_asked_for(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    whole = items(aws, table)
    put(aws, table, whole["default#DB"], Versions=None)
    words = ["import", backup, "--table-name", table, "--json"]

    refused = program(*words)

    assert refused.code == 1
    assert "--replace-damaged" in told(refused)["DB"]["Reason"]
    program.succeed(*words, "--replace-damaged")
    assert items(aws, table) == whole


def test_a_damaged_tombstone_gives_way(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    whole = items(aws, table)
    put(aws, table, whole["default#MQ"], Versions=None)

    program.succeed("import", backup, "--table-name", table)

    assert items(aws, table) == whole


def test_a_rehearsal_writes_nothing(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    empty(aws, table)

    ended = program.succeed("import", backup, "--table-name", table, "--dry-run")

    assert ended.out.count("would import") == 3
    assert items(aws, table) == {}


def test_without_its_key_no_line_is_imported_and_each_is_reported(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    stack.deploy(secrets(
        DB={"TableName": table, "KeyId": key}, MQ={"TableName": table, "KeyId": key}
    ))  # fmt: skip
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    empty(aws, table)
    kms.disable_key(KeyId=key)
    words = ["import", file, "--table-name", table]

    for more in ([], ["--kms-key-id", "alias/myorg-secrets-password"]):
        ended = program(*words, *more)
        assert ended.code == 1
        assert ended.out.count("not imported") == 2
        assert ended.out.count("is disabled") == 2
    assert items(aws, table) == {}
    program.succeed(*words, "--unverified")
    assert len(items(aws, table)) == 2


def test_what_its_window_has_ended_for_is_not_brought_back(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    stack.deploy(secrets(DB={"TableName": table}))
    stack.delete()
    put(aws, table, items(aws, table)["default#DB"], ExpiresAt={"N": "1000"})
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    empty(aws, table)

    ended = program.succeed("import", file, "--table-name", table)

    assert "expired" in ended.out
    assert items(aws, table) == {}


Change = Callable[[bytes], bytes]

DAMAGES: dict[str, tuple[Change, str]] = {
    "empty": (lambda data: b"", "is empty"),
    "no export": (lambda data: b"hello\n", "is no export"),
    "other JSON": (lambda data: b'{"a": 1}\n', "is no export"),
    "a list": (lambda data: b"[]\n", "is no export"),
    "nested too deeply": (lambda data: b"[" * 100_000 + b"\n", "is no export"),
    "binary": (lambda data: bytes(range(256)) * 10, "is no export"),
    "of a newer release": (
        lambda data: data.replace(b'"FormatVersion":1', b'"FormatVersion":2', 1),
        "newer release",
    ),
    "half a line": (lambda data: data[: len(data) // 2], "in the middle of line"),
    "no manifest": (lambda data: data[: data.rindex(b'{"Manifest"')], "without its manifest"),
    "a line lost": (
        lambda data: b"".join(
            line for n, line in enumerate(data.splitlines(keepends=True)) if n != 1
        ),
        "checksum",
    ),
    "a byte changed": (lambda data: data.replace(b"CreateToken", b"CreateTokem", 1), "checksum"),
    "two files": (lambda data: data + data, "checksum"),
    "a wrong count": (lambda data: data.replace(b'"Records":3', b'"Records":4'), "checksum"),
    "a count beyond all numbers": (
        lambda data: data.replace(b'"Records":3', b'"Records":1e400'),
        "without its manifest",
    ),
    "a manifest of nothing": (
        lambda data: data[: data.rindex(b'{"Manifest"')] + b'{"Manifest": {}}\n',
        "without its manifest",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_no_whole_export_changes_nothing(
    program: Program, aws: local.LocalAws, table: str, backup: Path, damage: str
) -> None:
    change, said = DAMAGES[damage]
    backup.write_bytes(change(backup.read_bytes()))
    empty(aws, table)

    ended = program("import", backup, "--table-name", table)

    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1
    assert items(aws, table) == {}


def test_the_whole_lines_of_a_damaged_file_can_be_saved(
    program: Program, aws: local.LocalAws, table: str, backup: Path
) -> None:
    whole = items(aws, table)
    header, first, second, third, _ = backup.read_bytes().splitlines(keepends=True)
    moved = first.replace(b"default#", b"another#")
    bad = [b'{"Item": {"StackName": 5}}\n', b'{"Item": {}}\n', b'{"Other": 1}\n', b"[1]\n", moved]
    backup.write_bytes(b"".join([header, first, *bad, second, third[:-40]]))
    empty(aws, table)

    ended = program("import", backup, "--table-name", table, "--allow-damaged", "--json")

    assert ended.code == 1
    statuses = [line["Status"] for line in ended.json["Lines"]]
    assert statuses == ["Imported", *["NotImported"] * len(bad), "Imported", "NotImported"]
    assert [line["Line"] for line in ended.json["Lines"]] == list(range(2, 10))
    assert "does not belong to this record" in ended.json["Lines"][5]["Reason"]
    assert len(items(aws, table)) == 2
    assert all(item == whole[name] for name, item in items(aws, table).items())


def test_a_compressed_file_that_was_cut_off_is_said_to_be(
    program: Program, table: str, filled: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "x.jsonl.gz"
    program.succeed("export", file, "--table-name", table)
    file.write_bytes(file.read_bytes()[:-20])

    ended = program("import", file, "--table-name", table)

    assert ended.code == 2
    assert "cannot be uncompressed" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["export", "/no-such-folder/x"], 2, "cannot be written"),
        (["import", "/no-such-file"], 2, "cannot be read"),
        (["import", "/"], 2, "cannot be read"),
        (["import", "gs://bucket/x"], 2, "cannot be read"),
        (["export", "x.jsonl", "--stack-name", ""], 2, "must be 1 to"),
        (["export", "s3://no-such-bucket/x"], 2, "no such bucket"),
        (["import", "s3://no-such-bucket/x"], 2, "no such bucket"),
        (["import", "s3://no-key"], 2, "s3://BUCKET/KEY"),
        (["export", "s3:///no-bucket"], 2, "s3://BUCKET/KEY"),
        (["export", "x.jsonl", "--kms-key-id", "alias/no-such"], 3, "does not exist"),
        (["import", "x.jsonl", "--kms-key-id", "alias/no-such"], 3, "does not exist"),
        (["export", "x.jsonl", "--kms-key-id", "?"], 2, "--kms-key-id must be"),
        (["export"], 2, "Missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_gets_one_clear_line_and_its_exit_code(
    program: Program, words: list[str], code: int, said: str
) -> None:
    ended = program(*words)

    assert ended.code == code, ended.err
    assert said in ended.err


def test_an_import_that_is_interrupted_goes_on_when_it_is_repeated(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    stack.deploy(secrets(**{f"N{n}": {"TableName": table} for n in range(60)}))
    whole = items(aws, table)
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    empty(aws, table)
    words = ["import", str(file), "--table-name", table]
    process = subprocess.Popen(
        [*START, *words], env=program.environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in range(10):
        assert process.stdout.readline().startswith(b"imported ")
    process.kill()
    process.wait(60)
    process.stdout.close()

    ended = program.succeed(*words, "--json")

    assert ended.json["Counts"]["Unchanged"] >= 10
    assert items(aws, table) == whole


def test_a_backup_from_a_pipe_is_never_passed_over(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    """As from `gpg --decrypt … | myorg-secrets import /dev/stdin`: a pipe can be read once."""
    stack.deploy(secrets(DB={"TableName": table}))
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    empty(aws, table)

    process = subprocess.run(
        [*START, "import", "/dev/stdin", "--table-name", table],
        env=program.environment(),
        input=file.read_bytes(),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert process.returncode != 0 or len(items(aws, table)) == 1


def test_a_password_that_the_file_does_not_know_is_not_overwritten(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    """An older export was imported and rotated since: the newer one has the higher revision."""
    older, newer = tmp_path / "older.jsonl", tmp_path / "newer.jsonl"
    stack.deploy(secrets(DB={"TableName": table, "RotationToken": "1"}))
    program.succeed("export", older, "--table-name", table)
    for token in ("2", "3"):
        stack.deploy(secrets(DB={"TableName": table, "RotationToken": token}))
    program.succeed("export", newer, "--table-name", table)
    empty(aws, table)
    program.succeed("import", older, "--table-name", table)
    stack.deploy(secrets(DB={"TableName": table, "RotationToken": "4"}))
    in_use = passwords_in(aws, table, stack.name)

    program("import", newer, "--table-name", table)

    assert passwords_in(aws, table, stack.name) == in_use


def test_a_live_record_is_imported_whatever_date_of_expiry_somebody_left(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    stack.deploy(secrets(DB={"TableName": table}))
    put(aws, table, items(aws, table)["default#DB"], ExpiresAt={"N": "1000"})
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    value = passwords_in(aws, table, stack.name)
    empty(aws, table)

    program.succeed("import", file, "--table-name", table)

    assert passwords_in(aws, table, stack.name) == value


def test_a_backup_under_another_key_comes_back_over_records_whose_key_is_lost(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    kms = aws.client("kms")
    lost, backup = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    stack.deploy(secrets(DB={"TableName": table, "KeyId": lost}))
    value = passwords_in(aws, table, stack.name)
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table, "--kms-key-id", backup)
    kms.disable_key(KeyId=lost)

    program.succeed(
        "import", file, "--table-name", table, "--kms-key-id", "alias/myorg-secrets-password"
    )

    assert passwords_in(aws, table, stack.name) == value


def test_an_earlier_version_whose_key_is_lost_does_not_keep_the_current_one_out(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    """As an update to another KeyId has it: such a version stays under its own key."""
    kms = aws.client("kms")
    lost = kms.create_key()["KeyMetadata"]["KeyId"]
    stack.deploy(secrets(DB={"TableName": table, "KeyId": lost, "RotationToken": "1"}))
    kms.disable_key(KeyId=lost)
    stack.deploy(secrets(DB={"TableName": table, "RotationToken": "2"}))
    value = passwords_in(aws, table, stack.name)
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    empty(aws, table)

    program("import", file, "--table-name", table, "--kms-key-id", "alias/myorg-secrets-password")

    assert passwords_in(aws, table, stack.name) == value


def test_a_line_that_dynamodb_refuses_does_not_stop_the_others(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    stack.deploy(secrets(**{f"N{n}": {"TableName": table} for n in range(30)}))
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)
    header, first, *others = file.read_bytes().splitlines(keepends=True)
    refused = first.replace(b'{"Item":{', b'{"Item":{"Extra":{"N":"no number"},', 1)
    file.write_bytes(b"".join([header, refused, *others]))
    empty(aws, table)

    ended = program("import", file, "--table-name", table, "--allow-damaged")

    assert ended.code == 1
    assert len(items(aws, table)) == 29


def test_a_file_name_with_a_colon_is_a_file_name(
    program: Program, table: str, filled: Stack, tmp_path: Path
) -> None:
    """Whatever the library that opens it takes a scheme to be."""
    for words in (["export"], ["import", "--dry-run"]):
        process = subprocess.run(
            [*START, *words, "prod:2024.jsonl", "--table-name", table],
            env=program.environment(PYTHONPATH=os.pathsep.join(sys.path)),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stderr


def test_a_stack_that_is_named_twice_is_exported_once(
    program: Program, table: str, stack: Stack, tmp_path: Path
) -> None:
    """Twice in the file, its lines would race each other at the import."""
    stack.deploy(secrets(DB={"TableName": table}))
    twice = ["--stack-name", stack.name] * 2

    ended = program.succeed("export", tmp_path / "x", "--table-name", table, *twice, "--json")

    assert ended.json["Records"] == 1


def test_a_full_disk_under_the_report_is_not_blamed_on_the_export(
    program: Program, aws: local.LocalAws, table: str, stack: Stack, tmp_path: Path
) -> None:
    stack.deploy(secrets(DB={"TableName": table}))
    file = tmp_path / "x.jsonl"
    program.succeed("export", file, "--table-name", table)

    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = subprocess.run(
            [*START, "import", str(file), "--table-name", table],
            env=program.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert f"{file} cannot be read" not in process.stderr
