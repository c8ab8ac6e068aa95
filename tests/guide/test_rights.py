"""The table of rights is true: a verb calls what stands there, and can do without the rest."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.client
import credstash
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

import local
from myorg_secrets.cli.app import app
from tests.cli.old_tables import OldTable, row_2016, row_2017
from tests.guide.pages import in_backticks, rows_of
from tests.local.stacks import Stack, secrets
from tools.project import ROOT

pytestmark = pytest.mark.usefixtures("quiet_sdk")

PAGE = ROOT / "guide" / "command-line.md"
TABLE = "myorg-secrets-password"
KEY = "alias/myorg-secrets-password"

Right = tuple[str, str]
"""A place, in the words of the table, and an action."""

ROWS = {
    verb: row
    for row in rows_of(PAGE, "Verb", "Needs", "Uses where it may")
    for verb in (row[0].split(", ") if ", " in row[0] else [row[0]])
}
"""Each row by each of the verbs that it is for."""


def rights(cell: str) -> set[Right]:
    """Take `place: action, action; place: action` apart."""
    found = set()
    for part in filter(None, cell.split("; ")):
        place, _, actions = part.partition(": ")
        found |= {(place, action) for action in in_backticks(actions)}
    return found


@dataclass
class Watch:
    """Lists what botocore's clients are asked to do, and denies some of it."""

    places: dict[str, str]
    denied: set[Right] = field(default_factory=set)
    used: set[Right] = field(default_factory=set)

    def needed(self, service: str, operation: str, request: dict[str, Any]) -> set[Right]:
        """The rights that a call takes, by AWS's service authorization reference."""
        if service == "dynamodb":
            return {(self.places[request["TableName"]], f"dynamodb:{operation}")}
        if service == "s3":
            action = {
                "AbortMultipartUpload": "AbortMultipartUpload",
                "GetObject": "GetObject",
                "HeadObject": "GetObject",
            }.get(operation, "PutObject")
            return {("object", f"s3:{action}")}
        if operation == "ReEncrypt":
            source = self.places[request.get("SourceKeyId", "")]
            destination = self.places[request["DestinationKeyId"]]
            return {(source, "kms:ReEncryptFrom"), (destination, "kms:ReEncryptTo")}
        return {(self.places[request.get("KeyId", "")], f"kms:{operation}")}

    def call(self, original: Callable[..., Any], client: Any, operation: str, request: Any) -> Any:
        service = client.meta.service_model.service_name
        needed = self.needed(service, operation, request)
        if needed & self.denied:
            error = {"Error": {"Code": "AccessDeniedException", "Message": "denied by the test"}}
            raise ClientError(error, operation)  # type: ignore[arg-type]
        self.used |= needed
        return original(client, operation, request)


@dataclass
class Scene:
    """Where a verb is called: every place that the table speaks of."""

    aws: local.LocalAws
    folder: Path
    app: str = field(default_factory=lambda: f"app-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        kms = self.aws.client("kms")
        self.other_key = kms.create_key()["KeyMetadata"]["Arn"]
        self.old = f"old-{self.app}"
        self.file = self.folder / f"{self.app}.jsonl"
        self.bucket = f"bucket-{self.app}"

    @property
    def places(self) -> dict[str, str]:
        return {
            TABLE: "table",
            self.old: "old table",
            KEY: "key",
            self.aws.storage.key_arn: "key",
            self.other_key: "other key",
            "": "old key",  # what KMS finds in the ciphertext itself
        }

    def live(self) -> Stack:
        """A secret that was rotated."""
        stack = Stack(self.aws, self.app)
        for token in ("1", "2"):
            stack.deploy(secrets(DB={"RotationToken": token}))
        return stack

    def deleted(self) -> None:
        self.live().delete()

    def earlier(self) -> str:
        """The ID of the version before the current one."""
        self.live()
        [item] = Stack(self.aws, self.app).items().values()
        return str(item["Versions"]["L"][0]["M"]["VersionId"]["S"])

    def rows_2016(self) -> None:
        row_2016(OldTable(self.aws, self.old, ("stackname", "env")), self.app, "prod", "an-old-one")

    def rows_2017(self) -> None:
        row_2017(OldTable(self.aws, self.old, ("dbid",)), self.app, "an-old-one")

    def rows_of_credstash(self) -> None:
        OldTable(self.aws, self.old, ("name", "version"))
        session = self.aws.session
        made: dict[str, Any] = {
            "dynamodb": session.resource("dynamodb", endpoint_url=self.aws.endpoint_url),
            "kms": self.aws.client("kms"),
            "kms_key": self.other_key,
            "table": self.old,
        }
        for version in (1, 2):
            credstash.putSecret("db", f"old-one-{version}", credstash.paddedInt(version), **made)

    def s3(self) -> str:
        region = self.aws.session.region_name
        self.aws.client("s3").create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": region}
        )
        return f"s3://{self.bucket}/passwords.jsonl"

    def exported(self, location: str, *options: str) -> None:
        """A backup, and a table that lacks its record."""
        self.live()
        words = ["export", location, "--stack-name", self.app, *options]
        assert CliRunner().invoke(app, words).exit_code == 0
        key = {"StackName": {"S": self.app}, "EnvName": {"S": "default#DB"}}
        self.aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)

    def adopting(self, layout: str, *options: str) -> list[str]:
        {"2016": self.rows_2016, "2017": self.rows_2017, "credstash": self.rows_of_credstash}[
            layout
        ]()
        words = ["adopt", self.old, "--layout", layout]
        words += [] if layout == "credstash" else ["--name", "DB"]
        words += [] if layout == "2016" else ["--stack-name", self.app]
        return [*words, *options]


