"""What `cfn submit` would upload holds what the type needs to run, and nothing else."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tools.package import package
from tools.project import ROOT, copy_of_project

PACKAGE = "myorg_secrets_password"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The zip, built from a tree in which a contract-test run has left its log."""
    with copy_of_project() as project:
        (project / "rpdk.log").write_text("every model in clear text", encoding="utf-8")
        with zipfile.ZipFile(package(project)) as built:
            yield built


@pytest.fixture(scope="module")
def function(archive: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked folder that Lambda runs."""
    folder = tmp_path_factory.mktemp("function")
    with archive.open("ResourceProvider.zip") as inner, zipfile.ZipFile(inner) as provider:
        provider.extractall(folder)
    return folder


def test_the_zip_holds_the_schema_the_settings_the_inputs_and_the_package_alone(
    archive: zipfile.ZipFile,
) -> None:
    """No test, no development tool, no log and no other file of the tree is uploaded."""
    shipped = [*ROOT.glob("inputs/*.json"), *ROOT.glob(f"src/{PACKAGE}/**/*.py")]

    assert set(archive.namelist()) == {
        ".cfn_metadata.json",
        ".rpdk-config",
        "ResourceProvider.zip",
        "configuration-schema.json",
        "schema.json",
        *(str(path.relative_to(ROOT)) for path in shipped),
    }


def test_the_function_has_exactly_the_pinned_dependencies(function: Path) -> None:
    """What runs in Lambda is what requirements.txt names, at these versions."""
    installed = {found.name: found.version for found in distributions(path=[str(function)])}

    assert installed == pins("requirements.txt")


def test_every_file_of_the_function_is_the_packages_or_a_dependencys(function: Path) -> None:
    """Nothing else slipped into build/. Commands that pip puts into bin/ belong to nobody there."""
    recorded = {
        str(file) for found in distributions(path=[str(function)]) for file in found.files or ()
    }
    present = {
        str(path.relative_to(function)) for path in function.rglob("*") if path.is_file()
    } - recorded

    assert {name for name in present if not name.startswith((f"{PACKAGE}/", "bin/"))} == set()


def test_the_entry_points_load_in_a_bare_interpreter(function: Path) -> None:
    """Without site-packages and environment, as in Lambda, both entry points are callable."""
    settings = json.loads((ROOT / ".rpdk-config").read_text(encoding="utf-8"))
    for setting in ("entrypoint", "testEntrypoint"):
        module, _, name = settings[setting].rpartition(".")
        program = (
            f"import sys; sys.path.insert(0, {str(function)!r}); "
            f"import {module}; assert callable({module}.{name})"
        )

        outcome = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False
        )

        assert outcome.returncode == 0, outcome.stderr


def test_what_ships_is_what_is_tested() -> None:
    """Every pin of requirements.txt is in the lock of development with the same version."""
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_the_sam_template_runs_the_function_that_is_registered() -> None:
    """`sam local start-lambda` serves the entry points and the runtime of .rpdk-config."""
    settings = json.loads((ROOT / ".rpdk-config").read_text(encoding="utf-8"))
    template = (ROOT / "template.yml").read_text(encoding="utf-8")

    assert re.findall(r"Handler: (\S+)", template) == [
        settings["entrypoint"],
        settings["testEntrypoint"],
    ]
    assert set(re.findall(r"Runtime: (\S+)", template)) == {settings["runtime"]}
