"""Whatever a page says of the command line is so, and its links lead somewhere."""

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import myorg_secrets
import myorg_secrets_password
from myorg_secrets.backup import format as backup_format
from tests.guide.invocations import calls_in, mentions_in, refuse, unknown
from tests.guide.pages import (
    DOCUMENTS,
    anchors_of,
    blocks_of,
    in_backticks,
    links_of,
    rows_of,
)
from tests.guide.test_pages import check_shell
from tools.project import ROOT

ADOPT = ROOT / "guide" / "adopt.md"
BACKUP = ROOT / "guide" / "backup.md"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def files(tmp_path: Path) -> Iterator[None]:
    """A folder with what calls name: click reads some of it while it looks at the options."""
    (tmp_path / "stacks.txt").write_text("orders\n", encoding="utf-8")
    before = Path.cwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    for link in links_of(page):
        path, _, anchor = link.partition("#")
        if path.startswith("https://"):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_the_program_takes_every_call_in_a_document(page: Path, files: None) -> None:
    """Verb, options, their values, and no argument too many."""
    refused = {str(call): refuse(call) for call in calls_in(page) if refuse(call)}

    assert refused == {}


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_every_verb_and_option_that_a_sentence_names_is_there(page: Path) -> None:
    strange = {str(call): unknown(call) for call in mentions_in(page) if unknown(call)}

    assert strange == {}


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("```sh\nmyorg-secrets show orders\n```\n", ["show orders"]),
        ("```sh\nX=$(myorg-secrets get orders A --verbose) || exit\n```\n", ["get orders A"]),
        ("```sh\nmyorg-secrets get orders A \\\n  --envv prod | cat\n```\n", ["--envv prod"]),
        ("```sh\nmyorg-secrets restore orders --env prod\n```\n", ["restore orders"]),
        ("```sh\nmyorg-secrets get 'a|b|c' --no-newline\n```\n", ["get a|b|c"]),
        ("```sh\nmyorg-secrets get 'abc|b|c|d' B C\n```\n", ["get abc|b|c|d B C"]),
        ('```sh\neval "$(myorg-secrets completion tcsh)"\n```\n', ["completion tcsh"]),
        ("```sh\nmyorg-secrets exec a B -- myorg-secrets exek a C -- ls\n```\n", ["exek a C"]),
        ("```sh\nmyorg-secrets get 'abc|b|c|d' | myorg-secrets get a b --env c # x\n```\n", []),
    ],
)
def test_a_call_that_the_program_does_not_take_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, strange: list[str]
) -> None:
    monkeypatch.setattr("tests.guide.invocations.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")

    refused = [str(call) for call in calls_in(page) if refuse(call)]

    assert len(refused) == len(strange), refused
    assert all(part in call for part, call in zip(strange, refused, strict=True)), refused


def test_a_sentence_that_names_what_is_not_there_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.guide.invocations.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "`myorg-secrets get` and `myorg-secrets put` and `myorg-secrets list --names`\n"
        "| `myorg-secrets get 'a\\|b\\|c\\|d'` |\n",
        encoding="utf-8",
    )

    assert [unknown(call) for call in mentions_in(page)] == [[], ["put"], ["--names"], []]


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_a_shell_takes_every_command_of_a_document(page: Path) -> None:
    blocks = [block for block in blocks_of(page) if block.language in ("sh", "bash")]
    refused = {str(block): check_shell(block.text) for block in blocks if check_shell(block.text)}

    assert refused == {}


def constants() -> list[str]:
    """Every text in the sources, and every part of one that is put together."""
    found = []
    for package in (myorg_secrets, myorg_secrets_password):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return found


def reasons() -> list[str]:
    """The reasons that the page on adopting explains."""
    text = ADOPT.read_text(encoding="utf-8")
    first, second = (part for part in text.split("| Reason | What to do |\n")[1:])
    rows = [*first.partition("\n\n")[0].splitlines()[1:], *second.partition("\n\n")[0].splitlines()]
    return [in_backticks(row.replace("\\|", "|"))[0] for row in rows if "`" in row]


@pytest.mark.parametrize("reason", reasons())
def test_a_reason_that_the_page_explains_is_one_of_the_programs(reason: str) -> None:
    texts = constants()

    for part in filter(None, reason.split("…")):
        assert any(part in text for text in texts), part


def test_the_page_explains_every_way_that_a_row_can_be_unfit() -> None:
    """Whatever `Unfit` is raised with, a reason in the page begins as it does."""
    beginnings = [reason.partition("…")[0] for reason in reasons()]
    folder = Path(str(myorg_secrets.__file__)).parent / "adoption"
    raised = 0
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Unfit":
                said = node.args[0]
                first = said.values[0] if isinstance(said, ast.JoinedStr) else said
                assert isinstance(first, ast.Constant)
                raised += 1
                begins = str(first.value)
                assert any(
                    begins.startswith(beginning) or beginning.startswith(begins)
                    for beginning in beginnings
                ), begins

    assert raised > 10


def test_the_file_on_the_page_has_the_header_and_the_manifest_of_an_export(
    tmp_path: Path,
) -> None:
    """Its item is shortened; the rest is what the program writes."""
    [shown] = [block.text for block in blocks_of(BACKUP) if '"Manifest"' in block.text]
    first, _, last = map(str, shown.splitlines())
    header = json.loads(first)["Export"]
    about = {name: header[name] for name in ("TableName", "Region", "ExportedTime")}
    with (tmp_path / "file").open("wb") as stream:
        backup_format.Writer(stream, about).finish()

    written, manifest = (tmp_path / "file").read_text(encoding="utf-8").splitlines()

    assert written == first
    assert set(json.loads(last)["Manifest"]) == set(json.loads(manifest)["Manifest"])
    [row] = [row for row in rows_of(BACKUP, "Line", "What it holds") if row[0] == "the first"]
    assert set(in_backticks(row[1])) == {"Export", *header}
