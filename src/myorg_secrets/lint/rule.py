"""What the rules have in common."""

from collections.abc import Iterable

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from . import GUIDE
from .document import Path


class Rule(CloudFormationLintRule):  # type: ignore[misc]  # cfn-lint comes without types
    """A rule of this package. cfn-lint registers only what has an ID."""

    source_url = f"{GUIDE}/lint.md"
    tags = ("resources", "myorg", "secrets")


def matches(found: Iterable[tuple[Path, str]]) -> list[RuleMatch]:
    """Return cfn-lint's form of what was found: a place in the template and a message."""
    return [RuleMatch(list(path), message) for path, message in found]
