"""guide/observe.md answers who read a password, over records made of calls that were sent."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from local.events import Operation
from myorg_secrets import SecretsClient
from myorg_secrets_password import clients, journal
from tests.guide.pages import blocks_of, in_backticks, rows_of
from tests.observe.template import RESOURCES
from tests.observe.trail import Record, Trail
from tests.world import REGION, Secret, World
from tools.project import ROOT

PAGE = ROOT / "guide" / "observe.md"
ROLE = "arn:aws:sts::123456789012:assumed-role"
HANDLERS, APP, OTHER = f"{ROLE}/execution/cfn", f"{ROLE}/app/i-0123456789", f"{ROLE}/batch/job"
THIEF = f"{ROLE}/app/thief"
WHO_READ, WHAT_WAS_READ, TAKEN_AWAY = [one.text for one in blocks_of(PAGE) if one.language == "sql"]
[PROGRAM] = [one.text for one in blocks_of(PAGE) if one.language == "python"]
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/example/1"


@pytest.fixture
def secret(world: World) -> Secret:
    return world.secret("DBPassword", stack="example")


@pytest.fixture
def records(world: World, secret: Secret, quiet_sdk: None) -> Iterator[list[Record]]:
    """What a day leaves in the trail: two readers, a cache, a rotation, a theft, another key."""
    trail = Trail(HANDLERS)
    handlers = clients.clients_for(REGION, clients.Credentials("", "", None)).kms
    app, batch = SecretsClient(max_age=3600), SecretsClient()
    another = world.client("kms").create_key()["KeyMetadata"]["KeyId"]
    other = world.secret("Other", stack="example")
    with trail.watching(handlers, app._connection.kms, batch._connection.kms, world.kms):
        secret.create(Env="dev")
        other.create(Env="dev")
        trail.by(APP, lambda: app.get("example", "DBPassword", "dev"))
        trail.by(APP, lambda: app.get("example", "DBPassword", "dev"))
        trail.by(OTHER, lambda: batch.get("example", "Other", "dev"))
        secret.update(Env="dev", RotationToken="2")
        app.refresh()
        trail.by(APP, lambda: app.get("example", "DBPassword", "dev"))
        stolen = world.item(other) or {}
        context = {
            "Type": "MyOrg::Secrets::Password",
            "StackName": "example",
            "Env": "dev",
            "Name": "DBPassword",
            "VersionId": "stolen",
        }
        blob = _ciphertext(stolen)
        trail.by(THIEF, lambda: world.kms.decrypt(CiphertextBlob=blob, EncryptionContext=context))
        other.update(Env="dev", KeyId=another)
        key = world.storage.key_id
        foreign = world.kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})
        world.kms.decrypt(CiphertextBlob=foreign["CiphertextBlob"], EncryptionContext={"a": "b"})
    yield trail.records


def _ciphertext(item: dict[str, Any]) -> bytes:
    found = json.dumps(item, default=lambda raw: bytes(raw).hex())
    [blob] = re.findall(r'"Ciphertext": \{"B": "([0-9a-f]+)"', found)
    return bytes.fromhex(blob)


def flattened(record: Record) -> dict[str, Any]:
    """Return a record's columns as Athena's table has them; structs are flattened."""
    identity = record["userIdentity"]
    return {
        "eventtime": record["eventTime"],
        "eventsource": record["eventSource"],
        "eventname": record["eventName"],
        "sourceipaddress": record["sourceIPAddress"],
        "errorcode": record.get("errorCode"),
        "requestparameters": json.dumps(record["requestParameters"]),
        "useridentity.arn": identity["arn"],
        "useridentity.sessioncontext.sessionissuer.username": identity["sessionContext"][
            "sessionIssuer"
        ]["userName"],
    }


def asked(query: str, records: list[Record]) -> list[tuple[Any, ...]]:
    """Run a query in SQLite, which lacks one function and the structs of Athena."""

    def json_extract_scalar(text: str, path: str) -> str | None:
        found = json.loads(text)
        for step in path.removeprefix("$.").split("."):
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, str) else None

    rows = [flattened(record) for record in records]
    database = sqlite3.connect(":memory:")
    try:
        database.create_function("json_extract_scalar", 2, json_extract_scalar)
        columns = ", ".join(f'"{name}"' for name in rows[0])
        database.execute(f"CREATE TABLE cloudtrail_logs ({columns})")
        marks = ", ".join("?" * len(rows[0]))
        database.executemany(
            f"INSERT INTO cloudtrail_logs VALUES ({marks})",  # noqa: S608  # question marks alone
            [tuple(row.values()) for row in rows],
        )
        return database.execute(re.sub(r"useridentity(\.\w+)+", r'"\g<0>"', query)).fetchall()
    finally:
        database.close()


def readings(records: list[Record], name: str) -> list[Record]:
    """Return the records of an encryption context with this name, by other means."""
    return [
        record
        for record in records
        if record["eventName"] == "Decrypt"
        and record["requestParameters"]["encryptionContext"].get("Name") == name
    ]


def test_who_read_this_password_and_when(records: list[Record], secret: Secret) -> None:
    """Each reading, the failed one too, and neither another secret's nor one from the cache."""
    rows = asked(WHO_READ, records)

    assert [(who, error) for _, who, _, error, _ in rows] == [
        (THIEF, "InvalidCiphertextException"),
        (APP, None),
        (HANDLERS, None),
        (APP, None),
        (HANDLERS, None),
    ]
    assert [row[0] for row in rows] == [
        record["eventTime"] for record in reversed(readings(records, "DBPassword"))
    ]
    assert rows[1][4] == secret.model["VersionId"] != rows[3][4]


