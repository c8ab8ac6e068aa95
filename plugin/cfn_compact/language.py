"""The Python plugin of the CloudFormation CLI with another packaging step."""

import logging
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

from rpdk.core.exceptions import InvalidProjectError
from rpdk.python.codegen import Python312LanguagePlugin

from . import archive, bytecode, dependencies, sdk
from .settings import Settings

LOG = logging.getLogger(__name__)

INNER = "ResourceProvider.zip"
"""What CloudFormation takes for the function's code."""

_NEITHER_CODE_NOR_DATA = shutil.ignore_patterns("__pycache__", "*.pyc")


class CompactLanguagePlugin(Python312LanguagePlugin):  # type: ignore[misc]  # it is untyped
    """Packages what runs, for Lambda, compiled; the same bytes from the same sources.

    A project without "compact" in its settings is packaged as the plugin of the CLI does it.
    """

    MODULE_NAME = Python312LanguagePlugin.__mro__[1].MODULE_NAME

    def package(self, project: Any, zip_file: zipfile.ZipFile) -> None:
        """Builds the function and adds it, and the handlers' sources, to the zip."""
        if "compact" not in project.settings:
            super().package(project, zip_file)
            return
        settings = Settings.of(project.settings["compact"])
        self._init_from_project(project)
        build = project.root / "build"
        handlers = self.package_root / self.package_name
        self._remove_build_artifacts(build)
        self._build(project.root)
        shutil.copytree(handlers, build / self.package_name, ignore=_NEITHER_CODE_NOR_DATA)
        self._make_small(build, settings)
        files = archive.files_in(build)
        sources = {
            f"{handlers.relative_to(project.root).as_posix()}/{name}": path
            for name, path in archive.files_in(handlers).items()
            if path.suffix != ".pyc"
        }
        archive.write(zip_file, {INNER: archive.zipped(files), **sources})

    def _make_small(self, build: Path, settings: Settings) -> None:
        dependencies.drop(build, settings.without)
        dependencies.strip(build)
        try:
            sdk.cut(build / "botocore" / "data", settings.operations)
            if settings.authorities:
                sdk.cut_authorities(build / "botocore" / "cacert.pem", settings.authorities)
        except (KeyError, FileNotFoundError, ValueError) as unknown:
            raise InvalidProjectError(f"The SDK does not know this: {unknown}") from unknown
        python = bytecode.interpreter(self.RUNTIME)
        if python is None:
            LOG.warning("No %s is here: the package has no bytecode, and starts slower.", self.NAME)
        else:
            bytecode.compile_all(build, python)

    @staticmethod
    def _make_pip_command(base_path: Path) -> list[str]:
        """Returns the call of pip, for Lambda on x86-64 whatever this machine is."""
        _, *arguments = Python312LanguagePlugin._make_pip_command(base_path)
        minor = CompactLanguagePlugin.RUNTIME.removeprefix("python")
        target = ["--python-version", minor, "--implementation", "cp"]
        target += ["--platform", "manylinux2014_x86_64", "--only-binary", ":all:", "--no-compile"]
        return [sys.executable, "-m", "pip", *arguments, *target]
