"""`adopt` on whole tables: 1,000 rows of each layout, one in twenty broken, told truthfully."""

import base64
import hashlib
import itertools
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import credstash
import pytest
from moto.kms.models import kms_backends

import local
from local.environment import ACCOUNT_ID, REGION
from tests.cli.old_tables import OldTable, flaws, passwords_in, row_2016, row_2017
from tests.cli.runner import START, Program
from tests.local.stacks import Stack

TABLE = "myorg-secrets-password"

ROWS = int(os.environ.get("OLD_ROWS", "1000"))
EVERY = 20
"""One row in so many is broken."""


def values(aws: local.LocalAws, prefix: str) -> dict[tuple[str, str], str]:
    """What each secret DB of these stacks holds now, by stack and environment."""
    found = passwords_in(aws, TABLE, prefix)
    return {(stack, env): value for (stack, env, name), value in found.items() if name == "DB"}


def break_some(table: OldTable, rows: list[dict[str, Any]], attribute: str) -> dict[str, str]:
    """Break every twentieth row, each way in turn; return what must be said of each."""
    ways = itertools.cycle(flaws(table, attribute).values())
    said = {}
    for item in rows[::EVERY]:
        change, reason = next(ways)
        table.put(change(item))
        said[", ".join(f"{key}={item[key]['S']}" for key in table.keys)] = reason
    return said


def told(ended: Any) -> dict[str, dict[str, str]]:
    return {row["Row"]: row for row in ended.json["Rows"]}


def see_that_it_is_true(
    program: Program, words: list[str], table: OldTable, broken: dict[str, str], good: Any
) -> None:
    """Rehearse, adopt, adopt again: what is said is what is done."""
    rehearsed = program(*words, "--dry-run", "--json")
    adopted = program(*words, "--json")
    again = program(*words, "--json")

    assert (rehearsed.code, adopted.code, again.code) == (1, 1, 1)
    for ended, status in ((rehearsed, "Adopted"), (adopted, "Adopted"), (again, "AdoptedBefore")):
        rows = told(ended)
        assert len(rows) == ROWS
        for row, reason in broken.items():
            assert rows[row]["Status"] == "NotAdopted"
            assert reason in rows[row]["Reason"]
        others = [details for row, details in rows.items() if row not in broken]
        assert {details["Status"] for details in others} == {status}
        assert ended.json["Counts"][status] == ROWS - len(broken)
        assert ended.json["Counts"]["NotAdopted"] == len(broken)
    assert values(table.aws, table.name.removeprefix("old-")) == good
    assert len(table.rows()) == ROWS


