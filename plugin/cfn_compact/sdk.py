"""botocore's data, cut to the services and operations that are called.

A model that botocore does not find is an error at the first use of its client, so whatever is
left out here shows in the first test that needs it.
"""

import gzip
import json
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

_MODEL = "service-2.json"
_RULES = "endpoint-rule-set-1.json"
_ENTRY = re.compile(
    r'(^# Issuer: .*?^# Label: "(.*?)"$.*?^-----END CERTIFICATE-----\n)', re.MULTILINE | re.DOTALL
)
_DOCUMENTATION = ("documentation", "documentationUrl")


def cut(data: Path, operations: Mapping[str, Iterable[str]]) -> None:
    """Leaves of botocore/data what clients need for these operations by service.

    Paginators, waiters, examples and documentation go as well.

    Raises:
        KeyError: a service has no such operation.
        FileNotFoundError: there is no such service.
    """
    endpoint_prefixes = set()
    kept = {}
    for service, names in operations.items():
        versions = sorted(path.parent for path in (data / service).glob(f"*/{_MODEL}*"))
        if not versions:
            raise FileNotFoundError(f"botocore has no service {service}")
        model = _cut_model(_load(versions[-1] / _MODEL), names)
        endpoint_prefixes.add(model["metadata"]["endpointPrefix"])
        kept[f"{service}/{versions[-1].name}/{_MODEL}"] = model
        kept[f"{service}/{versions[-1].name}/{_RULES}"] = _load(versions[-1] / _RULES)
    kept["endpoints.json"] = _cut_endpoints(_load(data / "endpoints.json"), endpoint_prefixes)
    for folder in data.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    for name, content in kept.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def cut_authorities(bundle: Path, words: Collection[str]) -> None:
    """Leaves of botocore/cacert.pem the certificates whose label has one of these words.

    Each new connection reads them all, which takes longer than most of what follows.

    Raises:
        ValueError: no certificate has one of the words.
    """
    entries = _ENTRY.findall(bundle.read_text(encoding="utf-8"))
    kept = [text for text, label in entries if any(word in label for word in words)]
    for word in words:
        if not any(word in label for _, label in entries):
            raise ValueError(f"no certificate authority is called {word}")
    bundle.write_text("".join(kept), encoding="utf-8")


def _load(path: Path) -> Any:
    packed = path.with_name(f"{path.name}.gz")
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    return json.loads(content)


def _cut_model(model: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    operations = {name: model["operations"][name] for name in sorted(names)}
    shapes: dict[str, Any] = {}
    waiting = list(_shapes_in(operations))
    while waiting:
        name = waiting.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            waiting += _shapes_in(shapes[name])
    return {
        "version": model.get("version"),
        "metadata": model["metadata"],
        "operations": _undocumented(operations),
        "shapes": _undocumented(dict(sorted(shapes.items()))),
    }


def _shapes_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "shape" and isinstance(value, str):
                yield value
            yield from _shapes_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _shapes_in(value)


def _undocumented(node: Any) -> Any:
    # A member of a structure may itself be called documentation: its value is an object.
    if isinstance(node, dict):
        return {
            key: _undocumented(value)
            for key, value in node.items()
            if not (key in _DOCUMENTATION and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_undocumented(value) for value in node]
    return node


def _cut_endpoints(endpoints: dict[str, Any], prefixes: set[str]) -> dict[str, Any]:
    partitions = [
        partition
        | {
            "services": {
                name: service for name, service in partition["services"].items() if name in prefixes
            }
        }
        for partition in endpoints["partitions"]
    ]
    return endpoints | {"partitions": partitions}