def get(scene: Scene) -> list[str]:
    scene.live()
    return ["get", scene.app, "DB"]


def execute(scene: Scene) -> list[str]:
    scene.live()
    return ["exec", scene.app, "DB", "--", "true"]


def listing(*options: str) -> Callable[[Scene], list[str]]:
    def words(scene: Scene) -> list[str]:
        scene.live()
        return ["list", *(option.format(app=scene.app) for option in options)]

    return words


def history(*options: str) -> Callable[[Scene], list[str]]:
    def words(scene: Scene) -> list[str]:
        scene.live()
        return ["history", scene.app, "DB", *options]

    return words


def restore_deleted(scene: Scene) -> list[str]:
    scene.deleted()
    return ["restore", scene.app, "DB"]


def restore_version(scene: Scene) -> list[str]:
    return ["restore", scene.app, "DB", "--version-id", scene.earlier()]


def adopt(layout: str, *options: str) -> Callable[[Scene], list[str]]:
    return lambda scene: scene.adopting(
        layout, *(option.format(app=scene.app) for option in options)
    )


def export(*options: str) -> Callable[[Scene], list[str]]:
    def words(scene: Scene) -> list[str]:
        scene.live()
        own = {"app": scene.app, "key": scene.other_key}
        return ["export", str(scene.file), *(option.format(**own) for option in options)]

    return words


def export_to_s3(scene: Scene) -> list[str]:
    scene.live()
    return ["export", scene.s3()]


def restored(*options: str) -> Callable[[Scene], list[str]]:
    def words(scene: Scene) -> list[str]:
        under = ["--kms-key-id", scene.other_key] if "--kms-key-id" in options else []
        scene.exported(str(scene.file), *under)
        return ["import", str(scene.file), *options]

    return words


def import_from_s3(scene: Scene) -> list[str]:
    location = scene.s3()
    scene.exported(location)
    return ["import", location]


def from_mirror(*words: str) -> Callable[[Scene], list[str]]:
    def called(scene: Scene) -> list[str]:
        scene.live()
        location = scene.s3()
        done = CliRunner().invoke(app, ["mirror", location, "--stack-name", scene.app])
        assert done.exit_code == 0
        verb, *rest = words
        return [verb, scene.app, "DB", "--from", location, *rest]

    return called


def mirror(*options: str) -> Callable[[Scene], list[str]]:
    def words(scene: Scene) -> list[str]:
        scene.live()
        own = {"key": scene.other_key}
        given = [option.format(**own) for option in options]
        return ["mirror", scene.s3(), "--stack-name", scene.app, *given]

    return words


SHOWING = "`history --show-values`"

CASES: dict[str, Callable[[Scene], list[str]]] = {
    "`get`": get,
    "`exec`": execute,
    "`list`": listing(),
    "`list STACK`": listing("{app}"),
    "`history`": history(),
    SHOWING: history("--show-values"),
    "`restore`": restore_deleted,
    "`restore --version-id`": restore_version,
    "`adopt --layout 2016`": adopt("2016"),
    "`adopt --layout 2017`": adopt("2017"),
    "`adopt --layout 2016 --stack-name`": adopt("2016", "--stack-name", "{app}"),
    "`adopt --layout 2016 --delete`": adopt("2016", "--delete"),
    "`adopt --layout 2017 --delete`": adopt("2017", "--delete"),
    "`adopt --layout credstash`": adopt("credstash"),
    "`adopt --layout credstash --name`": adopt("credstash", "--name", "db"),
    "`adopt --layout credstash --delete`": adopt("credstash", "--delete"),
    "`export`": export(),
    "`export --stack-name`": export("--stack-name", "{app}"),
    "`export --kms-key-id`": export("--stack-name", "{app}", "--kms-key-id", "{key}"),
    "`export` to S3": export_to_s3,
    "`import`": restored(),
    "`import --unverified`": restored("--unverified"),
    "`import --kms-key-id`": restored("--kms-key-id", KEY),
    "`import` from S3": import_from_s3,
    "`get --from`": from_mirror("get"),
    "`mirror --stack-name`": mirror(),
    "`mirror --kms-key-id`": mirror("--kms-key-id", "{key}"),
}
"""How each row's verb is called, and what must be there before."""

