"""Writes the software bill of materials: what the zip for CloudFormation and the library bring.

Both are taken for Lambda's Python 3.12 on Linux for x86-64. pip gives the files that it would
install there; versions are the locks'. The same locks and index give the same bytes.
"""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.package import ZIP, left_out
from tools.project import ROOT

BOM = "build/sbom.cdx.json"
TYPE = "MyOrg::Secrets::Password"
TYPE_LOCK = "requirements.txt"
DEVELOPMENT_LOCK = "requirements-dev.txt"

# Lambda's python3.12 runtime on x86-64. https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
FOR_LAMBDA = {
    "PIP_PYTHON_VERSION": "3.12",
    "PIP_IMPLEMENTATION": "cp",
    "PIP_PLATFORM": "manylinux2014_x86_64",
    "PIP_ONLY_BINARY": ":all:",
}

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
_RUNTIME = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.12.0",
    "python_version": "3.12",
    "sys_platform": "linux",
    "extra": "",
}


@dataclass(frozen=True)
class Wheel:
    """A file that pip would install.

    Attributes:
        name: the package's normalized name.
        version: its version.
        sha256: the file's, in hexadecimal.
        license: an SPDX expression or, where the package has none, its own words; empty for none.
        needs: normalized names of the packages that it requires at this runtime, without extras.
    """

    name: str
    version: str
    sha256: str
    license: str
    needs: frozenset[str]


def main(root: Path) -> int:
    """Writes the bill into a project's build folder and returns the exit code."""
    target = root / BOM
    target.parent.mkdir(exist_ok=True)
    target.write_text(bill_of(root), encoding="utf-8")
    print(target)
    return 0


def bill_of(root: Path) -> str:
    """Returns the bill as CycloneDX 1.6 in JSON.

    Args:
        root: the project.

    Raises:
        SystemExit: pip finds no file for a pin, or the bill does not fit CycloneDX's schema.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    always = names_in(project["dependencies"])
    extras = names_in(line for one in project["optional-dependencies"].values() for line in one)
    type_pins = pins_of(root / TYPE_LOCK)
    for name in left_out(root):
        del type_pins[name]
    all_pins = pins_of(root / DEVELOPMENT_LOCK) | type_pins
    wheels = wheels_of({*type_pins, *always, *extras}, all_pins)

    version, licenses = project["version"], [_license(project["license"])]

    def own(name: str, kind: ComponentType, reference: str) -> Component:
        # Without a package URL: on PyPI nothing has these names, or nothing of ours.
        return Component(
            name=name, type=kind, bom_ref=reference, version=version, licenses=licenses
        )

    whole = own(Path(ZIP).stem, ComponentType.APPLICATION, "project")
    type_ = own(TYPE, ComponentType.APPLICATION, "type")
    library = own(project["name"], ComponentType.LIBRARY, "distribution")
    required = _reachable(wheels, always | set(type_pins))
    packages = {name: _component(wheel, name in required) for name, wheel in wheels.items()}

    bom = Bom(
        components=[type_, library, *packages.values()], metadata=BomMetaData(component=whole)
    )
    bom.register_dependency(whole, [type_, library])
    bom.register_dependency(type_, [packages[name] for name in type_pins])
    bom.register_dependency(library, [packages[name] for name in always | extras])
    for name, wheel in wheels.items():
        bom.register_dependency(packages[name], [packages[other] for other in wheel.needs])
    # Either would make every bill another one.
    bom.serial_number = None  # type: ignore[assignment]  # the library itself leaves it out then
    bom.metadata.timestamp = None  # type: ignore[assignment]
    text = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"{BOM} does not fit CycloneDX's schema: {wrong}")
    return text


def names_in(requirements: Iterable[str]) -> set[str]:
    """Returns the normalized names of the packages that are required at the runtime."""
    return {
        canonicalize_name(one.name)
        for one in map(Requirement, requirements)
        if one.marker is None or one.marker.evaluate(_RUNTIME)
    }


def pins_of(lock: Path) -> dict[str, str]:
    """Returns the versions that a lock has for the runtime, by normalized name."""
    lines = (line.partition(" #")[0] for line in lock.read_text(encoding="utf-8").splitlines())
    pins = (Requirement(line) for line in lines if line.strip() and not line.startswith("#"))
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(_RUNTIME)
    }


def wheels_of(names: Iterable[str], pins: Mapping[str, str]) -> dict[str, Wheel]:
    """Asks pip for the files of some packages and of all that they require.

    Args:
        names: normalized names of the packages.
        pins: the version of each that may be among them.

    Raises:
        SystemExit: pip finds no file; what it says is the message.
    """
    with TemporaryDirectory(prefix="myorg-secrets-password-") as temporary:
        folder = Path(temporary)
        constraints = folder / "pins.txt"
        constraints.write_text("".join(f"{name}=={pins[name]}\n" for name in pins), "utf-8")
        outcome = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download"),
                *("--quiet", "--disable-pip-version-check"),
                # pip compares with the Python that it runs on, whatever it is told to install for.
                "--ignore-requires-python",
                *(f"--dest={folder}", f"--constraint={constraints}"),
                *sorted(names),
            ],
            env={**os.environ, **FOR_LAMBDA},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if outcome.returncode:
            raise SystemExit(outcome.stderr)
        wheels = {one.name: one for one in map(wheel_of, folder.glob("*.whl"))}
    # For the same reason there may be more than the runtime needs.
    return {name: wheels[name] for name in sorted(_reachable(wheels, names))}


def wheel_of(path: Path) -> Wheel:
    """Reads a wheel's file."""
    with zipfile.ZipFile(path) as archive:
        (member,) = (one for one in archive.namelist() if _METADATA.fullmatch(one))
        metadata, _ = parse_email(archive.read(member))
    return Wheel(
        name=canonicalize_name(metadata["name"]),
        version=metadata["version"],
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        license=_license_in(metadata),
        needs=frozenset(names_in(metadata.get("requires_dist", ()))),
    )


def _license_in(metadata: RawMetadata) -> str:
    """Returns the best that the metadata say: an expression, else classifiers, else free words."""
    if expression := metadata.get("license_expression"):
        return expression
    words = metadata.get("license", "").strip()
    if words and not _is_free_text(_license(words)):
        return words
    classified = (
        one.rpartition(" :: ")[2]
        for one in metadata.get("classifiers", ())
        if one.startswith("License :: ")
    )
    return " or ".join(classified) or words.partition("\n")[0]


def _license(words: str) -> License:
    return LicenseFactory().make_from_string(words)


def _is_free_text(license_: License) -> bool:
    return isinstance(license_, DisjunctiveLicense) and license_.id is None


def _reachable(wheels: Mapping[str, Wheel], names: Iterable[str]) -> set[str]:
    """Returns some packages and all that they require."""

    def reached(waiting: set[str]) -> Iterator[str]:
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            seen.add(name)
            yield name
            waiting |= wheels[name].needs - seen

    return set(reached(set(names)))


def _component(wheel: Wheel, required: bool) -> Component:
    purl = PackageURL("pypi", name=wheel.name, version=wheel.version)
    return Component(
        name=wheel.name,
        version=wheel.version,
        bom_ref=purl.to_string(),
        purl=purl,
        # What only an extra brings in is not there without it.
        scope=ComponentScope.REQUIRED if required else ComponentScope.OPTIONAL,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        licenses=[_license(wheel.license)] if wheel.license else [],
    )


if __name__ == "__main__":
    sys.exit(main(ROOT))
