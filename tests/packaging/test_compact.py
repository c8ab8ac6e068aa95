"""The extension of the CLI in plugin/: what it keeps and drops, and what settings it refuses."""

import json
import marshal
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cfn_compact import archive, bytecode, dependencies, sdk
from cfn_compact.settings import Settings
from rpdk.core.exceptions import InvalidProjectError

CERTIFICATE = """
# Issuer: CN={0}
# Subject: CN={0}
# Label: "{0}"
-----BEGIN CERTIFICATE-----
{0}
-----END CERTIFICATE-----
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def names_in(folder: Path) -> set[str]:
    return set(archive.files_in(folder))


@pytest.mark.parametrize(
    "raw",
    [
        *(None, [], "x", {"operation": {}}, {"operations": []}, {"operations": {"kms": "Encrypt"}}),
        *({"without": "boto3"}, {"without": [1]}, {"authorities": {}}),
    ],
    ids=str,
)
def test_settings_of_another_form_are_refused_by_their_place(raw: Any) -> None:
    with pytest.raises(InvalidProjectError, match=r"\.rpdk-config"):
        Settings.of(raw)


def test_what_the_settings_do_not_say_is_kept() -> None:
    assert Settings.of({}) == Settings(operations={}, without=(), authorities=())


def test_a_distribution_goes_with_all_its_files_by_whichever_spelling(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "some_thing/__init__.py": "",
            "some_thing-1.dist-info/METADATA": "Name: some_thing\nVersion: 1\n",
            "some_thing-1.dist-info/RECORD": "some_thing/__init__.py,,\n../../bin/thing,,\n"
            "some_thing-1.dist-info/METADATA,,\nsome_thing-1.dist-info/RECORD,,\n",
            "other.py": "",
        },
    )

    dependencies.drop(tmp_path, ["Some.Thing", "never-installed"])

    assert names_in(tmp_path) == {"other.py"}
    assert [path.name for path in tmp_path.iterdir()] == ["other.py"]


def test_licences_stay_and_what_lambda_never_opens_goes(tmp_path: Path) -> None:
    kept = {
        *("a/__init__.py", "a/data.json", "a/license.py", "a/testing.py", "a/LICENSE"),
        *("a-1.dist-info/LICENSE", "a-1.dist-info/licenses/x/COPYING.txt", "b-1.dist-info/NOTICE"),
    }
    dropped = {
        *("bin/a", "a/tests/test_a.py", "a/test/b.py", "a/__init__.pyi", "a/py.typed", "x.pth"),
        *("a-1.dist-info/METADATA", "a-1.dist-info/RECORD", "a/__pycache__/a.cpython-311.pyc"),
    }
    write(tmp_path, dict.fromkeys(kept | dropped, ""))

    dependencies.strip(tmp_path)

    assert names_in(tmp_path) == kept
    assert not (tmp_path / "a" / "tests").exists()


MODEL = {
    "version": "2.0",
    "metadata": {"endpointPrefix": "thing"},
    "documentation": "<p>All of it.</p>",
    "operations": {
        "Get": {"name": "Get", "input": {"shape": "In"}, "documentation": "Gets."},
        "Put": {"name": "Put", "input": {"shape": "Other"}},
    },
    "shapes": {
        "In": {
            "type": "structure",
            "members": {"documentation": {"shape": "Text"}, "All": {"shape": "Many"}},
        },
        "Many": {"type": "list", "member": {"shape": "In"}},
        "Text": {"type": "string", "documentation": "A text."},
        "Other": {"type": "string"},
    },
}
ENDPOINTS = {
    "partitions": [{"partition": "aws", "services": {"thing": {"endpoints": {}}, "other": {}}}]
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "endpoints.json": json.dumps(ENDPOINTS),
            "_retry.json": "{}",
            "thing/2020-01-01/service-2.json": "an older version",
            "thing/2021-01-01/service-2.json": json.dumps(MODEL),
            "thing/2021-01-01/endpoint-rule-set-1.json": "{}",
            "thing/2021-01-01/paginators-1.json": "{}",
            "other/2021-01-01/service-2.json": "{}",
        },
    )
    return tmp_path


def test_of_the_sdk_the_called_operations_and_their_shapes_stay(data: Path) -> None:
    """A member that is called documentation is none."""
    sdk.cut(data, {"thing": ["Get"]})

    model = json.loads((data / "thing/2021-01-01/service-2.json").read_text("utf-8"))
    assert names_in(data) == {
        *("_retry.json", "endpoints.json", "thing/2021-01-01/service-2.json"),
        "thing/2021-01-01/endpoint-rule-set-1.json",
    }
    assert set(model["operations"]) == {"Get"}
    assert set(model["shapes"]) == {"In", "Many", "Text"}
    assert set(model["shapes"]["In"]["members"]) == {"documentation", "All"}
    assert "A text." not in json.dumps(model) and "Gets." not in json.dumps(model)
    assert json.loads((data / "endpoints.json").read_text("utf-8"))["partitions"] == [
        {"partition": "aws", "services": {"thing": {"endpoints": {}}}}
    ]


def test_an_operation_or_a_service_that_is_not_there_is_no_guess(data: Path) -> None:
    with pytest.raises(KeyError, match="Gett"):
        sdk.cut(data, {"thing": ["Gett"]})
    with pytest.raises(FileNotFoundError, match="thingy"):
        sdk.cut(data, {"thingy": ["Get"]})


def test_the_named_authorities_stay(tmp_path: Path) -> None:
    bundle = tmp_path / "cacert.pem"
    bundle.write_text("".join(map(CERTIFICATE.format, ["Root A", "Root B", "Other"])), "utf-8")

    with pytest.raises(ValueError, match="Nobody"):
        sdk.cut_authorities(bundle, ["Root", "Nobody"])
    sdk.cut_authorities(bundle, ["Root"])

    kept = bundle.read_text("utf-8")
    assert kept.count("BEGIN CERTIFICATE") == 2
    assert "Root A" in kept and "Root B" in kept and "Other" not in kept


def test_the_bytecode_says_where_lambda_has_it_and_is_taken_as_it_is(tmp_path: Path) -> None:
    """The flags of https://peps.python.org/pep-0552/: a hash that nothing checks."""
    python = bytecode.interpreter("python{}.{}".format(*sys.version_info))
    write(tmp_path, {"module.py": "NAME = 1\n"})

    assert python is not None and bytecode.interpreter("python2.4") is None
    bytecode.compile_all(tmp_path, python)

    [compiled] = tmp_path.glob("__pycache__/*.pyc")
    written = compiled.read_bytes()
    assert int.from_bytes(written[4:8], "little") == 0b01
    assert marshal.loads(written[16:]).co_filename == "/var/task/module.py"  # noqa: S302  # ours


def test_a_zip_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    write(tmp_path, {"b": "2", "a/c": "1"})
    first = archive.zipped(archive.files_in(tmp_path))
    (tmp_path / "b").unlink()
    write(tmp_path, {"b": "2"})
    (tmp_path / "b").chmod(0o600)

    assert archive.zipped(archive.files_in(tmp_path)) == first
    (tmp_path / "zip").write_bytes(first)
    with zipfile.ZipFile(tmp_path / "zip") as built:
        assert built.namelist() == ["a/c", "b"]
        assert {info.external_attr >> 16 for info in built.infolist()} == {0o100644}
