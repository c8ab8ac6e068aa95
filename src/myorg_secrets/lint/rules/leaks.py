"""Places that show the password. cfn-lint loads this file also by itself: imports are absolute."""

from cfnlint.rules import RuleMatch
from cfnlint.template import Template

from myorg_secrets.lint.leaks import METADATA, NESTED, OUTPUTS, PROGRAM, PROPERTY, UNKNOWN, leaks
from myorg_secrets.lint.rule import Rule, matches


class _Leaks(Rule):
    def match(self, cfn: Template) -> list[RuleMatch]:
        return matches((leak.path, leak.message) for leak in leaks(cfn) if leak.rule == self.id)


class OutputsHideNothing(_Leaks):
    """Value in Outputs."""

    id = OUTPUTS
    shortdesc = "The password is in Outputs"
    description = "Outputs and exports show Value to whoever may describe or list stacks"


class MetadataHideNothing(_Leaks):
    """Value in Metadata, that of cfn-init included."""

    id = METADATA
    shortdesc = "The password is in Metadata"
    description = "Metadata of the template and of resources, such as cfn-init's, show Value"


class ProgramsReadThemselves(_Leaks):
    """Value in user data, environment variables, commands and code."""

    id = PROGRAM
    shortdesc = "The password is in user data, an environment variable or a command"
    description = (
        "User data, environment variables, commands and code show Value; the program can read the"
        " secret itself"
    )


class PropertyHidesNothing(_Leaks):
    """Value in any other property that its service shows."""

    id = PROPERTY
    shortdesc = "The password is in a property that is not masked"
    description = (
        "Value may go only into properties that their service never shows again, such as"
        " MasterUserPassword"
    )


class NestedParametersHideNothing(_Leaks):
    """Value in the parameter of a nested stack whose template cannot be read."""

    id = NESTED
    shortdesc = "The password goes to a nested stack whose parameter may lack NoEcho"
    description = "A nested stack shows Value unless its parameter has NoEcho: true"


class TypeIsUnknown(_Leaks):
    """Value in a resource of a type without a schema."""

    id = UNKNOWN
    shortdesc = "The password goes to a type that cfn-lint does not know"
    description = "Without a schema nobody can tell which properties are masked"
