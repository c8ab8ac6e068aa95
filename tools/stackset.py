"""Writes storage and execution role into infrastructure/stackset.yml, from their own templates.

A StackSet with service-managed permissions takes no nested stacks, so that its template must hold
them itself. The rest of it is written by hand.
"""

import re
from pathlib import Path

from tools import pages
from tools.project import ROOT

TEMPLATE = "infrastructure/stackset.yml"
_BEGIN = "  # What follows is made by tools/stackset.py: make generate."
_END = "  # The end of what is made."

_PARTS = (
    ("infrastructure/storage.yml", "StorageIsMade"),
    ("infrastructure/execution-role.yml", "RoleIsMade"),
)
"""The templates, and the condition under which the StackSet's stack makes their resources."""

_TYPE = re.compile(r"^    Type: .*\n", re.MULTILINE)
_KEY_ARN = ("!Ref KeyArn", "!If [StorageIsMade, !GetAtt Key.Arn, !Ref KeyArn]")


def write(project: Path) -> None:
    """Replaces what is made, in a project's template.

    Raises:
        SystemExit: a template lacks its resources, or the comments between which they stand.
    """
    made = "\n".join(_resources(project / name, condition) for name, condition in _PARTS)
    pages.replace_part(project, TEMPLATE, _BEGIN, _END, made)


def _resources(template: Path, condition: str) -> str:
    """Returns the resources of a template, comments and all, each under the condition."""
    text = template.read_text(encoding="utf-8")
    found = re.search(r"^Resources:\n(.*?)^Outputs:", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise SystemExit(f"{template} has no Resources in front of its Outputs.")
    conditional = _TYPE.sub(rf"\g<0>    Condition: {condition}\n", found[1].rstrip() + "\n")
    return conditional.replace(*_KEY_ARN)


if __name__ == "__main__":
    write(ROOT)
