"""`adopt`: what older recipes made comes along, password unchanged, and nothing is guessed."""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest

import local
from tests.cli.old_tables import OldTable, row_2016, row_2017
from tests.cli.runner import Program
from tests.local.stacks import Stack, secrets

TABLE = "myorg-secrets-password"


@pytest.fixture
def old(aws: local.LocalAws) -> OldTable:
    """A table of 2016."""
    return OldTable(aws, f"old-{uuid.uuid4().hex[:8]}", ("stackname", "env"))


@pytest.fixture(params=["dbid", "rds_id"])
def old_2017(aws: local.LocalAws, request: pytest.FixtureRequest) -> OldTable:
    return OldTable(aws, f"old-{uuid.uuid4().hex[:8]}", (request.param,))


@pytest.fixture
def app() -> str:
    """The name of a stack that no other test has."""
    return f"app-{uuid.uuid4().hex[:8]}"


def got(program: Program, stack: str, env: str = "default", name: str = "DB") -> str:
    return program.succeed("get", stack, name, "--env", env, "-n").out


def test_a_row_of_2016_becomes_a_secret_with_the_same_password(
    program: Program, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "the-old-password")

    ended = program.succeed("adopt", old.name, "--layout", "2016", "--name", "DB")

    assert got(program, app, "prod") == "the-old-password"
    assert f"adopted         stackname={app}, env=prod" in ended.out
    assert f"{TABLE}|{app}|prod|DB" in ended.out
    assert "1 adopted, 0 adopted before, 0 not adopted." in ended.err
    assert "the-old-password" not in ended.out + ended.err
    assert len(old.rows()) == 1


