"""What is fuzzed: each target takes a JSON value or bytes, and raises a Finding.

The tests make the input by hypothesis from the schema, and `make fuzz` by atheris from what the
tests' strategies made, so that both try the same things.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from moto.kms.models import kms_backends

from local.events import Account, Operation, live_event
from myorg_secrets.adoption import credstash, layouts
from myorg_secrets.adoption.layouts import Unfit
from myorg_secrets_password import handlers
from myorg_secrets_password.exceptions import Damaged
from myorg_secrets_password.item import from_item, identity_of, key_of
from myorg_secrets_password.next_token import encode_token
from tests.fuzz import events, judging, schema
from tests.fuzz.events import PLANTED, STANDING, TABLE_NAME
from tests.fuzz.judging import judge_answer, judge_exit, judge_model, judge_types, require
from tests.fuzz.lab import Item, Laboratory, Served, as_item, as_json
from tests.world import ACCOUNT_ID, CREDENTIALS, REGION, Secret, World

REF = "|".join((TABLE_NAME, *STANDING.values()))
KEYS = {"StackName": STANDING["StackName"], "EnvName": "default#Standing"}
OLD_TABLE = "old-passwords"
EVERYONE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}],
}
"""A key policy; moto cannot judge one that CloudFormation gave."""
OLD_KEYS = {"stackname": "billing", "env": "prod"}


class Bench:
    """The laboratory with a secret in its table, and an older table beside it.

    No dataclass: hypothesis would print its fields.

    Attributes:
        item: of the secret, which has had several versions.
        value: the secret's.
        tombstone: the item of another one, as a delete left it.
        old_row: a row of 2016 that can be adopted.
    """

    def __init__(
        self, lab: Laboratory, item: Item, value: str, tombstone: Item, old_row: Item
    ) -> None:
        self.lab = lab
        self.item = item
        self.value = value
        self.tombstone = tombstone
        self.old_row = old_row

    def reset(self, item: Item | None = None) -> None:
        """Have one item in the table, by default the secret's."""
        self.lab.clear()
        self.lab.put(self.item if item is None else item)


def open_key(world: World) -> str:
    """Give the key a policy that moto can judge, and return the former one: see `close_key`."""
    key = kms_backends[ACCOUNT_ID][REGION].keys[world.storage.key_id]
    former, key.policy = key.policy, json.dumps(EVERYONE)
    return former


def close_key(world: World, policy: str) -> None:
    """Give the key back the policy that CloudFormation gave it."""
    kms_backends[ACCOUNT_ID][REGION].keys[world.storage.key_id].policy = policy


def old_table(world: World) -> None:
    """Create the older table, where it is not there."""
    if OLD_TABLE in world.dynamodb.list_tables()["TableNames"]:
        return
    world.dynamodb.create_table(
        TableName=OLD_TABLE,
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(OLD_KEYS, ("HASH", "RANGE"), strict=True)
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in OLD_KEYS],
        BillingMode="PAY_PER_REQUEST",
    )


def bench(world: World, lab: Laboratory) -> Bench:
    """Fill the tables."""
    secret = Secret(world, "Standing")
    secret.create(PasswordLength=20, Tags=[{"Key": "team", "Value": "pay"}], Description="one")
    secret.stack_tags = {"team": "shop"}
    for token in ("1", "2"):
        secret.update(RotationToken=token, Engine="mysql", IncludeSpace=False)
    value = secret.update(SecretString=PLANTED, ExcludeCharacters="ab", PasswordLength=20)
    item = world.item(secret)
    gone = Secret(world, "Gone")
    gone.create()
    gone.delete()
    tombstone = world.item(gone)
    assert item and tombstone
    ciphertext = world.kms.encrypt(KeyId=events.ALIAS, Plaintext=b"old-and-long-password")
    old_row = {name: {"S": text} for name, text in OLD_KEYS.items()}
    encoded = base64.b64encode(ciphertext["CiphertextBlob"]).decode()
    old_row |= {"password": {"S": encoded}, "user_name": {"S": "admin"}}
    return Bench(lab, item, value, tombstone, old_row)


# --- The live entry point ---


def live_event_target(at: Bench, event: Any) -> None:
    """Serve any JSON value as an event."""
    event = events.at_home(event)
    at.reset()
    served = at.lab.serve(event)
    _judge(at, served, event, event)


def test_event_target(at: Bench, event: Any) -> None:
    """Serve any JSON value at the framework's test entry point."""
    event = events.at_home(event)
    at.reset()
    served = at.lab.serve(event, handlers.test_entrypoint)
    _judge(at, served, event, events.live_form(event))


