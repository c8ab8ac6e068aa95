"""The table of JSON names is what `--json` prints: in every answer, or in some."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import local
from myorg_secrets.cli.app import app
from tests.cli.old_tables import OldTable, row_2017
from tests.guide.pages import in_backticks, rows_of
from tests.guide.test_rights import PAGE, TABLE, Scene
from tests.local.stacks import Stack, secrets

pytestmark = pytest.mark.usefixtures("quiet_sdk")

ROWS = {
    in_backticks(row[0])[0]: (set(in_backticks(row[1])), set(in_backticks(row[2])))
    for row in rows_of(PAGE, "Verb", "Always", "Where there is one")
}

FREE = ("[].StackTags",)
"""Objects whose names are the user's."""


def names_in(value: Any, at: str = "") -> Iterator[str]:
    """Yield the path of every member, those that hold further members left out."""
    if isinstance(value, list):
        inner = [name for each in value for name in names_in(each, f"{at}[]")]
        yield from inner or [at]
    elif isinstance(value, dict) and at not in FREE and value:
        for name, member in value.items():
            yield from names_in(member, f"{at}.{name}" if at else name)
    else:
        yield at


def asked(*words: str) -> Any:
    ended = CliRunner().invoke(app, [*words, "--json"])
    assert ended.exit_code in (0, 1, 3), ended.stderr
    return json.loads(ended.stdout)


def getting(scene: Scene) -> list[Any]:
    scene.live()
    return [asked("get", scene.app, "DB")]


def listing(scene: Scene) -> list[Any]:
    tags = [{"Key": "team", "Value": "payments"}]
    stack = Stack(scene.aws, scene.app)
    stack.deploy(secrets(DB={"Description": "A database", "Tags": tags}, MQ={}), {"a": "b"})
    live = asked("list", scene.app)
    stack.delete()
    return [live, asked("list", scene.app, "--deleted")]


def history(scene: Scene) -> list[Any]:
    live = scene.live()
    found = [asked("history", scene.app, "DB")]
    [item] = live.items().values()
    first = item["Versions"]["L"][0]["M"]["VersionId"]["S"]
    asked("restore", scene.app, "DB", "--version-id", first)
    found.append(asked("history", scene.app, "DB", "--show-values"))
    live.delete()
    key = {"StackName": {"S": scene.app}, "EnvName": {"S": "default#DB"}}
    dynamodb = scene.aws.client("dynamodb")
    item = dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    item["Versions"]["L"][0]["M"]["Ciphertext"] = {"B": b"changed by somebody"}
    dynamodb.put_item(TableName=TABLE, Item=item)
    return [*found, asked("history", scene.app, "DB", "--show-values")]


def restoring(scene: Scene) -> list[Any]:
    scene.deleted()
    return [asked("restore", scene.app, "DB") for _ in range(2)]


def adopting(scene: Scene) -> list[Any]:
    table = OldTable(scene.aws, scene.old, ("dbid",))
    words = ["adopt", scene.old, "--layout", "2017", "--name", "DB", "--stack-name", scene.app]
    nothing = asked(*words)
    row_2017(table, scene.app, "an-old-password")
    row_2017(table, "unknown", "another-old-one")
    return [nothing, asked(*words, "--stack-name", "no-such-stack")]


def exporting(scene: Scene) -> list[Any]:
    scene.live()
    words = ["export", str(scene.file), "--stack-name", scene.app, "--overwrite"]
    whole = asked(*words)
    damaged = {"StackName": {"S": scene.app}, "EnvName": {"S": "default#Damaged"}}
    scene.aws.client("dynamodb").put_item(TableName=TABLE, Item=damaged)
    return [whole, asked(*words)]


def importing(scene: Scene) -> list[Any]:
    scene.exported(str(scene.file))
    back = asked("import", str(scene.file))
    text = scene.file.read_text("utf-8")
    scene.file.write_text(text.replace("default#DB", "default#XX") + "{}\n", encoding="utf-8")
    refused = asked("import", str(scene.file), "--allow-damaged")
    scene.file.unlink()
    assert CliRunner().invoke(app, ["export", str(scene.file), "--env", "none"]).exit_code == 0
    return [back, refused, asked("import", str(scene.file))]


def mirroring(scene: Scene) -> list[Any]:
    scene.live()
    words = ["mirror", scene.s3(), "--stack-name", scene.app]
    written = asked(*words)
    damaged = {"StackName": {"S": scene.app}, "EnvName": {"S": "default#Damaged"}}
    scene.aws.client("dynamodb").put_item(TableName=TABLE, Item=damaged)
    return [written, asked(*words)]


def examining(scene: Scene) -> list[Any]:
    scene.live()
    return [asked("doctor", scene.app), asked("doctor", "--table-name", "no-such-table")]


CASES: dict[str, Callable[[Scene], list[Any]]] = {
    "get": getting,
    "list": listing,
    "history": history,
    "restore": restoring,
    "adopt": adopting,
    "export": exporting,
    "import": importing,
    "mirror": mirroring,
    "doctor": examining,
}


@pytest.fixture
def scene(aws: local.LocalAws, tmp_path: Path) -> Scene:
    return Scene(aws, tmp_path)


def test_every_verb_with_json_has_a_row() -> None:
    root = app.make_context("myorg-secrets", [], resilient_parsing=True)
    verbs = {verb: app.get_command(root, verb) for verb in app.list_commands(root)}
    with_json = {
        verb
        for verb, command in verbs.items()
        if command is not None and any("--json" in param.opts for param in command.params)
    }

    assert set(ROWS) == set(CASES) == with_json


@pytest.mark.parametrize("verb", CASES)
def test_the_names_are_those_of_the_table(scene: Scene, verb: str) -> None:
    """Those that are always there, and of the others each at least once."""
    always, sometimes = ROWS[verb]
    found = [set(names_in(answer)) for answer in CASES[verb](scene)]

    for names in found:
        # A list that has members shows them in its place.
        present = {path for name in names for path in prefixes(name)}
        assert always <= present
        assert names <= always | sometimes
    assert sometimes <= set().union(*found)


def prefixes(name: str) -> set[str]:
    """Return the path and those of the lists that it leads through."""
    parts = name.split("[]")
    return {name} | {"[]".join(parts[:count]) for count in range(1, len(parts))}
