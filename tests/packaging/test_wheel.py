"""What `pip install .` gives consumers: the library, what it shares with the type, and no more."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.project import ROOT, copy_of_project

FRAMEWORK = ("delivery", "framework", "handlers", "models", "translator")


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
    left_out = {f"myorg_secrets_password/{name}.py" for name in FRAMEWORK}

    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert left_out < sources
    assert held == sources - left_out


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