def test_a_table_of_2016(program: Program, aws: local.LocalAws) -> None:
    app = uuid.uuid4().hex[:8]
    table = OldTable(aws, f"old-{app}", ("stackname", "env"))
    rows = [
        row_2016(table, f"{app}-{n}", env, f"password-{app}-{n}-{env}")
        for n in range(ROWS // 2)
        for env in ("dev", "prod")
    ]
    broken = break_some(table, rows, "password")
    good = {
        (item["stackname"]["S"], item["env"]["S"]): password
        for item, password in zip(rows, table.passwords.values(), strict=True)
        if f"stackname={item['stackname']['S']}, env={item['env']['S']}" not in broken
    }

    see_that_it_is_true(
        program, ["adopt", table.name, "--layout", "2016", "--name", "DB"], table, broken, good
    )


def test_a_table_of_2017(program: Program, aws: local.LocalAws, tmp_path: Any) -> None:
    app = uuid.uuid4().hex[:8]
    table = OldTable(aws, f"old-{app}", ("dbid",))
    rows = [row_2017(table, f"{app}-{n}", f"password-{app}-{n}") for n in range(ROWS)]
    broken = break_some(table, rows, "b64_password")
    good = {
        key: password
        for key, password in table.passwords.items()
        if f"dbid={hashlib.sha256(key[0].encode()).hexdigest()}" not in broken
    }
    names = tmp_path / "stacks.txt"
    names.write_text("\n".join(f"{app}-{n}" for n in range(ROWS)), "utf-8")

    words = ["adopt", table.name, "--layout", "2017", "--name", "DB", "--stack-name", f"@{names}"]
    see_that_it_is_true(program, words, table, broken, good)


@pytest.fixture
def store(aws: local.LocalAws) -> dict[str, Any]:
    """Where credstash puts what it is told to; the arguments of its functions."""
    session = boto3.Session(region_name=aws.session.region_name)
    dynamodb, kms = session.resource("dynamodb"), session.client("kms")
    table = f"credstash-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=table,
        KeySchema=[
            {"AttributeName": "name", "KeyType": "HASH"},
            {"AttributeName": "version", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "name", "AttributeType": "S"},
            {"AttributeName": "version", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    return {"table": table, "dynamodb": dynamodb, "kms": kms, "kms_key": key}


def put(store: dict[str, Any], name: str, secret: str, version: int = 1, **how: Any) -> None:
    """Have credstash itself put a secret."""
    credstash.putSecret(name, secret, credstash.paddedInt(version), **store, **how)


@contextmanager
def in_bulk(store: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same store for a thousand rows: its keys past the network, its rows in batches."""
    kms = kms_backends[ACCOUNT_ID][REGION]

    def data_key(**asked: Any) -> dict[str, bytes]:
        clear, ciphertext, _ = kms.generate_data_key(
            asked["KeyId"], asked["EncryptionContext"], asked["NumberOfBytes"], ""
        )
        return {"Plaintext": clear, "CiphertextBlob": ciphertext}

    with store["dynamodb"].Table(store["table"]).batch_writer() as batch:
        table = SimpleNamespace(put_item=lambda **asked: batch.put_item(asked["Item"]))
        yield {
            **store,
            "dynamodb": SimpleNamespace(Table=lambda name: table),
            "kms": SimpleNamespace(generate_data_key=data_key),
        }


def rows_of(store: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = store["dynamodb"].Table(store["table"]).scan()["Items"]
    return items


def test_a_table_of_credstash(program: Program, aws: local.LocalAws, store: dict[str, Any]) -> None:
    app = f"app-{uuid.uuid4().hex[:8]}"
    with in_bulk(store) as bulk:
        for n in range(ROWS):
            put(bulk, f"name.{n}", f"password-{app}-{n}")
    table = store["dynamodb"].Table(store["table"])

    def changed(**attributes: Any) -> Any:
        return lambda item: {
            name: value for name, value in {**item, **attributes}.items() if value is not None
        }

    ways = itertools.cycle(
        [
            (changed(hmac="00" * 32), "HMAC"),
            (changed(hmac="not hexadecimal"), "neither base64 nor hexadecimal"),
            (changed(contents=base64.b64encode(b"something else").decode()), "HMAC"),
            (changed(contents=None), "has no 'contents'"),
            (changed(key=base64.b64encode(bytes(140)).decode()), "kms:Decrypt"),
            (changed(key=None), "has no 'key'"),
            (changed(digest="CRC32"), "digest"),
        ]
    )
    broken = {}
    for n in range(0, ROWS, EVERY):
        change, reason = next(ways)
        key = {"name": f"name.{n}", "version": credstash.paddedInt(1)}
        table.put_item(Item=change(table.get_item(Key=key)["Item"]))
        broken[f"name=name.{n}"] = reason
    words = ["adopt", store["table"], "--layout", "credstash", "--stack-name", app, "--json"]

    ended = program(*words)

    assert ended.code == 1
    rows = told(ended)
    assert len(rows) == ROWS
    for row, reason in broken.items():
        assert rows[row]["Status"] == "NotAdopted"
        assert reason in rows[row]["Reason"]
    good = [n for n in range(ROWS) if f"name=name.{n}" not in broken]
    assert {rows[f"name=name.{n}"]["Status"] for n in good} == {"Adopted"}
    assert passwords_in(aws, TABLE, app) == {
        (app, "default", f"name.{n}"): f"password-{app}-{n}" for n in good
    }


def test_of_each_name_in_credstash_the_newest_version_comes(
    program: Program, store: dict[str, Any]
) -> None:
    app = f"app-{uuid.uuid4().hex[:8]}"
    for version in (1, 2, 10):
        put(store, "db", f"password-of-version-{version}", version)
    put(store, "mq", "another-name", digest="SHA512")
    words = ["adopt", store["table"], "--layout", "credstash", "--stack-name", app]

    program.succeed(*words, "--name", "db", "--env", "prod")

    assert program.succeed("get", app, "db", "--env", "prod", "-n").out == "password-of-version-10"
    assert program("get", app, "mq").code == 1
    program.succeed(*words)
    assert program.succeed("get", app, "mq", "-n").out == "another-name"


def test_what_credstash_put_with_a_context_needs_it(
    program: Program, store: dict[str, Any]
) -> None:
    app = f"app-{uuid.uuid4().hex[:8]}"
    put(store, "db", "put-with-a-context", context={"env": "prod", "team": "a=b"})
    words = ["adopt", store["table"], "--layout", "credstash", "--stack-name", app]

    without = program(*words)

    assert without.code == 1
    assert "Was it put with an encryption context (--context)?" in without.out
    program.succeed(*words, "--context", "env=prod", "--context", "team=a=b")
    assert program.succeed("get", app, "db", "-n").out == "put-with-a-context"


def test_delete_takes_all_versions_of_a_name_from_credstash(
    program: Program, store: dict[str, Any]
) -> None:
    """An older one that stayed would be taken for the newest at the next run."""
    app = f"app-{uuid.uuid4().hex[:8]}"
    for version in (1, 2):
        put(store, "db", f"password-of-version-{version}", version)
    put(store, "bad", "is-broken-later")
    table = store["dynamodb"].Table(store["table"])
    table.put_item(Item={"name": "bad", "version": credstash.paddedInt(2)})
    words = ["adopt", store["table"], "--layout", "credstash", "--stack-name", app, "--delete"]

    ended = program(*words)

    assert ended.code == 1
    assert program.succeed("get", app, "db", "-n").out == "password-of-version-2"
    assert [item["name"] for item in rows_of(store)] == ["bad", "bad"]


def test_versions_that_are_not_padded_alike_are_not_guessed_between(
    program: Program, store: dict[str, Any]
) -> None:
    app = f"app-{uuid.uuid4().hex[:8]}"
    put(store, "db", "which-is-newest")
    [item] = rows_of(store)
    for version in ("9", "10"):
        store["dynamodb"].Table(store["table"]).put_item(Item={**item, "version": version})

    ended = program("adopt", store["table"], "--layout", "credstash", "--stack-name", app)

    assert ended.code == 1
    assert "not padded alike" in ended.out


@pytest.mark.parametrize("secret", ["", "x" * 4097])
def test_what_is_no_password_for_a_record_stays_in_credstash(
    program: Program, store: dict[str, Any], secret: str
) -> None:
    app = f"app-{uuid.uuid4().hex[:8]}"
    put(store, "db", secret)

    ended = program("adopt", store["table"], "--layout", "credstash", "--stack-name", app)

    assert ended.code == 1
    assert "1 to 4096 bytes" in ended.out


def test_without_the_extra_that_is_said(program: Program, store: dict[str, Any]) -> None:
    app = f"app-{uuid.uuid4().hex[:8]}"
    put(store, "db", "needs-cryptography")
    start = "import sys; sys.modules['cryptography'] = None; "

    process = subprocess.run(
        [START[0], "-c", start + START[2], "adopt", store["table"], "--layout", "credstash",
         "--stack-name", app],
        env=program.environment(),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert process.returncode == 2
    assert "pip install 'myorg-secrets[credstash]'" in process.stderr


def test_interrupted_and_run_again_it_goes_on(program: Program, aws: local.LocalAws) -> None:
    """The process is killed in the middle of its work: nothing is lost, and nothing done twice."""
    app = uuid.uuid4().hex[:8]
    table = OldTable(aws, f"old-{app}", ("stackname", "env"))
    for n in range(100):
        row_2016(table, f"{app}-{n}", "prod", f"password-{app}-{n}")
    words = ["adopt", table.name, "--layout", "2016", "--name", "DB"]
    process = subprocess.Popen(
        [*START, *words], env=program.environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    for _ in range(20):
        assert process.stdout.readline().startswith(b"adopted ")
    process.kill()
    process.wait(60)
    process.stdout.close()
    time.sleep(0.2)  # for what was under way at the emulator

    counts = json.loads(program.succeed(*words, "--json").out)["Counts"]

    assert counts["AdoptedBefore"] >= 20
    assert counts["Adopted"] + counts["AdoptedBefore"] == 100
    assert counts["Adopted"] > 0
    assert values(aws, app) == table.passwords
    for n in range(100):
        [item] = Stack(aws, f"{app}-{n}").items().values()
        assert len(item["Versions"]["L"]) == 1
