"""Writes the tables of guide/scale.md from the sizes of items and AWS's documented limits.

The rest of the page is written by hand.
"""

from pathlib import Path

from bench import capacity, limits
from bench.projection import creates, most_creates, whole_list
from bench.records import MOST_CIPHERTEXT, buried, largest, typical
from myorg_secrets_password.item import Item
from myorg_secrets_password.store import PAGE_SIZE
from tools import pages
from tools.project import ROOT

PAGE = "guide/scale.md"
_BEGIN = "<!-- What follows is made by tools/scale_guide.py: make generate. -->"
_END = "<!-- The end of what is made. -->"

RECORDS = 10_000_000
RATE = 1_000
HANDLER_SECONDS = 0.2
"""Assumed: the handler's own time is a tenth of it, the rest is what three calls take."""


def write(project: Path) -> None:
    """Replaces the tables in a project's page.

    Raises:
        SystemExit: the page lacks one of the two comments between which the tables stand.
    """
    pages.replace_part(project, PAGE, _BEGIN, _END, tables())


def tables() -> str:
    """Returns all tables in Markdown."""
    return "\n".join(
        [
            f"### What a record takes\n\n{_units()}",
            f"### One complete list of {RECORDS:,} records\n\n{_lists()}",
            f"### {RATE:,} creates a second\n\n{_creates()}",
            f"### Creates a second that each limit allows\n\n{_most()}",
        ]
    )


def records() -> dict[str, Item]:
    """Returns the items that the tables are about, by what they are called there."""
    return {
        "typical, 1 version": typical(1),
        "typical, 10 versions": typical(10),
        "the largest, in ASCII": largest(),
        "the largest, 4 bytes a character": largest("\U0001f511", MOST_CIPHERTEXT),
    }


def _units() -> str:
    rows = [
        (
            "Record",
            "Bytes",
            f"Of {limits.ITEM_BYTES:,}",
            "Create, WRU",
            "Update, RRU + WRU",
            "Delete, WRU",
            "Read, RRU",
            "Records a page",
            "List, RRU a record",
        )
    ]
    for name, item in records().items():
        size = capacity.item_size(item)
        page = capacity.page_items(size, PAGE_SIZE)
        reading, writing = capacity.read_units(size), capacity.write_units(size)
        rows.append(
            (
                name,
                f"{size:,}",
                f"{size / limits.ITEM_BYTES:.1%}",
                f"{writing}",
                f"{reading} + {writing}",
                f"{capacity.write_units(size, capacity.item_size(buried(item)))}",
                f"{reading}",
                f"{page}",
                f"{capacity.page_units([size] * page) / page:.2f}",
            )
        )
    return pages.table(*rows)


def _lists() -> str:
    rows = [("Record", "Pages", "RRU", "Hours, at least", "USD, DynamoDB", "USD, CloudFormation")]
    for name, item in list(records().items())[:2]:
        took = whole_list(RECORDS, capacity.item_size(item))
        rows.append(
            (
                name,
                f"{took.pages:,}",
                f"{took.units:,}",
                f"{took.seconds / 3_600:.1f}",
                f"{took.reading:.2f}",
                f"{took.operations:.2f}",
            )
        )
    return pages.table(*rows)


def _creates() -> str:
    took = creates(RATE, capacity.item_size(typical(1)), HANDLER_SECONDS)
    return pages.table(
        ("What", "A second", "Documented limit"),
        ("DynamoDB, WRU", f"{took.write_units:,}", f"{limits.NEW_TABLE_WRITE_UNITS:,} at first"),
        ("Partitions", f"{took.partitions}", f"{limits.PARTITION_WRITE_UNITS:,} WRU each"),
        ("KMS, calls", f"{took.kms_calls:,}", f"{limits.KMS_REQUESTS:,} in most Regions"),
        ("Lambda, at a time", f"{took.concurrency:,}", f"{limits.LAMBDA_CONCURRENCY:,}"),
        ("USD an hour", f"{took.money:,.0f}", ""),
    )


def _most() -> str:
    allowed = most_creates(capacity.item_size(typical(1)), HANDLER_SECONDS)
    rows = [("Limit", "Creates a second", "Source")]
    for what, (rate, source) in sorted(allowed.items(), key=lambda each: each[1][0]):
        rows.append((what, f"{rate:,}", f"<{source}>"))
    return pages.table(*rows)


if __name__ == "__main__":
    write(ROOT)