def test_the_clear_text_of_2016_never_leaves_kms(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    """Whatever it is asked to do besides, delete included, KMS decrypts nothing for the program."""
    row_2016(old, app, "prod", "stays-inside-kms")

    with aws.recorder.recording("kms") as calls:
        program.succeed("adopt", old.name, "--layout", "2016", "--name", "DB", "--delete")

    assert calls == ["kms:DescribeKey", "kms:ReEncrypt", "kms:ReEncrypt"]


def test_a_row_costs_three_calls_and_one_that_was_adopted_before_one(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "counted-calls")
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB"]
    before = ["dynamodb:DescribeTable", "kms:DescribeKey", "dynamodb:Scan"]

    for each in (["dynamodb:GetItem", "kms:ReEncrypt", "dynamodb:PutItem"], ["dynamodb:GetItem"]):
        with aws.recorder.recording("kms", "dynamodb") as calls:
            program.succeed(*words)
        assert calls == before + each


def test_what_was_adopted_before_is_known_again(program: Program, old: OldTable, app: str) -> None:
    row_2016(old, app, "prod", "adopted-twice")
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB"]
    program.succeed(*words)

    ended = program.succeed(*words)

    assert "adopted before" in ended.out
    assert "0 adopted, 1 adopted before, 0 not adopted." in ended.err


def test_the_history_says_that_it_was_adopted(program: Program, old: OldTable, app: str) -> None:
    row_2016(old, app, "prod", "with-a-history")
    program.succeed("adopt", old.name, "--layout", "2016", "--name", "DB")

    [version] = program.succeed("history", app, "DB", "--env", "prod", "--json").json["Versions"]

    assert version["Source"] == "Adopted"
    assert version["DeclaredStates"] == []


@pytest.mark.parametrize(
    ("options", "adopted"),
    [
        (["--stack-name", "{app}-a"], [("a", "dev"), ("a", "prod")]),
        (["--stack-name", "{app}-a", "--stack-name", "{app}-b"], ["all"]),
        (["--stack-name", "@{file}"], ["all"]),
        (["--env", "prod"], [("a", "prod"), ("b", "prod")]),
        (["--stack-name", "{app}-b", "--env", "dev"], [("b", "dev")]),
    ],
    ids=str,
)
def test_stacks_and_environment_choose_among_the_rows_of_2016(
    program: Program, old: OldTable, app: str, tmp_path: Path, options: list[str], adopted: Any
) -> None:
    every = [(stack, env) for stack in "ab" for env in ("dev", "prod")]
    for stack, env in every:
        row_2016(old, f"{app}-{stack}", env, f"password-{stack}-{env}")
    file = tmp_path / "stacks.txt"
    file.write_text(f"{app}-a\n\n  {app}-b  \n", "utf-8")

    ended = program.succeed(
        "adopt", old.name, "--layout", "2016", "--name", "DB", "--json",
        *(option.format(app=app, file=file) for option in options),
    )  # fmt: skip

    found = {(row["Ref"].split("|")[1][-1], row["Ref"].split("|")[2]) for row in ended.json["Rows"]}
    assert found == set(every if adopted == ["all"] else adopted)


def test_a_stack_name_that_fits_no_row_is_reported(
    program: Program, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "fits-one-name")

    ended = program(
        "adopt", old.name, "--layout", "2016", "--name", "DB",
        "--stack-name", app, "--stack-name", "elsewhere",
    )  # fmt: skip

    assert ended.code == 1
    assert "No row is for elsewhere." in ended.err
    assert got(program, app, "prod") == "fits-one-name"


def test_the_attribute_is_found_where_there_is_one_candidate(
    program: Program, old: OldTable, app: str
) -> None:
    cipher = {"B": old.encrypted("under-any-name").encode()}
    row_2016(
        old, app, "prod", "under-any-name", password=None, cipher=cipher, comment={"S": "hello"}
    )

    program.succeed("adopt", old.name, "--layout", "2016", "--name", "DB")

    assert got(program, app, "prod") == "under-any-name"


def test_two_candidates_are_never_guessed_between(
    program: Program, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "the-right-one", older={"S": old.encrypted("the-wrong-one")})
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB"]

    refused = program(*words)

    assert refused.code == 1
    assert "more than one attribute that could be it: older, password" in refused.out
    program.succeed(*words, "--attribute", "password")
    assert got(program, app, "prod") == "the-right-one"


@pytest.mark.parametrize("form", ["string", "map", "binary"])
def test_a_row_of_2017_is_found_by_the_stacks_name(
    program: Program, old_2017: OldTable, app: str, form: str
) -> None:
    text = old_2017.encrypted("of-the-year-2017")
    value = {
        "string": {"S": text},
        "map": {"M": {"encrypted": {"BOOL": True}, "password": {"S": text}}},
        "binary": {"B": text.encode()},
    }[form]
    row_2017(old_2017, app, "of-the-year-2017", b64_password=value)

    ended = program.succeed(
        "adopt", old_2017.name, "--layout", "2017", "--name", "DB", "--stack-name", app, "--json"
    )

    [row] = ended.json["Rows"]
    assert row["Ref"] == f"{TABLE}|{app}|default|DB"
    assert row["UserName"] == f"u{app[-8:]}"
    assert got(program, app) == "of-the-year-2017"


def test_env_says_where_rows_of_2017_go(program: Program, old_2017: OldTable, app: str) -> None:
    row_2017(old_2017, app, "goes-to-prod")

    program.succeed(
        "adopt", old_2017.name, "--layout", "2017", "--name", "DB", "--stack-name", app,
        "--env", "prod",
    )  # fmt: skip

    assert got(program, app, "prod") == "goes-to-prod"


def test_a_row_of_2017_that_no_name_fits_is_reported(
    program: Program, old_2017: OldTable, app: str
) -> None:
    row_2017(old_2017, app, "known-by-name")
    row_2017(old_2017, f"{app}-unknown", "not-known-by-name")

    ended = program("adopt", old_2017.name, "--layout", "2017", "--name", "DB", "--stack-name", app)

    assert ended.code == 1
    digest = hashlib.sha256(f"{app}-unknown".encode()).hexdigest()
    [line] = [line for line in ended.out.splitlines() if digest in line]
    assert line.startswith("not adopted")
    assert "belongs to none of the stacks" in line
    assert got(program, app) == "known-by-name"


def test_nothing_is_adopted_over_a_live_secret(program: Program, old: OldTable, app: str) -> None:
    row_2016(old, app, "prod", "stands-there-first")
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB", "--delete"]
    program.succeed(*words)
    row_2016(old, app, "prod", "comes-too-late")

    ended = program(*words)

    assert ended.code == 1
    assert "A live secret" in ended.out
    assert got(program, app, "prod") == "stands-there-first"
    assert len(old.rows()) == 1


def test_over_a_deleted_secret_a_new_life_begins(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    stack = Stack(aws, app)
    stack.deploy(secrets(DB={"Env": "prod"}))
    stack.delete()
    row_2016(old, app, "prod", "second-life")

    program.succeed("adopt", old.name, "--layout", "2016", "--name", "DB")

    assert got(program, app, "prod") == "second-life"
    history = program.succeed("history", app, "DB", "--env", "prod", "--json").json["Versions"]
    assert [version["Source"] for version in history] == ["Generated", "Adopted"]


def test_a_rehearsal_says_what_would_happen_and_writes_nothing(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "only-rehearsed")
    row_2016(old, f"{app}-bad", "prod", "is-not-right", password={"S": "c2hvcnQ="})
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB", "--dry-run", "--delete"]

    with aws.recorder.recording("dynamodb") as calls:
        ended = program(*words)

    assert ended.code == 1
    assert f"would adopt     stackname={app}, env=prod" in ended.out
    assert f"not adopted     stackname={app}-bad, env=prod" in ended.out
    assert set(calls) <= {"dynamodb:DescribeTable", "dynamodb:Scan", "dynamodb:GetItem"}
    assert program("get", app, "DB", "--env", "prod").code == 1
    assert len(old.rows()) == 2


def test_delete_removes_the_old_row_after_the_new_record_reads_back(
    program: Program, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "old-row-goes")

    ended = program.succeed("adopt", old.name, "--layout", "2016", "--name", "DB", "--delete")

    assert "(old row deleted)" in ended.out
    assert old.rows() == []
    assert got(program, app, "prod") == "old-row-goes"


def test_delete_leaves_a_row_whose_record_was_tampered_with(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "old-row-stays")
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB"]
    program.succeed(*words)
    key = {"StackName": {"S": app}, "EnvName": {"S": "prod#DB"}}
    dynamodb = aws.client("dynamodb")
    item = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    version = item["Versions"]["L"][0]["M"]
    version["Ciphertext"] = {"B": version["Ciphertext"]["B"][:-1] + b"\0"}
    dynamodb.put_item(TableName=TABLE, Item=item)

    ended = program(*words, "--delete")

    assert ended.code == 1
    assert "The old row stays: " in ended.out
    assert len(old.rows()) == 1


def test_another_key_can_be_named_and_is_no_declared_key(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "under-another-key")
    key = aws.client("kms").create_key()["KeyMetadata"]

    program.succeed(
        "adopt", old.name, "--layout", "2016", "--name", "DB", "--kms-key-id", key["KeyId"]
    )

    [version] = program.succeed("history", app, "DB", "--env", "prod", "--json").json["Versions"]
    assert version["KeyArn"] == key["Arn"]
    item = aws.client("dynamodb").get_item(
        TableName=TABLE, Key={"StackName": {"S": app}, "EnvName": {"S": "prod#DB"}}
    )["Item"]
    assert "KeyId" not in item


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--layout", "2016"], 2, "--name is missing"),
        (["--layout", "2017", "--name", "DB"], 2, "--stack-name is missing"),
        (["--layout", "credstash"], 2, "one --stack-name"),
        (["--layout", "2015", "--name", "DB"], 2, "2015"),
        (["--layout", "2016", "--name", "DB", "--context", "a=b"], 2, "--context is for"),
        (["--layout", "2017", "--name", "DB", "--stack-name", "x"], 2, "has the keys stackname"),
        (["--layout", "credstash", "--stack-name", "x"], 2, "this layout has name and version"),
        (["--layout", "2016", "--name", "DB", "--stack-name", "@/nix"], 2, "cannot be read"),
        (["--layout", "2016", "--name", "DB", "--kms-key-id", "?"], 2, "--kms-key-id must be"),
        (["--layout", "2016", "--name", "DB", "--kms-key-id", "alias/nix"], 3, "does not exist"),
        (["--layout", "2016", "--name", "DB", "--table-name", "nix"], 3, "does not exist"),
        (["--layout", "2016", "--name", "D|B"], 2, "Name must be without"),
    ],
)
def test_bad_options_are_refused_and_change_nothing(
    program: Program, old: OldTable, app: str, options: list[str], code: int, said: str
) -> None:
    row_2016(old, app, "prod", "not-touched-at-all")

    ended = program("adopt", old.name, *options)

    assert ended.code == code, ended.err
    assert said in ended.err + ended.out
    assert program("get", app, "DB", "--env", "prod").code == 1


