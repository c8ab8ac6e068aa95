"""What takes the password. cfn-lint loads this file also by itself: imports are absolute."""

from cfnlint.rules import RuleMatch
from cfnlint.template import Template

from myorg_secrets.lint.document import Document
from myorg_secrets.lint.engine_fit import identifiers_taken_for_passwords, misfits, unnamed
from myorg_secrets.lint.rule import Rule, matches


class EngineFits(Rule):
    """A password made by the rule of one engine, and taken by another."""

    id = "E9821"
    shortdesc = "Engine is not that of the resource that takes the password"
    description = "The resource may refuse a password that was made by another engine's rule"

    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches(misfits(Document(cfn.template)))


class EngineIsNamed(Rule):
    """A password made by no engine's rule that its taker may refuse."""

    id = "W9822"
    shortdesc = "Engine is not given, and the resource may refuse the password"
    description = "With Engine the password keeps to what the resource takes"

    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches(unnamed(Document(cfn.template)))


class IdentifierIsNoPassword(Rule):
    """Ref where a password belongs."""

    id = "E9823"
    shortdesc = "The secret's identifier is taken for the password"
    description = "Ref gives table|stack|env|name, which everybody can guess"

    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches(identifiers_taken_for_passwords(Document(cfn.template)))
