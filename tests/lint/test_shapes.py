"""Templates in the shapes that public ones have: each in a clean and in a leaking variant."""

import json
from pathlib import Path

import pytest
from cfnlint.decode import decode_str

from tests.lint.linting import SHAPES, expected, found, lint, lint_file, variant
from tools.project import ROOT

every_shape = pytest.mark.parametrize(
    "shape", sorted(SHAPES.glob("*.yml")), ids=lambda path: path.stem
)
OURS = sorted(
    path
    for pattern in ("examples/**/*.yml", "infrastructure/*.yml", "template.yml")
    for path in ROOT.glob(pattern)
)


@every_shape
def test_nothing_is_found_in_the_clean_variant(shape: Path) -> None:
    assert found(variant(shape, leaking=False)) == set()


@every_shape
def test_each_misuse_is_found_on_its_line_and_nothing_else(shape: Path) -> None:
    text = variant(shape, leaking=True)

    assert len(expected(text)) > 1
    assert found(text) == expected(text)


@every_shape
def test_the_same_is_found_in_json(shape: Path) -> None:
    text = variant(shape, leaking=True)
    as_json = json.dumps(decode_str(text)[0], indent=2, default=str)

    def places(template: str) -> list[tuple[str, list[str | int]]]:
        return sorted((match.rule.id, match.path) for match in lint(template))

    assert places(as_json) == places(text)


@pytest.mark.parametrize("template", OURS, ids=lambda path: path.stem)
def test_nothing_is_found_in_our_own_templates(template: Path) -> None:
    assert lint_file(template) == []
