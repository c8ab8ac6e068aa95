"""The packages that contenders run in, built as a project builds them, and how large they are."""

import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zipfile import ZipFile

from bench.certificates import bundle_of
from bench.process import FUNCTIONS, Code
from bench.roster import COMPACT, COMPILED, CREDSTASH, NOTHING, OBVIOUS, PACKAGES, STOCK
from tools.package import ZIP, package
from tools.project import ROOT, copy_of_project, run_cfn

_HANDLERS = Path("src") / "myorg_secrets_password"
_PLAIN_REQUIREMENT = "cloudformation-cli-python-lib"
_REAL = "import os, sys; print(os.path.realpath(sys.executable))"

Folders = Mapping[str, Sequence[Path]]
Sizes = dict[str, dict[str, int]]


def lambda_python() -> str:
    """Return the Python of Lambda's runtime, 3.12, or else the running one."""
    found = subprocess.run(
        [str(ROOT / "tools" / "find_python.sh"), "3.12"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    # Not what a version manager puts before it: that takes longer than Python.
    return subprocess.run(
        [found or sys.executable, "-c", _REAL], capture_output=True, text=True, check=True
    ).stdout.strip()


def environment() -> Folders:
    """Return the folders of a run in this very environment, without any package."""
    here = [FUNCTIONS, ROOT / "src", Path(sysconfig.get_path("purelib"))]
    return {name: [FUNCTIONS] if name == NOTHING else here for name in PACKAGES}


def codes(folders: Folders, python: str, variables: Mapping[str, str]) -> dict[str, Code]:
    """Return what contenders run with, by the package's name.

    Args:
        folders: as `environment` or `build` return them.
        python: the interpreter of packages. credstash is in none: it runs in this environment.
        variables: all environment variables.
    """
    found = {}
    for name, paths in folders.items():
        trusting = dict(variables)
        if "AWS_CA_BUNDLE" in variables:
            # To read it takes time, and a package may have fewer authorities than another.
            bundle = bundle_of(paths, Path(variables["AWS_CA_BUNDLE"]))
            trusting["AWS_CA_BUNDLE"] = str(bundle)
        found[name] = Code(sys.executable if name == CREDSTASH else python, paths, trusting)
    return found


def build(
    target: Path, python: str, progress: Callable[[str], object] = str
) -> tuple[Folders, Sizes]:
    """Build and unpack the packages. This asks pip's index.

    Args:
        target: a folder for them.
        python: the interpreter that compiles what a stock package leaves as it is.
        progress: is told what happens.

    Returns:
        The folders for each package, and sizes in bytes and files.
    """
    sizes: Sizes = {}
    makers = {COMPACT: package, STOCK: _stock, OBVIOUS: _obvious}
    for name, make in makers.items():
        progress(f"package: {name}")
        with copy_of_project() as project:
            sizes[name] = _unpack(make(project), target / name)
    shutil.copytree(target / OBVIOUS, target / COMPILED)
    # A stock package leaves the handlers as they are, too.
    plain, functions = target / "plain", target / "functions"
    for folder in (plain, functions):
        shutil.copytree(FUNCTIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (target / COMPILED, functions):
        command = [python, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        subprocess.run([*command, str(folder)], check=True, capture_output=True)
    folders = dict(environment()) | {NOTHING: [functions]}
    for name in (COMPACT, COMPILED):
        folders[name] = [functions, target / name]
    for name in (STOCK, OBVIOUS):
        folders[name] = [plain, target / name]
    return folders, sizes


def _unpack(archive: Path, folder: Path) -> dict[str, int]:
    with (
        ZipFile(archive) as outer,
        outer.open("ResourceProvider.zip") as inner,
        ZipFile(inner) as function,
    ):
        function.extractall(folder)
        files = function.infolist()
    return {
        "zip": archive.stat().st_size,
        "unpacked": sum(file.file_size for file in files),
        "files": len(files),
    }


def _stock(project: Path) -> Path:
    """Take away what makes the package compact; without it the plugin of the CLI works alone.

    Raises:
        RuntimeError: the build failed; what `cfn` and pip said is the message.
    """
    path = project / ".rpdk-config"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["settings"].pop("compact", None)
    path.write_text(json.dumps(settings), encoding="utf-8")
    outcome = run_cfn("submit", "--dry-run", cwd=project)
    if outcome.returncode:
        raise RuntimeError(outcome.stdout)
    return project / ZIP


def _obvious(project: Path) -> Path:
    """Make it the project that somebody begins: one module of handlers, and one requirement."""
    handlers = project / _HANDLERS
    for path in handlers.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in ("__init__.py", "models.py"):
            path.unlink()
    shutil.copy(FUNCTIONS / "obvious.py", handlers / "handlers.py")
    # At the locked release, so that both packages hold the same SDK.
    lock = (project / "requirements.txt").read_text(encoding="utf-8")
    (project / "constraints.txt").write_text(lock, encoding="utf-8")
    text = f"--constraint constraints.txt\n{_PLAIN_REQUIREMENT}\n"
    (project / "requirements.txt").write_text(text, encoding="utf-8")
    return _stock(project)