test_event_target.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def _judge(at: Bench, served: Served, sent: Any, event: Any) -> None:
    judge_answer(served, {*judging.secrets_in(sent), at.value})
    problems = events.problems_of(event)
    if problems:
        require(served.answer["status"] == "FAILED", f"refused: {problems[0]}")
        require(not served.calls, f"refused before any AWS call: {problems[0]}")
    else:
        message = served.answer.get("message")
        require(served.calls, f"what is valid is not refused: {message}")
    if served.answer["status"] == "SUCCESS":
        judge_model(event["action"], served.answer, events.asked_of(event))


def next_token_target(at: Bench, token: Any) -> None:
    """Go on with a list by any JSON value."""
    at.reset()
    event = live_event(Operation("LIST", {}, "t"), Account(ACCOUNT_ID, REGION), CREDENTIALS)
    event["requestData"]["providerLogGroupName"] = None
    event["nextToken"] = token
    served = at.lab.serve(event)
    _judge(at, served, event, event)
    code = served.answer.get("errorCode")
    require(code in (None, "InvalidRequest"), "a bad token is a bad request")


# --- Items of the table ---

UPDATES: tuple[Mapping[str, Any], ...] = (
    {},
    {"RotationToken": "new"},
    {"KeyId": events.ALIAS},
    {"SecretString": "another-and-own-one"},
    {"ReturnValue": False, "PasswordLength": 20},
)


def item_target(at: Bench, raw: Any) -> None:
    """Take any JSON value for an item that somebody wrote, and do everything with it."""
    item = as_item(raw, KEYS)
    for act in (_round_trip, _read, _update, _delete, _create, _list, _command_lines):
        act(at, item)


def item_at_handlers_target(at: Bench, raw: Any) -> None:
    """Take any JSON value for an item that somebody wrote, at the handlers alone."""
    item = as_item(raw, KEYS)
    for act in (_round_trip, _read, _update, _delete, _create, _list):
        act(at, item)


def _round_trip(at: Bench, item: Item) -> None:
    identity = identity_of(TABLE_NAME, item)
    if identity.is_complete:
        require(identity_of(TABLE_NAME, key_of(identity)) == identity, "a key says who it is of")
    try:
        record = from_item(TABLE_NAME, item)
    except Damaged as damaged:
        require(str(damaged), "a damaged item is told")
        return
    require(str(record), "a record can be shown")


def _place(item: Item) -> dict[str, str]:
    identity = identity_of(TABLE_NAME, item)
    return {"StackName": identity.stack_name, "Env": identity.env, "Name": identity.name}


def _handle(at: Bench, action: str, properties: Any, item: Item) -> Served:
    at.reset(item)
    operation = Operation(action, properties, "t", previous=_place(item))
    event = live_event(operation, Account(ACCOUNT_ID, REGION), CREDENTIALS)
    event["requestData"]["providerLogGroupName"] = None
    served = at.lab.serve(event)
    judge_answer(served, {at.value})
    if served.answer["status"] == "SUCCESS":
        judge_model(action, served.answer, events.asked_of(event))
        if "resourceModel" in served.answer:
            judge_types(served.answer["resourceModel"])
    return served


def _read(at: Bench, item: Item) -> None:
    _handle(at, "READ", _place(item), item)


def _update(at: Bench, item: Item) -> None:
    for update in UPDATES:
        _handle(at, "UPDATE", {**_place(item), **update}, item)


def _delete(at: Bench, item: Item) -> None:
    _handle(at, "DELETE", _place(item), item)


def _create(at: Bench, item: Item) -> None:
    served = _handle(at, "CREATE", _place(item), item)
    if "DeletedTime" not in item:
        require(served.answer["status"] == "FAILED", "nothing is created over what is there")
        require(at.lab.items() == [item] or not served.calls, "and what is there stays")


def _list(at: Bench, item: Item) -> None:
    served = _handle(at, "LIST", {}, item)
    require(served.answer["status"] == "SUCCESS", "one item never hides the others")


LINES: tuple[tuple[str, ...], ...] = (
    ("list", "--json"),
    ("list", "--deleted"),
    ("doctor", "--all"),
    ("history", "REF", "--show-values", "--json"),
    ("history", "REF"),
    ("get", "REF"),
    ("restore", "REF"),
)


def _command_lines(at: Bench, item: Item) -> None:
    identity = identity_of(TABLE_NAME, item)
    for line in LINES:
        at.reset(item)
        ended = at.lab.run(*(str(identity) if word == "REF" else word for word in line))
        shows = {"history", "get"} & set(line)
        judge_exit(ended, () if shows else {at.value})
        if "--json" in line and ended.code == 0:
            json.loads(ended.out)


