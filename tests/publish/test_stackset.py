"""The StackSet's template registers the type with storage and role of its own, or with others'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from tools import stackset
from tools.project import ROOT, copy_of_project


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    found: dict[str, Any] = load(str(ROOT / stackset.TEMPLATE))
    return found


def resources_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = load(str(ROOT / "infrastructure" / name))["Resources"]
    return found


def without_condition(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "Condition"}


def test_the_storage_is_that_of_its_own_template(template: dict[str, Any]) -> None:
    """Under the condition that the stack makes it."""
    for name, resource in resources_of("storage.yml").items():
        assert without_condition(template["Resources"][name]) == resource
        assert template["Resources"][name]["Condition"] == "StorageIsMade"


def test_the_role_is_that_of_its_own_template_for_the_key_that_the_stack_makes(
    template: dict[str, Any],
) -> None:
    [(name, resource)] = resources_of("execution-role.yml").items()
    key = {"Fn::If": ["StorageIsMade", {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "KeyArn"}]}
    for statement in resource["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
        if statement["Resource"] == {"Ref": "KeyArn"}:
            statement["Resource"] = key

    assert without_condition(template["Resources"][name]) == resource
    assert template["Resources"][name]["Condition"] == "RoleIsMade"


def test_the_parameters_of_storage_and_role_have_the_same_bounds(
    template: dict[str, Any],
) -> None:
    for name in ("storage.yml", "execution-role.yml"):
        own = load(str(ROOT / "infrastructure" / name))["Parameters"]
        for parameter, bounds in own.items():
            for bound in ("Type", "AllowedPattern"):
                assert template["Parameters"][parameter].get(bound) == bounds.get(bound)


def test_a_version_outlives_its_successor_and_its_stack(template: dict[str, Any]) -> None:
    """So that there is something to go back to, and the type stays while stacks use it."""
    version = template["Resources"]["Version"]

    assert (version["UpdateReplacePolicy"], version["DeletionPolicy"]) == ("Retain", "Retain")


def test_the_new_version_is_made_before_it_is_the_default(template: dict[str, Any]) -> None:
    """By the reference: CloudFormation then needs no DependsOn."""
    default = template["Resources"]["DefaultVersion"]

    assert default["Properties"] == {"TypeVersionArn": {"Ref": "Version"}}


def test_nothing_needs_what_service_managed_stacksets_refuse(template: dict[str, Any]) -> None:
    """Neither macros nor nested stacks."""
    assert "Transform" not in template
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert "AWS::CloudFormation::Stack" not in kinds


def test_no_name_is_fixed_that_another_region_would_need_too(template: dict[str, Any]) -> None:
    """IAM is one for all Regions of an account, and each Region has a stack."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Role":
            assert "RoleName" not in resource["Properties"]


@pytest.mark.parametrize("lost", ["Outputs:", "Resources:"])
def test_a_template_without_its_sections_is_refused(lost: str) -> None:
    with copy_of_project() as project:
        path: Path = project / "infrastructure" / "storage.yml"
        path.write_text(path.read_text(encoding="utf-8").replace(f"\n{lost}", "\nOther:"), "utf-8")

        with pytest.raises(SystemExit, match="has no Resources in front of its Outputs"):
            stackset.write(project)
