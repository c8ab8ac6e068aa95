"""The zip of a function holds what that one needs beside the SDK, and is always the same."""

import hashlib
import json
import os
import shutil
import stat
import time
import zipfile
from pathlib import Path

import pytest

from tests import runtime
from tools import function_package
from tools.project import ROOT

LARGEST = 250_000
"""Bytes. With the SDK in it, it would have over 10 MB."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return function_package.build(tmp_path_factory.mktemp("reader") / "reader.zip")


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as held:
        assert held.testzip() is None
        return held.namelist()


def test_the_zip_holds_our_modules_cachetools_and_licences_alone(archive: Path) -> None:
    """Of our modules those that reading takes: nothing that writes, nothing of a command line."""
    held = set(names(archive))
    ours = {name for name in held if name.startswith("myorg_secrets")}

    assert {
        name for name in held - ours if not name.startswith(("cachetools/", "cachetools-"))
    } == {"LICENSE"}
    assert all(name.endswith((".py", "LICENSE")) for name in held)
    assert "myorg_secrets/reader.py" in ours
    assert ours.isdisjoint(
        {
            "myorg_secrets/backup/mirror.py",
            "myorg_secrets/cli/app.py",
            "myorg_secrets/lookup.py",
            "myorg_secrets/mirror.py",
            "myorg_secrets/restore.py",
            "myorg_secrets_password/actions.py",
            "myorg_secrets_password/framework.py",
            "myorg_secrets_password/generator.py",
            "myorg_secrets_password/handlers.py",
        }
    )


def test_the_zip_is_small(archive: Path) -> None:
    assert archive.stat().st_size < LARGEST


def test_the_modules_are_those_of_the_tree_and_of_the_locked_cachetools(archive: Path) -> None:
    with zipfile.ZipFile(archive) as held:
        for name in held.namelist():
            if name.startswith("myorg_secrets"):
                assert held.read(name) == (ROOT / "src" / name).read_bytes()
        [license_file] = [name for name in held.namelist() if name.endswith("licenses/LICENSE")]

    version = license_file.partition(".dist-info")[0].partition("-")[2]
    lock = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert f"\ncachetools=={version} " in lock


def test_another_cachetools_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "LICENSE", tmp_path)
    (tmp_path / "requirements-dev.txt").write_text("\ncachetools==1.0.0 #\n", encoding="utf-8")

    with pytest.raises(SystemExit, match=r"requirements-dev.txt names another version"):
        function_package.build(tmp_path / "reader.zip", tmp_path)

    assert not (tmp_path / "reader.zip").exists()


def test_sources_that_do_not_load_are_refused(tmp_path: Path) -> None:
    """With what Python said."""
    (tmp_path / "src").mkdir()

    with pytest.raises(SystemExit, match="No module named 'myorg_secrets'"):
        function_package.build(tmp_path / "reader.zip", tmp_path)


def test_another_clone_at_another_time_makes_the_same_zip(archive: Path, tmp_path: Path) -> None:
    """Byte for byte, whatever the files' times, their modes and the place of the tree."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "requirements-dev.txt"):
        shutil.copy(ROOT / name, copy)
    for path in copy.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (time.time() - 1e6,) * 2)

    again = function_package.build(tmp_path / "reader.zip", copy)

    assert digest(again) == digest(archive)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_lambda_can_read_every_file(archive: Path) -> None:
    """Its user is another than the owner, and the order is the names'."""
    with zipfile.ZipFile(archive) as held:
        modes = {stat.S_IMODE(entry.external_attr >> 16) for entry in held.infolist()}

    assert modes == {0o644}
    assert names(archive) == sorted(names(archive))


def test_the_function_starts_with_the_sdk_alone(archive: Path) -> None:
    """In a bare interpreter and environment the entry point answers, from the zip's own modules."""
    program = (
        "import json, cachetools, myorg_secrets.reader as reader;"
        "print(json.dumps([reader.__file__, cachetools.__file__, reader.handler({}, None)]))"
    )

    outcome = runtime.run(program, archive, environment={})

    assert outcome.returncode == 0, outcome.stderr
    [ours, cache, answer] = json.loads(outcome.stdout)
    assert all(str(archive) in path for path in (ours, cache))
    assert answer == {"Error": "InvalidRequest", "Message": "The event lacks StackName."}


def test_the_bare_interpreter_has_nothing_else(archive: Path) -> None:
    """Else the test above would prove nothing."""
    for name in ("click", "moto", "yaml"):
        assert runtime.run(f"import {name}", archive, environment={}).returncode == 1


def test_the_template_names_the_entry_point() -> None:
    template = (ROOT / "infrastructure" / "reader.yml").read_text(encoding="utf-8")

    assert f"Handler: {function_package.MODULES['reader']}.handler\n" in template


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return function_package.build(
        tmp_path_factory.mktemp("mirror") / "mirror.zip", function="mirror"
    )


def test_the_mirror_s_zip_is_small_and_holds_nothing_that_changes_the_table(mirror: Path) -> None:
    held = set(names(mirror))

    assert mirror.stat().st_size < LARGEST
    assert "myorg_secrets/mirror.py" in held
    assert held.isdisjoint(
        {
            "myorg_secrets/backup/importing.py",
            "myorg_secrets/reader.py",
            "myorg_secrets/restore.py",
            "myorg_secrets_password/actions.py",
            "myorg_secrets_password/generator.py",
        }
    )
    assert not any(name.startswith("myorg_secrets/cli/") for name in held)


def test_the_mirror_starts_with_the_sdk_alone(mirror: Path) -> None:
    """In a bare interpreter and environment its first words are our own."""
    program = (
        "import myorg_secrets.mirror as mirror\n"
        "try: mirror.handler({}, None)\n"
        "except mirror.InvalidRequest as refused: print(mirror.__file__, refused)"
    )

    outcome = runtime.run(program, mirror, environment={})

    assert outcome.returncode == 0, outcome.stderr
    assert str(mirror) in outcome.stdout
    assert "variable MIRROR is missing" in outcome.stdout
