"""Parts of pages that are made, in pages that are otherwise written by hand."""

from pathlib import Path


def replace_part(project: Path, name: str, begin: str, end: str, made: str) -> None:
    """Replaces what stands between two comments in a page.

    Args:
        project: the root of the tree that the page is in.
        name: the page's path in it.
        begin: the comment before the part.
        end: the comment after it.
        made: the new part, in Markdown.

    Raises:
        SystemExit: the page lacks one of the two comments.
    """
    page = project / name
    before, found_begin, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise SystemExit(f"{name} lacks the comments around what is made: {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{made}\n{end}{after}", encoding="utf-8")


def table(*rows: tuple[str, ...]) -> str:
    """Returns a table in Markdown, the first row its header."""
    header, *body = rows
    lines = [header, ("---",) * len(header), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
