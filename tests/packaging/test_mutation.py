"""What `make mutation` makes of mutmut's answers, and that its table fits the tree."""

from pathlib import Path

import pytest

from tools import mutation
from tools.mutation import EXPLAINED, TESTS, Mutant, explanations, judge, mutant_of
from tools.project import ROOT

DIFF = """--- src/myorg_secrets_password/policy.py
+++ src/myorg_secrets_password/policy.py
@@ -1,3 +1,3 @@
 def satisfies(text: str) -> bool:
-    if a == 1:
+    if a != 1:
         return False"""
MUTANT = Mutant("policy", "satisfies", "if a == 1:", "if a != 1:")
ENTRIES = """
[[explained]]
module = "policy"
function = "satisfies"
was = "if a == 1:"
becomes = "if a != 1:"
reason = "a is always 2"

[[wording]]
module = "store"
function = "Store.get"
lines = ['raise Bad(f"no {this}")']
reason = "only words"
"""


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("x_satisfies__mutmut_3", "satisfies"),
        ("x__preferred__mutmut_12", "_preferred"),
        ("xǁStoreǁget__mutmut_1", "Store.get"),
        ("xǁPolicyǁ_for__mutmut_1", "Policy._for"),
        ("xǁPolicyǁ__post_init____mutmut_1", "Policy.__post_init__"),
    ],
)
def test_a_mutant_is_known_by_its_function_and_its_lines_not_by_numbers(
    name: str, function: str
) -> None:
    mutant = mutant_of(f"myorg_secrets_password.policy.{name}", DIFF)

    assert mutant == Mutant("policy", function, MUTANT.was, MUTANT.becomes)


@pytest.mark.parametrize(
    ("was", "becomes", "wording"),
    [
        ('f("no key")', 'f("XXno keyXX")', True),
        ('f("no key")', 'f("NO KEY")', True),
        ('f("no key")', "f(None)", False),
        ("a + b", "a - b", False),
    ],
)
def test_other_words_are_told_from_other_code(was: str, becomes: str, wording: bool) -> None:
    assert Mutant("policy", "f", was, becomes).is_wording is wording


def test_an_explained_mutant_may_survive() -> None:
    judgement = judge([MUTANT], explanations(ENTRIES), ["policy"])

    assert (judgement.unexplained, judgement.unused) == ([], [])


@pytest.mark.parametrize(
    "other",
    [
        Mutant("record", "satisfies", MUTANT.was, MUTANT.becomes),
        Mutant("policy", "_wish", MUTANT.was, MUTANT.becomes),
        Mutant("policy", "satisfies", "if b == 1:", MUTANT.becomes),
        Mutant("policy", "satisfies", MUTANT.was, "if a == 2:"),
        Mutant("store", "Store.get", 'raise Bad(f"no {this}")', "raise Bad(None)"),
    ],
    ids=["module", "function", "line", "change", "no wording"],
)
def test_a_mutant_that_differs_from_what_is_explained_may_not(other: Mutant) -> None:
    judgement = judge([other], explanations(ENTRIES), ["policy", "store", "record"])

    assert judgement.unexplained == [other]


def test_every_wording_of_a_line_is_explained_at_once() -> None:
    line = 'raise Bad(f"no {this}")'
    survivors = [
        Mutant("store", "Store.get", line, 'raise Bad(f"XXno {this}XX")'),
        Mutant("store", "Store.get", line, 'raise Bad(f"NO {THIS}")'),
    ]

    assert judge(survivors, explanations(ENTRIES), ["store"]).unexplained == []


def test_an_explanation_that_matches_no_survivor_is_reported_where_its_module_is_tested() -> None:
    explained = explanations(ENTRIES)

    assert judge([], explained, ["policy"]).unused == [explained[0]]
    assert judge([], explained, ["store"]).unused == [explained[1]]
    assert judge([], explained, ["record"]).unused == []


def test_the_status_of_every_mutant_is_read() -> None:
    listing = """warning: something
    myorg_secrets_password.policy.x_satisfies__mutmut_1: killed
    myorg_secrets_password.policy.x_satisfies__mutmut_2: no tests
"""

    assert list(mutation.statuses(listing).values()) == ["killed", "no tests"]


def test_modules_and_tests_of_the_table_exist() -> None:
    for module, tests in TESTS.items():
        assert (ROOT / "src/myorg_secrets_password" / f"{module}.py").is_file()
        assert [t for t in tests if not (ROOT / "tests/unit" / f"{t}.py").is_file()] == []


def test_tests_that_are_left_out_exist() -> None:
    for test in mutation._LEFT_OUT:
        name, _, function = test.partition("::")
        assert f"def {function}(" in (ROOT / "tests/unit" / name).read_text("utf-8")


def test_explanations_speak_of_lines_that_are_in_the_code_and_say_why() -> None:
    explained = explanations((ROOT / EXPLAINED).read_text(encoding="utf-8"))

    assert explained
    for entry in explained:
        code = (ROOT / "src/myorg_secrets_password" / f"{entry.module}.py").read_text("utf-8")
        stripped = [line.strip() for line in code.splitlines()]
        assert [line for line in entry.was.split("\n") if line not in stripped] == []
        assert len(entry.reason) > 20


def test_a_module_that_is_not_mutated_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert mutation.main(Path("mutmut"), ["polici"], ROOT) == 2
    assert "polici" in capsys.readouterr().out


FAKE = """#!/bin/sh
case "$1" in
run) test -f setup.cfg && test -d src && test -z "$PYTHONPATH" ;;
results)
    echo "    myorg_secrets_password.next_token.x_decode_token__mutmut_1: killed"
    echo "    myorg_secrets_password.next_token.x_decode_token__mutmut_2: $STATUS" ;;
show)
    echo "# $2: $STATUS"
    printf -- '--- a\\n+++ a\\n@@ -1 +1 @@\\n-    old\\n+    new\\n' ;;
esac
"""


@pytest.mark.parametrize(
    ("status", "entry", "code", "said"),
    [
        ("killed", "", 0, "2 of    2 caught, 100.0%"),
        ("survived", "", 1, "  - old\n  + new"),
        ("no tests", "", 1, "1 of    2 caught,  50.0%"),
        ("survived", 'was = "old"\nbecomes = "new"', 0, "1 survived, 0 of them unexplained"),
        ("killed", 'was = "old"\nbecomes = "new"', 1, "explained, but nothing survives"),
    ],
    ids=["all caught", "survivor", "untested", "explained", "explained for nothing"],
)
def test_the_run_fails_where_something_is_not_explained_or_explained_for_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: str,
    entry: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.setenv("STATUS", status)
    command = tmp_path / "mutmut"
    command.write_text(FAKE)
    command.chmod(0o755)
    for folder in ("src", "tests/mutation"):
        (tmp_path / folder).mkdir(parents=True)
    text = f'[[explained]]\nmodule = "next_token"\nfunction = "decode_token"\nreason = "x"\n{entry}'
    (tmp_path / EXPLAINED).write_text(text if entry else "")

    assert mutation.main(command, ["next_token"], tmp_path) == code
    assert said in capsys.readouterr().out


def test_tests_that_do_not_pass_are_no_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = tmp_path / "mutmut"
    command.write_text("#!/bin/sh\necho broken\nexit 1\n")
    command.chmod(0o755)
    (tmp_path / "tests/mutation").mkdir(parents=True)
    (tmp_path / EXPLAINED).write_text("")

    assert mutation.main(command, ["policy"], tmp_path) == 1
    assert "broken" in capsys.readouterr().out
