"""The zip that `cfn submit` uploads, as Lambda runs it.

It is made for Python 3.12, so that these tests run on that alone.
"""

import sys
import zipfile
from pathlib import Path

import pytest

from tools.package import package
from tools.project import copy_of_project

collect_ignore_glob = [] if sys.version_info[:2] == (3, 12) else ["test_*.py"]


@pytest.fixture(scope="session")
def function(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked folder that Lambda runs."""
    folder = tmp_path_factory.mktemp("function")
    with (
        copy_of_project() as project,
        zipfile.ZipFile(package(project)) as archive,
        archive.open("ResourceProvider.zip") as inner,
        zipfile.ZipFile(inner) as provider,
    ):
        provider.extractall(folder)
    return folder
