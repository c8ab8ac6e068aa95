"""No template makes a rule crash, which cfn-lint would report as E0002."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.template import Template
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lint.linting import lint, rules

WORDS = st.sampled_from(
    ["P", "Value", "P.Value", "${P.Value}", "${P.Value", "${}", "${!P.Value}", "", "x", "Engine",
     "mysql", "AWS::NoValue", "MyOrg::Secrets::Password", "AWS::RDS::DBInstance", "Custom::A",
     "AWS::CloudFormation::Stack", "A::B::C", "nested.yml", "\x00", "{{resolve:ssm:a}}", "false"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If", "Fn::Join", "Fn::Select", "Fn::FindInMap", "Fn::",
     "Type", "Properties", "Parameters", "TemplateURL", "MasterUserPassword", "Engine", "Tags",
     "Key", "Value", "PasswordLength", "SecretString", "AllowedCharacters", "Metadata", "Default",
     "AllowedValues", "NoEcho", "DeletionPolicy", "RecoveryWindowInDays", "ReturnValue", "Users"]
)  # fmt: skip
LEAVES = st.one_of(
    WORDS, st.booleans(), st.none(), st.integers(-1, 10**20), st.floats(), st.text(max_size=3)
)
NODES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(KEYS | WORDS, inner, max_size=3)
    ),
    max_leaves=12,
)
TEMPLATES = st.fixed_dictionaries(
    {
        "Resources": st.one_of(
            st.fixed_dictionaries(
                {
                    "P": st.fixed_dictionaries(
                        {"Type": st.just("MyOrg::Secrets::Password"), "Properties": NODES}
                    ),
                    "R": st.one_of(
                        NODES,
                        st.fixed_dictionaries(
                            {
                                "Type": WORDS,
                                "Properties": st.dictionaries(KEYS, NODES, max_size=4),
                            }
                        ),
                    ),
                }
            ),
            NODES,
        )
    },
    optional={"Parameters": NODES, "Outputs": NODES, "Metadata": NODES, "Globals": NODES},
)


@settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(TEMPLATES)
def test_no_template_makes_a_rule_crash(template: dict[str, Any]) -> None:
    """Each rule by itself: cfn-lint's own code gives up on many of these before any rule."""
    cfn = Template(None, template)

    for rule in rules().values():
        for match in rule.match(cfn):
            assert match.path
            assert match.message
            assert "\n" not in match.message


@pytest.mark.parametrize(
    "template",
    [
        {"Resources": {"P": {"Type": "MyOrg::Secrets::Password", "Properties": [1]}}},
        {"Resources": {"P": {"Type": ["MyOrg::Secrets::Password"]}, "Q": "x"}},
        {"Resources": {"P": {"Type": "MyOrg::Secrets::Password"}}, "Outputs": ["x"]},
        {
            "Resources": {"P": {"Type": "MyOrg::Secrets::Password"}},
            "Outputs": {"O": {"Value": {"Fn::GetAtt": ["P", {"Ref": "Nowhere"}]}}},
        },
        {
            "Resources": {"P": {"Type": "MyOrg::Secrets::Password"}},
            "Outputs": {"O": {"Value": {"Fn::Sub": [{"Ref": "P"}, "x"]}}},
        },
    ],
    ids=json.dumps,
)
def test_cfn_lint_reports_no_crash_of_a_rule(template: dict[str, Any]) -> None:
    assert [match for match in lint(json.dumps(template)) if match.rule.id == "E0002"] == []


def test_a_deep_template_is_read_to_its_end() -> None:
    value: dict[str, Any] = {"Fn::GetAtt": ["P", "Value"]}
    for _ in range(60):
        value = {"Fn::Join": ["", ["a", value]]}
    template = {
        "Resources": {"P": {"Type": "MyOrg::Secrets::Password"}},
        "Outputs": {"O": {"Value": value}},
    }

    assert [match.rule.id for match in lint(json.dumps(template))] == ["E9801"]
