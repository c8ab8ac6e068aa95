"""The guide's table says what the rules say, in Markdown that renders."""

from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from myorg_secrets_password.engines import ENGINES, Rule
from tools import engines_guide
from tools.project import ROOT


def rows(markdown: str) -> list[list[str]]:
    """Render Markdown as GitHub does and return the text of each cell, row by row."""
    found: list[list[str]] = []
    for token in MarkdownIt().enable("table").parse(markdown):
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and found:
            found[-1].append("".join(child.content for child in token.children or []))
    return found


def test_every_engine_stands_in_one_row_with_its_rule() -> None:
    """Length, characters, what must be there and the source are the rule's own."""
    header, *body = rows(engines_guide.table())

    shown = {
        engine: dict(zip(header, row, strict=True)) for row in body for engine in row[0].split(", ")
    }
    assert sorted(shown) == sorted(ENGINES)
    assert len(body) == len(set(ENGINES.values()))
    for engine, rule in ENGINES.items():
        assert shown[engine]["Length"] == f"{rule.minimum} to {rule.maximum}"
        assert shown[engine]["Characters"].startswith(rule.characters)
        assert shown[engine]["Must hold"] == (rule.wants or "nothing")
        assert shown[engine]["Source"] == rule.source


def test_the_default_length_and_its_entropy_are_those_of_generation() -> None:
    """30 characters for Oracle, each one of 65, and at both ends one of 62."""
    header, *body = rows(engines_guide.table())

    [oracle] = [dict(zip(header, row, strict=True)) for row in body if "oracle-ee" in row[0]]
    # 28 * log2(65) + 2 * log2(62) = 180.5. That every class occurs, as it does in three passwords
    # of four, takes 0.4.
    assert (oracle["Default length"], oracle["Bits"]) == ("30", "180")


def test_no_character_breaks_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever Markdown takes for its own is shown as it is."""
    awkward = r"\ ` * _ [a](b) <b> &amp; | # $x$ ~~c~~ \| ``"
    rule = Rule(8, 41, awkward, f"source {awkward}")
    monkeypatch.setattr(engines_guide, "ENGINES", {"mysql": rule})

    [_, row] = rows(engines_guide.table())

    assert (row[2], row[6]) == (awkward, f"source {awkward}")


def test_the_page_keeps_what_is_written_by_hand(tmp_path: Path) -> None:
    """Only what stands between the two comments is replaced."""
    page = tmp_path / engines_guide.PAGE
    page.parent.mkdir()
    text = (ROOT / engines_guide.PAGE).read_text(encoding="utf-8")
    page.write_text(text.replace(engines_guide.table(), "| stale |\n"), encoding="utf-8")

    engines_guide.write(tmp_path)

    assert page.read_text(encoding="utf-8") == text


def test_a_page_without_the_comments_is_refused(tmp_path: Path) -> None:
    """Instead of a page that is quietly never up to date."""
    page = tmp_path / engines_guide.PAGE
    page.parent.mkdir()
    page.write_text("# Engines\n", encoding="utf-8")

    with pytest.raises(SystemExit, match="lacks the comments"):
        engines_guide.write(tmp_path)