BESIDES: dict[str, set[Right]] = {
    # What the scene takes, so that no other test's records are exported, but the row does not.
    "`export --kms-key-id`": {("table", "dynamodb:Query")},
    "`mirror --kms-key-id`": {("table", "dynamodb:Query")},
}


@pytest.fixture
def scene(aws: local.LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(os, "execvpe", lambda *_: (_ for _ in ()).throw(SystemExit(0)))
    return Scene(aws, tmp_path)


@contextlib.contextmanager
def watching(scene: Scene, denied: set[Right]) -> Iterator[Watch]:
    watch = Watch(scene.places, denied)
    original = botocore.client.BaseClient._make_api_call
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            botocore.client.BaseClient,
            "_make_api_call",
            lambda client, operation, request: watch.call(original, client, operation, request),
        )
        yield watch


def called(scene: Scene, verb: str, denied: set[Right]) -> tuple[int, set[Right]]:
    """Call a verb; return its exit code and the rights that it used."""
    words = CASES[verb](scene)
    with watching(scene, denied) as watch:
        ended = CliRunner().invoke(app, words)
    return ended.exit_code, watch.used


def test_every_row_has_a_case_and_every_case_a_row() -> None:
    assert set(CASES) == set(ROWS)


@pytest.mark.parametrize("verb", CASES)
def test_a_verb_uses_what_the_table_says(scene: Scene, verb: str) -> None:
    """All that it needs, and of the rest nothing that does not stand there."""
    _, needs, may = ROWS[verb]

    code, used = called(scene, verb, set())

    needed = rights(needs)
    if verb in BESIDES:
        needed = (needed | BESIDES[verb]) - {("table", "dynamodb:Scan")}
    assert code == 0
    assert needed <= used <= needed | rights(may)


@pytest.mark.parametrize("verb", CASES)
def test_a_verb_does_without_what_it_merely_uses(scene: Scene, verb: str) -> None:
    code, _ = called(scene, verb, rights(ROWS[verb][2]))

    assert code == 0


@pytest.mark.parametrize(
    ("verb", "right"),
    [(verb, right) for verb, row in ROWS.items() for right in sorted(rights(row[1]))],
    ids=str,
)
def test_a_verb_does_not_end_well_without_what_it_needs(
    scene: Scene, verb: str, right: Right
) -> None:
    if verb in BESIDES and right == ("table", "dynamodb:Scan"):
        right = next(iter(BESIDES[verb]))

    words = CASES[verb](scene)
    with watching(scene, {right}):
        ended = CliRunner().invoke(app, words)

    # A value that cannot be read does not keep the others from being shown.
    told = verb == SHOWING and "is denied" in ended.stdout
    assert ended.exit_code != 0 or told


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["get", "{app}x", "DB"], ("table", "dynamodb:Scan")),
        (["get", "{app}", "XX"], ("table", "dynamodb:Query")),
        (["list", "{app}x"], ("table", "dynamodb:Scan")),
        (["restore", "{app}", "XX"], ("table", "dynamodb:Query")),
        (["history", "{app}", "XX"], ("table", "dynamodb:Query")),
    ],
)
def test_what_is_used_for_hints_is_used_where_nothing_was_found(
    scene: Scene, words: list[str], right: Right
) -> None:
    """And the exit code is the same without it, though the message then names nothing."""
    scene.live()
    words = [word.format(app=scene.app) for word in words]

    with watching(scene, set()) as watch:
        allowed = CliRunner().invoke(app, words)
    with watching(scene, {right}):
        denied = CliRunner().invoke(app, words)

    assert right in watch.used
    assert (allowed.exit_code, denied.exit_code) == (1, 1)
    assert len(denied.stderr) < len(allowed.stderr)


@pytest.mark.parametrize(
    ("options", "decrypts"), [(["--unverified"], False), (["--kms-key-id", KEY], True)]
)
def test_an_import_decrypts_what_stands_there_under_another_ciphertext(
    scene: Scene, options: list[str], decrypts: bool
) -> None:
    """To see whether somebody changed it."""
    scene.live()
    words = ["export", str(scene.file), "--stack-name", scene.app, "--kms-key-id", scene.other_key]
    assert CliRunner().invoke(app, words).exit_code == 0

    with watching(scene, set()) as watch:
        ended = CliRunner().invoke(app, ["import", str(scene.file), *options])

    assert "unchanged" in ended.stdout
    assert (("key", "kms:Decrypt") in watch.used) == decrypts


def test_a_failed_upload_is_taken_away_where_that_is_allowed(scene: Scene) -> None:
    location = scene.s3()

    with watching(scene, {("table", "dynamodb:Scan")}) as watch:
        ended = CliRunner().invoke(app, ["export", location])

    assert ended.exit_code == 3
    assert ("object", "s3:AbortMultipartUpload") in watch.used
