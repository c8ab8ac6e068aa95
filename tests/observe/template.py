"""infrastructure/alarms.yml with its functions worked out, for what the emulator cannot deploy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cfnlint.decode.cfn_yaml import load

from tools.project import ROOT

PATH = ROOT / "infrastructure" / "alarms.yml"
TEMPLATE: dict[str, Any] = load(str(PATH))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]

PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}


def of_type(resource_type: str) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in RESOURCES.items() if one["Type"] == resource_type}


def resolved(node: Any, values: Mapping[str, str]) -> Any:
    """Return a part of the template with parameters, and the topic as the stack's own."""
    known = {
        **PSEUDO,
        **{name: one.get("Default") for name, one in TEMPLATE["Parameters"].items()},
        "Topic": "arn:aws:sns:us-east-1:123456789012:alarms",
        **values,
    }
    if isinstance(node, list):
        return [resolved(one, values) for one in node]
    if not isinstance(node, dict):
        return node
    if "Ref" in node:
        return known[node["Ref"]]
    if "Fn::Sub" in node:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: known[found[1]], node["Fn::Sub"])
    if "Fn::If" in node:
        return resolved(node["Fn::If"][1], values)
    return {key: resolved(value, values) for key, value in node.items()}