# --- Export files ---

FLAGS = ("--allow-damaged", "--replace-damaged", "--unverified", "--dry-run", "--json")


def export_of(at: Bench) -> list[Any]:
    """Return a whole export, a JSON value for each line."""
    at.reset()
    at.lab.put(at.tombstone)
    path = at.lab.scratch / "seed.jsonl"
    ended = at.lab.run("export", str(path), "--overwrite")
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def export_file_target(at: Bench, content: bytes, flags: tuple[str, ...] = ()) -> None:
    """Import any bytes."""
    suffix = ".jsonl.gz" if content[:2] == b"\x1f\x8b" else ".jsonl"
    path = at.lab.scratch / f"fuzzed{suffix}"
    path.write_bytes(content)
    at.reset()
    ended = at.lab.run("import", str(path), *flags)
    judge_exit(ended, {at.value})
    require(at.value not in ended.out, "an import shows no value")
    after = at.lab.items()
    is_refused = ended.code == 2 and "--allow-damaged" not in flags
    if is_refused or "--dry-run" in flags:
        require(after == [at.item], "what is no whole export changes nothing")
    for item in after:
        if item != at.item and "--unverified" not in flags:
            record = from_item(TABLE_NAME, item)
            clear = at.lab.connection.cipher.reveal(record.identity, record.current)
            require(clear is not None, "what is imported can be read")
    if "--json" in flags and ended.code in (0, 1):
        json.loads(ended.out)


def lines_target(at: Bench, value: Any) -> None:
    """Import JSON lines, with a manifest that fits them where their last line is one."""
    flags: tuple[str, ...] = ()
    lines = value
    if isinstance(value, dict):
        chosen = value.get("Flags")
        flags = tuple(flag for flag in FLAGS if isinstance(chosen, list) and flag in chosen)
        lines = value.get("Lines")
    if not isinstance(lines, list):
        lines = [lines]
    export_file_target(at, written(lines), flags)


def written(lines: list[Any]) -> bytes:
    """Return lines as a file, whose last line has their checksum where it is a manifest."""
    raw = [json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines]
    manifest = lines[-1] if lines else None
    if isinstance(manifest, dict) and isinstance(manifest.get("Manifest"), dict):
        digest = hashlib.sha256(b"".join(raw[:-1])).hexdigest()
        whole = {"Manifest": {**manifest["Manifest"], "Records": len(raw) - 2, "SHA256": digest}}
        raw[-1] = json.dumps(whole, separators=(",", ":")).encode() + b"\n"
    return b"".join(raw)


