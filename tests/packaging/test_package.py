"""What `cfn submit` would upload holds what the type needs to run, and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cfn_compact.archive import normalize

from tools.package import ZIP, left_out, package
from tools.project import ROOT, copy_of_project, run_cfn

PACKAGE = "myorg_secrets_password"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)", re.MULTILINE)


def pins(lock: str) -> list[tuple[str, str]]:
    return PIN.findall((ROOT / lock).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The zip, built from a tree in which a contract-test run has left its log."""
    with copy_of_project() as project:
        (project / "rpdk.log").write_text("every model in clear text", encoding="utf-8")
        built = tmp_path_factory.mktemp("package") / ZIP
        shutil.copy(package(project), built)
    with zipfile.ZipFile(built) as opened:
        yield opened


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


def test_the_function_has_exactly_the_pinned_dependencies_that_it_needs(function: Path) -> None:
    """What runs in Lambda is what requirements.txt names, at these versions, less what never runs.

    Of a dependency's metadata its licence alone is left, in the folder that has its version.
    """
    shipped = {re.sub(r"[-_.]+", "-", name): version for name, version in pins("requirements.txt")}
    installed = dict(
        folder.name.removesuffix(".dist-info").replace("_", "-").rsplit("-", 1)
        for folder in function.glob("*.dist-info")
    )

    assert installed == {
        name: version for name, version in shipped.items() if name not in left_out(ROOT)
    }
    for name in function.rglob("*.dist-info/**/*"):
        assert name.is_dir() or re.match(r"(?i)(licen[cs]e|notice|copying|authors)", name.name)


def test_every_file_of_the_function_is_the_packages_or_a_dependencys(function: Path) -> None:
    """Nothing else slipped into build/, and of a dependency nothing that never runs."""
    modules = {path.relative_to(function).parts[0] for path in function.rglob("*")}

    # Bytecode is there where a Python of Lambda's version is: tests/function looks for it.
    assert {name for name in modules if not name.endswith((".dist-info", "__pycache__"))} == {
        *("botocore", "cloudformation_cli_python_lib", "dateutil", "jmespath", PACKAGE),
        *("six.py", "urllib3"),
    }
    assert {path.suffix for path in function.rglob("*") if path.is_file()} <= {
        *(".py", ".pyc", ".json", ".pem", ".gz", "", ".txt", ".typed", ".APACHE", ".BSD"),
    }


def test_the_function_has_the_models_of_the_operations_that_it_calls_alone(function: Path) -> None:
    models = {
        path.parts[-3]: set(json.loads(path.read_text(encoding="utf-8"))["operations"])
        for path in function.glob("botocore/data/*/*/service-2.json")
    }

    assert models == {
        "cloudwatch": {"PutMetricData"},
        "dynamodb": {"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"},
        "kms": {"Decrypt", "Encrypt", "ReEncrypt"},
        "logs": {"CreateLogGroup", "CreateLogStream", "PutLogEvents"},
    }


def test_the_zip_is_small(archive: zipfile.ZipFile) -> None:
    """CloudFormation's workers fetch and unpack it before a cold start."""
    assert Path(str(archive.filename)).stat().st_size < 2.5 * 2**20


def test_what_cfn_submit_uploads_is_the_same_whenever_it_is_built(
    archive: zipfile.ZipFile,
) -> None:
    """All of it but the time of day in what the CLI itself adds, which `cfn compact` mends."""
    with copy_of_project() as project:
        for path in project.rglob("*"):
            os.utime(path, (1, 1))
        outcome = run_cfn("submit", "--dry-run", cwd=project)
        assert outcome.returncode == 0, outcome.stdout
        with zipfile.ZipFile(project / ZIP) as uploaded:
            code = uploaded.read("ResourceProvider.zip")
        normalize(project / ZIP)

        assert code == archive.read("ResourceProvider.zip")
        assert (project / ZIP).read_bytes() == Path(str(archive.filename)).read_bytes()


AS_WITHOUT_THE_EXTENSION = """
from rpdk.core import plugin_registry
plugin_registry.get_extensions = lambda: {}
from rpdk.core.cli import main
main(["submit", "--dry-run"])
"""


def test_the_same_tree_is_packaged_by_the_stock_plugin_as_well() -> None:
    """Whoever has the CLI and its Python plugin alone gets a package that runs, only larger."""
    with copy_of_project() as project:
        subprocess.run(
            [sys.executable, "-c", AS_WITHOUT_THE_EXTENSION],
            cwd=project,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            check=True,
            capture_output=True,
        )
        with zipfile.ZipFile(project / ZIP) as built, built.open("ResourceProvider.zip") as inner:
            held = set(zipfile.ZipFile(inner).namelist())

    assert {f"{PACKAGE}/handlers.py", "boto3/session.py", "requests/__init__.py"} <= held


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
    assert set(pins("requirements.txt")) <= set(pins("requirements-dev.txt"))


def test_the_sam_template_runs_the_function_that_is_registered() -> None:
    """`sam local start-lambda` serves the entry points and the runtime of .rpdk-config."""
    settings = json.loads((ROOT / ".rpdk-config").read_text(encoding="utf-8"))
    template = (ROOT / "template.yml").read_text(encoding="utf-8")

    assert re.findall(r"Handler: (\S+)", template) == [
        settings["entrypoint"],
        settings["testEntrypoint"],
    ]
    assert set(re.findall(r"Runtime: (\S+)", template)) == {settings["runtime"]}
