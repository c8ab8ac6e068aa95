"""Where a template writes `Value`, and whether that place hides it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from cfnlint.decode import decode
from cfnlint.template import Template

from . import GUIDE
from .document import Document, Path, Reference, is_no_echo, schema_steps
from .masked import is_masked, schema_of
from .places import place_of

OUTPUTS = "E9801"
METADATA = "E9802"
PROGRAM = "E9803"
PROPERTY = "E9804"
NESTED = "W9805"
UNKNOWN = "W9806"

_NESTED_STACKS = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}
"""The types of nested stacks, and the property that says where the template is."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A place that shows the password, or may show it.

    Attributes:
        rule: the ID of the rule that reports it.
        path: the place in the template.
        message: what is wrong and what to do instead.
    """

    rule: str
    path: Path
    message: str


def leaks(cfn: Template) -> Iterator[Leak]:
    """Yield every place that gets `Value` and does not hide it."""
    document = Document(cfn.template)
    for found in document.references:
        if found.attribute == "Value" and (leak := _leak(cfn, document, found)):
            yield leak


def _leak(cfn: Template, document: Document, found: Reference) -> Leak | None:
    path, name = found.path, found.name
    if path[:1] == ("Outputs",):
        return Leak(
            OUTPUTS,
            path,
            f"{name}.Value is not masked in Outputs: whoever may describe or list stacks reads the"
            f" password. Put out !Ref {name}, which names the secret, and read it from there:"
            f" {GUIDE}/consume.md",
        )
    if path[:1] == ("Metadata",) or (path[:1] == ("Resources",) and path[2:3] == ("Metadata",)):
        return Leak(
            METADATA,
            path,
            f"{name}.Value is not masked in Metadata: cloudformation:DescribeStackResource and"
            f" cfn-init's log show it. Write !Ref {name} there, and read the password on the"
            f" instance: {GUIDE}/consume/ec2-user-data.md",
        )
    if path[:1] == ("Resources",) and path[2:3] == ("Properties",):
        return _leak_in_properties(cfn, document, found, document.type_of(path[1]), path[3:])
    # What AWS SAM hands on to all resources of a kind.
    if path[:1] == ("Globals",) and len(path) > 2:
        type_name = f"AWS::Serverless::{path[1]}"
        return _leak_in_properties(cfn, document, found, type_name, path[2:])
    return Leak(
        PROPERTY,
        path,
        f"{name}.Value has no business here: hand it only to a property that hides it.",
    )


def _leak_in_properties(
    cfn: Template, document: Document, found: Reference, type_name: str, path: Path
) -> Leak | None:
    steps = schema_steps(path)
    shown = f"{found.name}.Value"
    schema = schema_of(type_name, cfn.regions)
    if schema is None:
        return Leak(
            UNKNOWN,
            found.path,
            f"cfn-lint does not know {type_name or 'this type'}, so nobody can tell whether it"
            f" hides {shown}. Hand its schema to --registry-schemas, or hand over"
            f" !Ref {found.name}.",
        )
    if is_masked(type_name, schema, steps):
        return None
    if type_name in _NESTED_STACKS and steps[:1] == ("Parameters",) and len(steps) == 2:
        return _leak_to_nested(cfn, document, found, steps[1])
    place = place_of(type_name, steps)
    return Leak(
        PROGRAM if place.program else PROPERTY,
        found.path,
        f"{shown} is not masked in {'.'.join(steps) or 'Properties'} of {type_name}: it"
        f" {place.shown}. {place.better.format(name=found.name)}",
    )


def _leak_to_nested(
    cfn: Template, document: Document, found: Reference, parameter: str
) -> Leak | None:
    resource = str(found.path[1])
    where = document.properties_of(resource).get(_NESTED_STACKS[document.type_of(resource)])
    nested = (
        _parameters(FilePath(cfn.filename or "").parent / where) if isinstance(where, str) else {}
    )
    if parameter not in nested:
        return Leak(
            NESTED,
            found.path,
            f"The nested stack shows {found.name}.Value unless its parameter {parameter} has"
            " NoEcho: true. That cannot be told from here. Look, and then ignore this rule on this"
            f" resource; or hand over !Ref {found.name}.",
        )
    if is_no_echo(nested[parameter]):
        return None
    return Leak(
        PROPERTY,
        found.path,
        f"{found.name}.Value is not masked in the nested stack: its parameter {parameter} has no"
        " NoEcho: true. Write that there.",
    )


def _parameters(file: FilePath) -> dict[str, object]:
    """Return the parameters of a template on disk; none where it cannot be read."""
    try:
        template, problems = decode(str(file)) if file.is_file() else (None, [])
    except (OSError, ValueError, TypeError):
        return {}
    if problems or not isinstance(template, dict):
        return {}
    parameters = template.get("Parameters")
    return parameters if isinstance(parameters, dict) else {}
