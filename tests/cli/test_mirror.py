"""`mirror`, and what reads the copies, as processes of their own."""

import uuid
from dataclasses import dataclass, field

import pytest

import local
from tests.cli.old_tables import passwords_in
from tests.cli.runner import Program
from tests.cli.test_backup import create, empty, items
from tests.local.stacks import Stack, secrets


@dataclass
class Place:
    """A bucket and a key for copies, and a table of its own to be copied."""

    aws: local.LocalAws
    table: str = field(default_factory=lambda: f"secrets-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        create(self.aws, self.table)
        self.aws.client("s3").create_bucket(
            Bucket=self.table,
            CreateBucketConfiguration={"LocationConstraint": self.aws.session.region_name},
        )
        kms = self.aws.client("kms")
        self.key = kms.create_key()["KeyMetadata"]["KeyId"]  # moto disables no key by its ARN
        self.copies_key = kms.create_key()["KeyMetadata"]["Arn"]
        self.location = f"s3://{self.table}/passwords"

    @property
    def mirror(self) -> list[str]:
        """The words that bring the copies up to date."""
        words = ["mirror", self.location, "--table-name", self.table]
        return [*words, "--kms-key-id", self.copies_key]

    def get(self, *words: str) -> list[str]:
        return ["get", *words, "--table-name", self.table, "--from", self.location]


@pytest.fixture
def place(aws: local.LocalAws) -> Place:
    return Place(aws)


@pytest.fixture
def filled(stack: Stack, place: Place) -> Stack:
    """A stack with a secret that was rotated, and one that was deleted."""
    of_all = {"TableName": place.table, "KeyId": place.key}
    stack.deploy(secrets(DB={**of_all, "RotationToken": "1"}, MQ=of_all))
    stack.deploy(secrets(DB={**of_all, "RotationToken": "2"}))
    return stack


def test_copies_are_written_once_and_say_so(program: Program, place: Place, filled: Stack) -> None:
    first = program.succeed(*place.mirror)
    second = program.succeed(*place.mirror)
    third = program.succeed(*place.mirror, "--rewrite", "--json")

    assert first.err.endswith("2 written, 0 unchanged, 0 left out.\n")
    assert [line.split()[0] for line in first.out.splitlines()] == ["written", "written"]
    assert second.err.endswith("0 written, 2 unchanged, 0 left out.\n")
    assert second.out == ""
    assert third.json == {
        "Counts": {"Written": 2, "Unchanged": 0, "LeftOut": 0},
        "Problems": [],
    }


def test_an_unchanged_record_costs_no_call_of_kms_and_no_write(
    program: Program, aws: local.LocalAws, place: Place, filled: Stack
) -> None:
    program.succeed(*place.mirror)
    versions = aws.client("s3").list_objects_v2(Bucket=place.table)["Contents"]

    with aws.recorder.recording("kms") as calls:
        program.succeed(*place.mirror)

    assert calls == ["kms:DescribeKey"]
    assert aws.client("s3").list_objects_v2(Bucket=place.table)["Contents"] == versions


def test_the_copy_serves_without_the_table_and_without_its_key(
    program: Program, aws: local.LocalAws, place: Place, filled: Stack
) -> None:
    value = passwords_in(aws, place.table, filled.name)[filled.name, "default", "DB"]
    program.succeed(*place.mirror)
    aws.client("kms").disable_key(KeyId=place.key)
    aws.client("dynamodb").delete_table(TableName=place.table)

    plain = program("get", filled.name, "DB", "--table-name", place.table)
    read = program.succeed(*place.get(filled.name, "DB"))
    as_json = program.succeed(*place.get(filled.name, "DB"), "--json").json
    passed = program.succeed(
        "exec", filled.name, "DB", "--table-name", place.table, "--from", place.location,
        "--", "printenv", "SECRET_VALUE",
    )  # fmt: skip

    assert plain.code == 3
    assert read.out == passed.out == f"{value}\n"
    assert as_json["Value"] == value


def test_what_is_not_among_the_copies_is_not_found(
    program: Program, place: Place, filled: Stack
) -> None:
    program.succeed(*place.mirror)

    absent, deleted = (
        program(*place.get(filled.name, "Nobody")),
        program(*place.get(filled.name, "MQ")),
    )

    assert (absent.code, deleted.code) == (1, 1)
    assert "There is no copy of" in absent.err
    assert "was deleted at" in deleted.err


def test_the_copies_come_back_into_a_new_table_under_its_key(
    program: Program, aws: local.LocalAws, place: Place, filled: Stack
) -> None:
    """Every version, and what a deleted secret was: as they were, but for the key."""
    before, values = items(aws, place.table), passwords_in(aws, place.table, filled.name)
    program.succeed(*place.mirror)
    empty(aws, place.table)
    words = ["import", f"{place.location}/", "--table-name", place.table]
    words += ["--kms-key-id", aws.storage.key_alias]

    rehearsed = program.succeed(*words, "--dry-run")
    nothing = items(aws, place.table)
    imported = program.succeed(*words)

    assert "2 would import" in rehearsed.err
    assert nothing == {}
    assert "2 imported" in imported.err
    assert passwords_in(aws, place.table, filled.name) == values
    for name, item in items(aws, place.table).items():
        assert without_ciphertext(item) == without_ciphertext(before[name])
        for version in item["Versions"]["L"]:
            assert version["M"]["KeyArn"] == {"S": aws.storage.key_arn}


def without_ciphertext(item: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in item.items() if name != "Versions"}


def test_a_record_whose_key_is_lost_gives_way_to_its_copy(
    program: Program, aws: local.LocalAws, place: Place, filled: Stack
) -> None:
    values = passwords_in(aws, place.table, filled.name)
    program.succeed(*place.mirror)
    aws.client("kms").schedule_key_deletion(KeyId=place.key, PendingWindowInDays=7)

    words = ["import", f"{place.location}/", "--table-name", place.table]
    kept = program(*words[:2], "--table-name", place.table, "--dry-run", "--json")
    imported = program.succeed(*words, "--kms-key-id", aws.storage.key_alias)

    assert kept.json["Counts"]["Imported"] == 2
    assert "in place of one that is under a key that cannot be used" in imported.out
    assert passwords_in(aws, place.table, filled.name) == values


def test_what_is_not_as_it_should_be_is_reported_and_the_rest_is_copied(
    program: Program, aws: local.LocalAws, place: Place, filled: Stack
) -> None:
    item = next(iter(items(aws, place.table).values()))
    for changed in (
        {"EnvName": {"S": "default#Bad"}, "Versions": {"S": "x"}},
        {"EnvName": {"S": "x"}},
    ):
        aws.client("dynamodb").put_item(TableName=place.table, Item={**item, **changed})

    ended = program(*place.mirror)
    as_json = program(*place.mirror, "--json")

    assert (ended.code, as_json.code) == (1, 1)
    assert ended.err.endswith("3 written, 0 unchanged, 1 left out.\n")
    assert len(as_json.json["Problems"]) == 2
    assert program.succeed(*place.get(filled.name, "DB")).out


WRONG = {
    "no place in S3": (["mirror", "copies"], 2, "is no s3://BUCKET/PREFIX"),
    "no such bucket": (["mirror", "s3://nobody-made-it/x"], 3, "NoSuchBucket"),
    "no such key": (["mirror", "{place}", "--kms-key-id", "alias/nobody"], 3, "does not exist"),
    "no key": (["mirror", "{place}", "--kms-key-id", "a|b"], 2, "--kms-key-id"),
    "no such table": (["mirror", "{place}", "--table-name", "nobody"], 3, "does not exist"),
    "get from no place": (["get", "a", "b", "--from", "copies"], 2, "is no s3://BUCKET/PREFIX"),
    "get from no bucket": (["get", "a", "b", "--from", "s3://nobody-made-it"], 3, "NoSuchBucket"),
    "import from no bucket": (["import", "s3://nobody-made-it/x/"], 3, "NoSuchBucket"),
}


@pytest.mark.parametrize(("words", "code", "said"), WRONG.values(), ids=WRONG)
def test_bad_input_gets_one_clear_line_and_its_exit_code(
    program: Program, place: Place, stack: Stack, words: list[str], code: int, said: str
) -> None:
    stack.deploy(secrets(DB={}))

    ended = program(*(word.replace("{place}", place.location) for word in words))

    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1 or ended.code == 2


def test_any_name_can_be_copied_and_read(
    program: Program, aws: local.LocalAws, place: Place, stack: Stack
) -> None:
    names = ["a/b", "ü ber", "%2F", "..", "a b+c"]
    stack.deploy(secrets(**{
        f"S{number}": {"TableName": place.table, "Name": name} for number, name in enumerate(names)
    }))  # fmt: skip
    values = passwords_in(aws, place.table, stack.name)
    program.succeed(*place.mirror)
    aws.client("dynamodb").delete_table(TableName=place.table)

    read = {program.succeed(*place.get(stack.name, name), "-n").out for name in names}

    assert read == set(values.values())
