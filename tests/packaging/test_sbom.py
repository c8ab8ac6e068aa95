"""The bill of materials lists what ships, as the locks have it, and is the same each time."""

import hashlib
import json
import re
import zipfile
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import sbom
from tools.package import left_out
from tools.project import ROOT

METADATA = "Metadata-Version: 2.4\nName: Some.Package\nVersion: 1.0\n"


@pytest.fixture(scope="module")
def text() -> str:
    return sbom.bill_of(ROOT)


@pytest.fixture(scope="module")
def bill(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@pytest.fixture(scope="module")
def packages(bill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The components that are not this project's own, by name."""
    return {one["name"]: one for one in bill["components"] if "purl" in one}


def edges(bill: dict[str, Any], reference: str) -> set[str]:
    (found,) = (one for one in bill["dependencies"] if one["ref"] == reference)
    return {ref.removeprefix("pkg:pypi/").partition("@")[0] for ref in found["dependsOn"]}


def wheel(folder: Path, metadata: str) -> Path:
    path = folder / "some_package-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some_package-1.0.dist-info/METADATA", METADATA + metadata)
        archive.writestr("vendored/other-2.0.dist-info/METADATA", "Name: other\nVersion: 2.0\n")
    return path


def test_the_zip_for_cloudformation_brings_exactly_its_lock(
    bill: dict[str, Any], packages: dict[str, dict[str, Any]]
) -> None:
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    pins = dict(re.findall(r"^([a-z0-9.-]+)==([^ ]+)", lock, re.MULTILINE))

    brought = edges(bill, "type")
    for name in left_out(ROOT):
        del pins[name]

    assert {name: packages[name]["version"] for name in brought} == pins


def test_the_library_brings_what_pyproject_asks_for_its_extras_among_it(
    bill: dict[str, Any],
) -> None:
    assert edges(bill, "distribution") == {
        *("boto3", "cachetools", "click", "rich", "smart-open"),
        *("cryptography", "cfn-lint"),
    }


def test_every_package_has_the_version_of_the_lock(
    packages: dict[str, dict[str, Any]],
) -> None:
    lock = (ROOT / "requirements-dev.txt").read_text("utf-8")
    pins = set(re.findall(r"^([A-Za-z0-9._-]+)==([^ ]+)", lock, re.MULTILINE))

    assert {(name, one["version"]) for name, one in packages.items()} <= pins


def test_what_a_package_requires_is_listed(
    bill: dict[str, Any], packages: dict[str, dict[str, Any]]
) -> None:
    """As its own metadata say, read from what is installed here."""
    for name in ("boto3", "rich", "smart-open", "requests"):
        required = map(Requirement, requires(name) or ())
        names = {canonicalize_name(one.name) for one in required if one.marker is None}
        assert names <= edges(bill, packages[name]["bom-ref"])
        assert names <= set(packages)


def test_only_what_an_extra_alone_brings_is_optional(
    packages: dict[str, dict[str, Any]],
) -> None:
    scopes = {name: one["scope"] for name, one in packages.items()}

    assert {scopes[name] for name in ("cryptography", "cffi", "cfn-lint", "sympy")} == {"optional"}
    assert {scopes[name] for name in ("boto3", "wrapt", "setuptools", "pygments")} == {"required"}


def test_every_package_has_a_url_a_hash_and_a_licence(
    packages: dict[str, dict[str, Any]],
) -> None:
    for name, one in packages.items():
        assert one["purl"] == f"pkg:pypi/{name}@{one['version']}"
        assert re.fullmatch("[0-9a-f]{64}", one["hashes"][0]["content"]), name
        assert one["licenses"], name


def test_our_own_names_have_no_package_url(bill: dict[str, Any]) -> None:
    """They would lead to whatever a stranger registers under them."""
    own = {one["name"] for one in bill["components"] if "purl" not in one}

    assert own == {"MyOrg::Secrets::Password", "myorg-secrets"}
    assert "purl" not in bill["metadata"]["component"]


def test_the_bill_is_the_same_each_time(text: str) -> None:
    assert sbom.bill_of(ROOT) == text


def test_nothing_of_the_moment_or_the_machine_is_in_it(text: str, bill: dict[str, Any]) -> None:
    assert "serialNumber" not in bill
    assert "timestamp" not in bill["metadata"]
    assert "file:" not in text
    assert str(Path.home()) not in text


def test_a_bill_that_does_not_fit_the_schema_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = sbom.Wheel("boto3", "1", sha256="no hash", license="", needs=frozenset())
    names = {*sbom.pins_of(ROOT / "requirements.txt"), *edges_of_pyproject()}
    monkeypatch.setattr(sbom, "wheels_of", lambda *_: dict.fromkeys(names, broken))

    with pytest.raises(SystemExit, match="does not fit CycloneDX's schema"):
        sbom.bill_of(ROOT)


def edges_of_pyproject() -> set[str]:
    return {"boto3", "cachetools", "click", "rich", "smart-open", "cryptography", "cfn-lint"}


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0\nLicense: MIT\n", "MIT OR Apache-2.0"),
        ("License: MIT\nClassifier: License :: OSI Approved :: BSD License\n", "MIT"),
        ("License: Dual\nClassifier: License :: OSI Approved :: BSD License\n", "BSD License"),
        ("License: Our own\n", "Our own"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_most_exact_licence_is_taken(tmp_path: Path, metadata: str, licence: str) -> None:
    assert sbom.wheel_of(wheel(tmp_path, metadata)).license == licence


def test_a_wheel_is_what_it_says_of_itself(tmp_path: Path) -> None:
    path = wheel(
        tmp_path,
        "Requires-Dist: A.b\nRequires-Dist: old; python_version < '3.12'\n"
        "Requires-Dist: windows; sys_platform == 'win32'\nRequires-Dist: more; extra == 'x'\n",
    )

    assert sbom.wheel_of(path) == sbom.Wheel(
        name="some-package",
        version="1.0",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        license="",
        needs=frozenset({"a-b"}),
    )