def test_an_old_table_that_is_not_there_is_an_aws_failure(program: Program) -> None:
    ended = program("adopt", "no-such-table", "--layout", "2016", "--name", "DB")

    assert ended.code == 3
    assert "no-such-table" in ended.err


def test_a_disabled_key_is_told_before_any_row(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    row_2016(old, app, "prod", "key-is-disabled")
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    aws.client("kms").disable_key(KeyId=key)

    ended = program("adopt", old.name, "--layout", "2016", "--name", "DB", "--kms-key-id", key)

    assert ended.code == 3
    assert "is in the state Disabled" in ended.err
    assert ended.out == ""


def test_a_row_that_dynamodb_refuses_does_not_stop_the_others(
    program: Program, old: OldTable, app: str
) -> None:
    """Its environment and the name together are longer than a sort key may be."""
    row_2016(old, f"{app}-00", "e" * 1022, "too-long-a-name")
    for n in range(1, 30):
        row_2016(old, f"{app}-{n:02}", "prod", f"password-{n}")

    ended = program("adopt", old.name, "--layout", "2016", "--name", "DB", "--json")

    assert ended.code == 1
    assert ended.json["Counts"] == {"Adopted": 29, "AdoptedBefore": 0, "NotAdopted": 1}


def test_a_file_of_stacks_may_begin_with_a_byte_order_mark(
    program: Program, old: OldTable, app: str, tmp_path: Path
) -> None:
    row_2016(old, app, "prod", "by-a-windows-editor")
    file = tmp_path / "stacks.txt"
    file.write_text(f"{app}\r\n", "utf-8-sig")

    program.succeed(
        "adopt", old.name, "--layout", "2016", "--name", "DB", "--stack-name", f"@{file}"
    )


def test_delete_leaves_a_row_whose_password_is_history_of_an_earlier_life(
    program: Program, aws: local.LocalAws, old: OldTable, app: str
) -> None:
    """The live secret has another one; the type never takes this one up again, and drops it."""
    stack = Stack(aws, app)
    row_2016(old, app, "default", "of-an-earlier-life")
    words = ["adopt", old.name, "--layout", "2016", "--name", "DB"]
    program.succeed(*words)
    [item] = stack.items().values()
    aws.client("dynamodb").put_item(TableName=TABLE, Item={**item, "DeletedTime": {"S": "then"}})
    stack.deploy(secrets(DB={}))

    program(*words, "--delete")

    assert len(old.rows()) == 1
