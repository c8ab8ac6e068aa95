"""Writes the list of suppressions into guide/security.md, from where they stand.

The rest of the page is written by hand.
"""

from pathlib import Path

from tools import pages
from tools.check_templates import suppressions_of
from tools.project import ROOT

PAGE = "guide/security.md"
_BEGIN = "<!-- This table is made by tools/security_guide.py: make generate. -->"
_END = "<!-- The end of the table. -->"


def write(project: Path) -> None:
    """Replaces the table in a project's page.

    Raises:
        SystemExit: the page lacks one of the two comments between which the table stands.
    """
    pages.replace_part(project, PAGE, _BEGIN, _END, table(project))


def table(project: Path) -> str:
    """Returns the table of a project's suppressions in Markdown."""
    rows = (
        (f"`{one.place}`", one.resource or "all", f"`{one.check}`", one.reason)
        for one in suppressions_of(project)
    )
    return pages.table(("Where", "Resource", "Check", "Reason"), *rows)


if __name__ == "__main__":
    write(ROOT)