def test_what_a_role_has_read(records: list[Record]) -> None:
    """What it tried to read in vain is not among it."""
    last = [one["eventTime"] for one in readings(records, "DBPassword") if APP in str(one)][-1]

    assert asked(WHAT_WAS_READ, records) == [("example", "dev", "DBPassword", 2, last)]


def test_who_took_passwords_to_another_key(records: list[Record]) -> None:
    [(_, who, stack, name, destination)] = asked(TAKEN_AWAY, records)

    assert (who, stack, name) == (HANDLERS, "example", "Other")
    assert destination != records[0]["requestParameters"]["keyId"]


def run_program(records: list[Record], *arguments: str) -> list[str]:
    """Run the page's program as its users do, on what `lookup-events` prints of Decrypt."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        input=json.dumps([json.dumps(one) for one in records if one["eventName"] == "Decrypt"]),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_the_quick_look_says_the_same(records: list[Record]) -> None:
    lines = run_program(records, "example", "dev", "DBPassword")

    assert [tuple(line.split()[0:3:2]) for line in reversed(lines)] == [
        row[:2] for row in asked(WHO_READ, records)
    ]
    assert [line.split()[1] for line in lines].count("read") == 4


def test_the_quick_look_takes_records_without_parameters(records: list[Record]) -> None:
    """CloudTrail may leave them out, and AWS's own services have no ARN."""
    decrypt = readings(records, "DBPassword")[0]
    bare = {**decrypt, "requestParameters": None, "userIdentity": {"type": "AWSService"}}

    everything = run_program([bare, *records])

    assert len(everything) == sum(
        record["eventName"] == "Decrypt" and "Type" in str(record["requestParameters"])
        for record in records
    )


def test_no_record_holds_a_value_and_each_names_its_secret(
    world: World, secret: Secret, records: list[Record]
) -> None:
    """So the context is enough, and the trail is no leak."""
    assert secret.value not in json.dumps(records)
    for record in readings(records, "DBPassword"):
        context = record["requestParameters"]["encryptionContext"]
        assert context.keys() == {"Type", "StackName", "Env", "Name", "VersionId"}


# --- What the page says of the line and the alarms ---


def test_the_page_has_every_field_of_the_line_in_its_order() -> None:
    fields = [in_backticks(row[0])[0] for row in rows_of(PAGE, "Field", "What it says")]

    assert sorted(fields) == sorted(journal.NAMES.values())


def test_the_page_s_line_is_one_of_ours(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The example has the fields, in their order, that a create in a stack really leaves."""
    [example] = [one.text for one in blocks_of(PAGE) if one.language == "json"]
    operation = Operation("CREATE", {"Env": "dev"}, "t", stack_id=STACK, logical_id="DBPassword")
    caplog.clear()
    world.succeed(operation)

    [line] = [one.getMessage() for one in caplog.records if one.name.endswith(".framework")]
    ours, theirs = json.loads(line), json.loads(example)
    assert list(ours) == list(theirs)
    assert {**ours, "identifier": "", "ms": 0} | {
        name: theirs[name] for name in ("versionId", "stackId", "requestTokenHash")
    } == {**theirs, "identifier": "", "ms": 0}
    assert ours["identifier"] == theirs["identifier"]


def test_the_log_s_queries_name_fields_that_the_line_has() -> None:
    queries = "".join(one.text for one in blocks_of(PAGE) if one.language == "text")
    known = {*journal.NAMES.values(), "table", "stack", "env", "name", "failures", "lastMessage"}
    words = set(re.findall(r"(?<![@\w.\"])[a-z][A-Za-z]+(?![\w(])", queries))
    syntax = {
        "fields",
        "filter",
        "sort",
        "limit",
        "desc",
        "parse",
        "as",
        "by",
        "stats",
        "in",
        "and",
    }

    assert words - syntax - {"kms"} <= known


def test_the_page_has_every_alarm_and_rule() -> None:
    named = {in_backticks(row[0])[0] for row in rows_of(PAGE, "Resource", "It tells", "What to do")}

    assert named == {
        name
        for name, one in RESOURCES.items()
        if one["Type"] in ("AWS::CloudWatch::Alarm", "AWS::Events::Rule")
    }
