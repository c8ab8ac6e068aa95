"""What `pip install .` gives consumers: the library, what it shares with the type, and no more."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tools.project import ROOT, SCHEMA, copy_of_project

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

FRAMEWORK = ("delivery", "framework", "handlers", "library", "models", "translator")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with copy_of_project() as project:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, project],
            check=True,
        )
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_library_and_the_shared_modules_alone(wheel: Path) -> None:
    """Nothing that serves CloudFormation, no test and no tool of development."""
    sources = {
        str(path.relative_to(ROOT / "src"))
        for package in ("myorg_secrets", "myorg_secrets_password")
        for path in (ROOT / "src" / package).rglob("*.py")
    }
    schema = "myorg_secrets/lint/schemas/myorg-secrets-password.json"
    left_out = {f"myorg_secrets_password/{name}.py" for name in FRAMEWORK}

    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert archive.read(schema) == (ROOT / SCHEMA).read_bytes()

    assert left_out < sources
    assert held == sources - left_out | {schema}


def test_the_library_loads_where_the_framework_is_not_installed(wheel: Path) -> None:
    """Whatever it imports is in the wheel or among its declared dependencies."""
    program = (
        "import sys; sys.modules['cloudformation_cli_python_lib'] = None; "
        f"sys.path.insert(0, {str(wheel)!r}); "
        "import myorg_secrets; print(myorg_secrets.__file__)"
    )

    outcome = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 0, outcome.stderr
    assert str(wheel) in outcome.stdout


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--target", folder, wheel],
        check=True,
    )  # fmt: skip
    return folder


def test_the_command_is_installed_and_knows_its_version(installed: Path) -> None:
    outcome = subprocess.run(
        [installed / "bin" / "myorg-secrets", "--version"],
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert outcome.stdout == f"myorg-secrets {PROJECT['version']}\n"


def test_the_rules_load_from_what_is_installed(installed: Path, tmp_path: Path) -> None:
    """And cfn-lint then knows the type, whose schema comes with them."""
    template = tmp_path / "template.yml"
    template.write_text(
        "Resources: {P: {Type: MyOrg::Secrets::Password}}\nOutputs: {O: {Value: !GetAtt P.Value}}\n"
    )

    outcome = subprocess.run(
        [sys.executable, "-m", "myorg_secrets.lint", "--format", "parseable", template],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line.split(":")[5] for line in outcome.stdout.splitlines()] == ["E9801"]
    assert outcome.returncode == 2


def test_what_is_imported_is_declared(installed: Path) -> None:
    """Every distribution that some module imports, and no other."""
    declared = {
        re.split(r"[<>=]", requirement)[0]
        for requirement in (
            *PROJECT["dependencies"],
            *PROJECT["optional-dependencies"]["credstash"],
            *PROJECT["optional-dependencies"]["lint"],
        )
    }
    # botocore comes with boto3; the stubs are for type checkers alone.
    provided = {*sys.stdlib_module_names, "botocore", "myorg_secrets", "myorg_secrets_password"}

    imported = set()
    for path in installed.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(str(node.module).partition(".")[0])

    # The one distribution here that is not called like its module.
    distributions = {"cfnlint": "cfn-lint"}
    assert {
        distributions.get(name, name)
        for name in imported - provided
        if not name.startswith("mypy_boto3")
    } == declared


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("myorg_secrets", ["click", "rich", "smart_open", "cryptography", "cfnlint"]),
        ("myorg_secrets.lint", ["click", "rich", "cfnlint"]),
        ("myorg_secrets.cli.get", ["rich", "smart_open", "cryptography"]),
        ("myorg_secrets.cli.execute", ["rich", "smart_open", "cryptography"]),
        ("myorg_secrets.cli.adopt", ["smart_open", "cryptography"]),
    ],
)
def test_a_verb_does_not_wait_for_what_another_needs(
    installed: Path, module: str, heavy: list[str]
) -> None:
    program = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"

    outcome = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert outcome.stdout == "[]\n"
