"""How the CloudFormation CLI comes to the packaging step, and the command `cfn compact`.

The CLI knows languages by name and takes whichever plugin of a name it finds last. A project that
named a language of its own could not be packaged without this plugin, and its .rpdk-config, which
is uploaded, would say something that CloudFormation has never seen. So projects stay python312, and
this extension, which the CLI loads before it opens a project, puts its plugin in that place.
"""

import argparse
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rpdk.core.plugin_base import ExtensionPlugin
from rpdk.core.plugin_registry import PLUGIN_REGISTRY
from rpdk.core.project import Project

from . import archive
from .language import INNER, CompactLanguagePlugin

PLUGIN_REGISTRY[CompactLanguagePlugin.NAME] = lambda: CompactLanguagePlugin


class CompactExtension(ExtensionPlugin):  # type: ignore[misc]  # it is untyped
    """`cfn compact`: builds what `cfn submit` uploads, and says what is in it.

    The code in it is the same bytes each time, whoever builds it. What the CLI itself adds to an
    upload has the time of the day; here that is mended as well.
    """

    COMMAND_NAME = "compact"

    def setup_parser(self, parser: argparse.ArgumentParser) -> None:
        """Sets the command's function; it has no options."""
        parser.description = "Build the package that `cfn submit` uploads, and list it by size."
        parser.set_defaults(command=_compact)


def _compact(_arguments: Any) -> None:
    project = Project()
    project.load()
    project.submit(True, None, None, None, False, False, None)
    path = Path(f"{project.hypenated_name}.zip")
    archive.normalize(path)
    with ZipFile(path) as outer, outer.open(INNER) as inner, ZipFile(inner) as function:
        sizes: dict[str, list[int]] = {}
        for info in function.infolist():
            total = sizes.setdefault(info.filename.partition("/")[0], [0, 0])
            total[0] += info.compress_size
            total[1] += info.file_size
    print(f"{'zipped':>9} {'unpacked':>9}  (bytes)")
    for name, (zipped, unpacked) in sorted(sizes.items(), key=lambda size: -size[1][0]):
        print(f"{zipped:9} {unpacked:9}  {name}")
    print(f"{path.stat().st_size:9} {'':9}  {path}")
