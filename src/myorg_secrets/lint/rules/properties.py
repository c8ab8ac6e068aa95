"""The secret itself. cfn-lint loads this file also by itself: imports are absolute."""

from collections.abc import Iterator
from typing import Any

from cfnlint.rules import RuleMatch
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from cfnlint.template import Template

from myorg_secrets.lint import SCHEMAS
from myorg_secrets.lint.declared import nearest, problems, readable
from myorg_secrets.lint.document import Document, Path
from myorg_secrets.lint.rule import Rule, matches
from myorg_secrets_password.properties import READ_ONLY, WRITABLE

Found = Iterator[tuple[Path, str]]


class PropertiesAreRight(Rule):
    """Unknown properties, wrong values, and properties that exclude each other."""

    id = "E9811"
    shortdesc = "A property of MyOrg::Secrets::Password is wrong"
    description = (
        "Unknown and read-only properties, wrong values, and properties that nothing satisfies"
        " together are refused when the stack is deployed"
    )

    def __init__(self) -> None:
        super().__init__()
        # Otherwise cfn-lint says that the type does not exist (E3006).
        PROVIDER_SCHEMA_MANAGER.load_registry_schemas(str(SCHEMAS))
        PROVIDER_SCHEMA_MANAGER.get_resource_types.cache_clear()

    def match(self, cfn: Template) -> list[RuleMatch]:
        secrets = Document(cfn.template).secrets
        return matches(
            (("Resources", name, "Properties", *path), message)
            for name, properties in secrets.items()
            for path, message in problems(name, properties)
        )


class AttributeExists(Rule):
    """Fn::GetAtt and Fn::Sub with an attribute that the type does not have."""

    id = "E9812"
    shortdesc = "MyOrg::Secrets::Password has no such attribute"
    description = f"Fn::GetAtt gives {', '.join(READ_ONLY)}"

    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches(self._found(Document(cfn.template)))

    @staticmethod
    def _found(document: Document) -> Found:
        for found in document.references:
            if found.attribute and found.attribute not in READ_ONLY:
                yield found.path, _no_attribute(found.name, found.attribute)


def _no_attribute(name: str, attribute: str) -> str:
    gives = f"Fn::GetAtt gives {', '.join(READ_ONLY)}"
    if attribute in WRITABLE:
        return f"{attribute} is a property of {name}, and no attribute: {gives}."
    close = nearest(attribute, READ_ONLY)
    hint = f"Did you mean {close}?" if close else f"{gives}."
    return f"{attribute[:64]!r} is not an attribute of {name}. {hint}"


class ValueIsReturned(Rule):
    """Value of a secret that keeps it out of its answers."""

    id = "E9813"
    shortdesc = "Value is used although ReturnValue is false"
    description = "With ReturnValue: false there is no Value, and the stack fails"

    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches(self._found(Document(cfn.template)))

    @staticmethod
    def _found(document: Document) -> Found:
        for found in document.references:
            written = document.secrets[found.name].get("ReturnValue")
            if found.attribute == "Value" and str(written).lower() == "false":
                yield (
                    found.path,
                    f"{found.name} has ReturnValue: false, so there is no {found.name}.Value."
                    " Remove one of the two.",
                )


class SecretStringIsReadable(Rule):
    """A password in the text of the template, or in a parameter that shows it."""

    id = "E9814"
    shortdesc = "SecretString can be read in the template or its parameters"
    description = (
        "The text of a template and its parameters without NoEcho are readable for whoever may"
        " describe the stack"
    )

    def match(self, cfn: Template) -> list[RuleMatch]:
        document = Document(cfn.template)
        return matches(
            (("Resources", name, "Properties", *path), message)
            for name, properties in document.secrets.items()
            for path, message in readable(document, properties)
        )


class NoRecovery(Rule):
    """A secret that is gone for ever when it leaves the stack."""

    id = "I9815"
    shortdesc = "A deleted password cannot be restored"
    description = "RecoveryWindowInDays: 0 without DeletionPolicy: Retain loses the password"

    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches(self._found(Document(cfn.template)))

    @staticmethod
    def _found(document: Document) -> Found:
        for name, properties in document.secrets.items():
            policy: Any = document.resources[name].get("DeletionPolicy")
            kept = isinstance(policy, str) and policy.startswith("Retain")
            if str(properties.get("RecoveryWindowInDays")) == "0" and not kept:
                yield (
                    ("Resources", name, "Properties", "RecoveryWindowInDays"),
                    f"{name} is gone for ever once it leaves the stack. Write 7 to 30 days, or"
                    " DeletionPolicy: Retain, unless that is what you want.",
                )