def bent_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return a file that was cut off, changed or packed."""
    data = bytearray(content)
    for _ in range(rng.randint(0, 3)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                del data[at:]
            case 1:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                data[at:at] = rng.choice((b"\n", b"\0", b"\xff", b"\r\n", b"{", b"[" * 3000))
            case _:
                del data[at : at + rng.randint(1, 50)]
    packed = rng.randrange(3)
    if packed == 0:
        squeezed = bytearray(gzip.compress(bytes(data), 1, mtime=0))
        if rng.random() < 0.7:
            squeezed[rng.randrange(2, len(squeezed))] ^= 1 << rng.randrange(8)
        return bytes(squeezed[: rng.randint(2, len(squeezed))] if packed else squeezed)
    return bytes(data)


# --- Old rows ---


def old_row_target(at: Bench, raw: Any) -> None:
    """Take any JSON value for a row of an older table, and adopt it."""
    row = as_item(raw, OLD_KEYS)
    _layouts(raw)
    at.reset()
    at.lab.clear(OLD_TABLE)
    at.lab.put(row, OLD_TABLE)
    ended = at.lab.run("adopt", OLD_TABLE, "--layout", "2016", "--name", "Adopted", "--json")
    judge_exit(ended, {at.value})
    require(ended.code in (0, 1), "one row never stops the work")
    require(at.lab.items(OLD_TABLE) == [row], "the old row stays")
    outcome = json.loads(ended.out)["Rows"][0]
    if outcome["Status"] == "NotAdopted":
        require(outcome["Reason"], "what is not adopted is told")
        require(at.lab.items() == [at.item], "and nothing changes")
        return
    for item in at.lab.items():
        record = from_item(TABLE_NAME, item)
        clear = at.lab.connection.cipher.reveal(record.identity, record.current)
        require(not judging.leaks(ended.out + ended.err, [clear.reveal()]), "no value is shown")


def _layouts(raw: Any) -> None:
    """Read a row by each layout, as if its keys were those."""
    stacks = layouts.by_digest(["billing"])
    (digest,) = stacks
    readers: tuple[tuple[dict[str, str], Callable[[Item], object]], ...] = (
        (OLD_KEYS, lambda row: layouts.read_2016(row, "N", None)),
        (OLD_KEYS, lambda row: layouts.read_2016(row, "N", "password")),
        ({"dbid": digest}, lambda row: layouts.read_2017(row, "N", "e", stacks, None)),
        ({"rds_id": digest}, lambda row: layouts.read_2017(row, "N", "e", stacks, "password")),
        ({"name": "n", "version": "1"}, credstash.read),
    )
    for keys, read in readers:
        row = as_item(raw, keys)
        require(layouts.shown({key: row[key] for key in keys}), "a row has a name")
        try:
            read(row)
        except Unfit as unfit:
            require(str(unfit), "what does not fit is told")


# --- The command line ---

LISTING = ("list", "--json")


def command_line_target(at: Bench, words: Any) -> None:
    """Run any list of words."""
    line = [str(word) for word in words] if isinstance(words, list) else [str(words)]
    if line[:1] == ["exec"] or "--" in line:
        return  # it replaces this process
    line = [word.encode("utf-8", "replace").decode() for word in line]
    at.reset()
    ended = at.lab.run(*line)
    shows = {"get", "history"} & set(line)
    judge_exit(ended, () if shows else {at.value})
    require(at.lab.items() == [at.item], "what only reads changes nothing")
    if "--json" in line and ended.code == 0 and ended.out.startswith(("{", "[")):
        json.loads(ended.out)


def ref_target(at: Bench, ref: Any) -> None:
    """Name a secret by any text."""
    command_line_target(at, ["get", *([ref] if isinstance(ref, str) else ["", str(ref)])])


# --- All of them ---

Target = Callable[[Bench, Any], None]

TARGETS: dict[str, Target] = {
    "event": live_event_target,
    "test-event": test_event_target,
    "next-token": next_token_target,
    "item": item_at_handlers_target,
    "item-cli": item_target,
    "export-lines": lines_target,
    "old-row": old_row_target,
    "command-line": command_line_target,
    "ref": ref_target,
}
"""Those that take a JSON value, by the names that `make fuzz` has for them."""

RAW_TARGETS: dict[str, Callable[[Bench, bytes], None]] = {"export-file": export_file_target}
"""Those that take bytes."""

WORDS = (
    ["get", "orders", "Standing"],
    ["get", REF],
    ["get", REF, "--json", "--version-id", "x"],
    ["history", "orders", "Standing", "--env", "default", "--show-values"],
    ["list", "--stack-name", "orders", "--tag", "team=pay", "--json"],
    ["list", "orders", "--env", "default", "--deleted", "--table-name", TABLE_NAME],
    ["doctor", REF, "--json"],
    ["doctor", "orders", "--kms-key-id", events.ALIAS, "--region", REGION],
    ["restore", REF, "--json"],
    ["import", "/dev/null", "--allow-damaged"],
    ["completion", "bash"],
    ["adopt", OLD_TABLE, "--layout", "2017", "--name", "N", "--stack-name", "s", "--dry-run"],
    ["get", "orders", "Standing", "--from", "s3://bucket/prefix"],
    ["--version"],
)
"""Command lines that are right, to be broken."""


def seeds(at: Bench) -> dict[str, list[Any]]:
    """Return right input for each target, to be broken."""
    token = encode_token(("orders", "default#Standing"), (TABLE_NAME, None))
    lines = export_of(at)
    return {
        "event": [],
        "test-event": [],
        "next-token": [token, ""],
        "item": [as_json(at.item), as_json(at.tombstone)],
        "item-cli": [as_json(at.item), as_json(at.tombstone)],
        "export-lines": [lines, {"Flags": list(FLAGS), "Lines": lines}],
        "old-row": [
            at.old_row,
            {"dbid": {"S": "0"}, "b64_password": {"M": {"password": at.old_row["password"]}}},
            {
                "key": at.old_row["password"],
                "contents": {"S": "AAAA"},
                "hmac": {"B": "AAAA"},
                "digest": {"S": "SHA256"},
            },
        ],
        "command-line": [*WORDS],
        "ref": [REF, "orders"],
        "export-file": [written(lines)],
    }


__all__ = ["RAW_TARGETS", "TARGETS", "Bench", "bench", "schema"]
