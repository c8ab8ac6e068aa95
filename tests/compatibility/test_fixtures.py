"""The fixtures of the release that is worked on are what today's code writes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compatibility import fixtures
from tests.compatibility.fixtures import FOLDER, Fixture, shape
from tests.leaks.child import python_m
from tests.world import World
from tools import record_fixtures
from tools.check_growth import KEPT_SCHEMA, RELEASES
from tools.project import ROOT, SCHEMA

pytestmark = pytest.mark.usefixtures("quiet_sdk")

VERSION = record_fixtures.version_of(ROOT)
RECORD = "python -m tools.record_fixtures"


@pytest.fixture
def fresh(world: World) -> Iterator[dict[str, Fixture]]:
    """What today's code writes."""
    yield fixtures.record(world)


def test_todays_code_writes_what_the_fixtures_of_its_version_say(
    fresh: dict[str, Fixture],
) -> None:
    """Where it does not, a decision is due: raise the version in pyproject.toml, then record it.

    A version that is not released yet may be recorded again, by --overwrite.
    """
    kept = fixtures.read(FOLDER / VERSION)

    assert kept, f"{RECORD} writes the fixtures of {VERSION}"
    assert {name: shape(each) for name, each in fresh.items()} == {
        name: shape(each) for name, each in kept.items()
    }, f"The records have another form than in {VERSION}: see {RECORD}"


@pytest.mark.parametrize(
    ("what", "attribute"),
    [
        ("an attribute is added", {"Later": {"S": "x"}}),
        ("an attribute is of another kind", {"Revision": {"S": "1"}}),
        ("a version has another attribute", {"Versions": {"L": [{"M": {"Id": {"S": "x"}}}]}}),
    ],
)
def test_another_form_is_seen(what: str, attribute: Fixture) -> None:
    kept = fixtures.read(FOLDER / VERSION)["generated"]
    other = {**kept, "Item": {**kept["Item"], **attribute}}
    if "Versions" in attribute:
        [kept_version] = kept["Item"]["Versions"]["L"]
        [added] = attribute["Versions"]["L"]
        other["Item"]["Versions"] = {"L": [{"M": {**kept_version["M"], **added["M"]}}]}

    assert shape(other) != shape(kept)


def test_another_encryption_context_is_seen() -> None:
    kept = fixtures.read(FOLDER / VERSION)["generated"]
    other = json.loads(json.dumps(kept))
    del other["Item"]["Versions"]["L"][0]["M"]["Ciphertext"]["Sealed"]["EncryptionContext"]["Env"]

    assert shape(other) != shape(kept)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        python_m("tools.record_fixtures", *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_release_wrote_is_recorded_once(tmp_path: Path) -> None:
    """What is there stays, unless it is said that the version has not been released."""
    for name in ("pyproject.toml", SCHEMA):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    folder = tmp_path / RELEASES / VERSION
    folder.mkdir(parents=True)
    (folder / "stale.json").write_text("{}", encoding="utf-8")

    first, second = run("--overwrite", str(tmp_path)), run(str(tmp_path))

    assert (first.returncode, first.stderr) == (0, "")
    kept = fixtures.read(FOLDER / VERSION)
    assert {name: shape(each) for name, each in fixtures.read(folder).items()} == {
        name: shape(each) for name, each in kept.items()
    }
    assert (folder / KEPT_SCHEMA).read_bytes() == (ROOT / SCHEMA).read_bytes()
    assert second.returncode == 1
    assert "is there already" in second.stdout
    values = [fixture["Value"] for fixture in fixtures.read(folder).values()]
    assert not any(value in first.stdout + second.stdout for value in values)
