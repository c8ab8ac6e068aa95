"""The rules for CloudFormation Guard find the direct forms, and nothing in our own templates."""

# ruff: noqa: E501  # a template is a line

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from tests.lint.test_shapes import OURS
from tools.project import ROOT

cfn_guard_rs = pytest.importorskip(
    "cfn_guard_rs", reason="its wheels are for Linux only (requirements-dev.in)"
)

GUARD = (ROOT / "infrastructure/guard/myorg-secrets-password.guard").read_text("utf-8")

PLACES: dict[str, tuple[str, Any]] = {
    "outputs": ("/Outputs/O", lambda value: {"Outputs": {"N": {"Value": "x"}, "O": {"Value": value}}}),
    "metadata": ("/Metadata/M", lambda value: {"Metadata": {"N": "x", "M": value}}),
    "resource metadata": (
        "/Resources/B/Metadata/M",
        lambda value: {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Metadata": {"M": value}}}},
    ),
    "tags": (
        "/Resources/B/Properties/Tags/1",
        lambda value: {
            "Resources": {
                "B": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"Tags": [{"Key": "a", "Value": "x"}, {"Key": "b", "Value": value}]},
                }
            }
        },
    ),
    "plain parameters": (
        "/Resources/B",
        lambda value: {
            "Resources": {
                "B": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
            }
        },
    ),
}  # fmt: skip

VALUES: list[dict[str, Any]] = [
    {"Fn::GetAtt": ["P", "Value"]},
    {"Fn::GetAtt": "P.Value"},
    {"Fn::Sub": "a ${P.Value} b"},
]
OTHERS: list[Any] = [
    {"Ref": "P"},
    {"Fn::GetAtt": ["P", "VersionId"]},
    {"Fn::GetAtt": "P.VersionId"},
    {"Fn::Sub": "${P}"},
    "Value",
]


def paths(template: dict[str, Any]) -> list[str]:
    """Return where the rules are broken; each of them says what to do."""
    result = cfn_guard_rs.run_checks(json.loads(json.dumps(template, default=str)), GUARD)
    comparisons = [one for broken in result.not_compliant.values() for one in broken]
    assert all(one.message for one in comparisons)
    return [one.path for one in comparisons]


def template(
    place: str, value: object, type_name: str = "MyOrg::Secrets::Password"
) -> dict[str, Any]:
    made: dict[str, Any] = PLACES[place][1](value)
    made.setdefault("Resources", {})["P"] = {"Type": type_name}
    return made


@pytest.mark.parametrize("value", VALUES, ids=json.dumps)
@pytest.mark.parametrize("place", PLACES)
def test_the_value_is_found(place: str, value: object) -> None:
    assert paths(template(place, value)) == [PLACES[place][0]]


@pytest.mark.parametrize("value", OTHERS, ids=json.dumps)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_not_the_value_is_left_alone(place: str, value: object) -> None:
    assert paths(template(place, value)) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_template_without_our_type_is_left_alone(place: str) -> None:
    assert paths(template(place, VALUES[0], type_name="AWS::SSM::Parameter")) == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_nothing_is_found_in_our_own_templates(path: Any) -> None:
    assert paths(load(str(path))) == []
