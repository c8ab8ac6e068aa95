"""`list` of many records: little memory, and the JSON that it would be in one piece."""

import json
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from bench.records import typical
from myorg_secrets.cli import listing
from myorg_secrets.cli.app import app
from myorg_secrets.cli.output import write_json_list
from myorg_secrets_password.item import Item

VALUES: dict[str, list[Any]] = {
    "none": [],
    "one": [{"a": 1}],
    "nested, and empty": [{"a": [{"b": []}, {}]}, [], "text"],
    "line breaks": [{"a\n": "b\nc"}, "d\n"],
    "beyond ASCII": ["\u00fc\U0001f511\u2028"],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_a_list_written_one_by_one_is_the_list(
    capsysbinary: pytest.CaptureFixture[bytes], values: list[Any]
) -> None:
    write_json_list(iter(values))

    printed = capsysbinary.readouterr().out.decode()
    assert printed == json.dumps(values, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("as_json", [("--json",), ()], ids=["JSON", "table"])
def test_a_list_keeps_no_ciphertext(
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
    as_json: tuple[str, ...],
) -> None:
    """60 records of ten ciphertexts, larger than KMS makes them, would take 24 MB."""

    def items(*_: Any) -> Iterator[Item]:
        for number in range(60):
            item = typical(10) | {"EnvName": {"S": f"prod#DB{number:03}"}}
            for version in item["Versions"]["L"]:
                version["M"]["Ciphertext"] = {"B": bytes([number]) * 40_000}
            yield item

    monkeypatch.setattr(listing, "items", items)
    connection = SimpleNamespace(table_name="table")
    monkeypatch.setattr(listing.Place, "connect", lambda self: connection)
    tracemalloc.start()
    try:
        app.main(["list", *as_json], standalone_mode=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert capsysbinary.readouterr().out.count(b"DB") >= 60
    assert peak < 12_000_000
