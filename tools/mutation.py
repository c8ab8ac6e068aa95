"""Changes the code a little, again and again, and fails where the tests do not see it (mutmut).

mutmut works in build/mutation, a folder for each module, which links to the tree and copies from
there. It mutates functions and methods, save for decorated ones (properties, context managers);
what stands outside of a function stays as it is, too.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

from tools.project import ROOT

PACKAGE = "myorg_secrets_password"
EXPLAINED = "tests/mutation/explained.toml"
WORK = "build/mutation"
CHILDREN = 2

TESTS: Mapping[str, Sequence[str]] = {
    "rotation": ("test_choice",),
    "policy": ("test_policy", "test_engine_policy", "test_engines"),
    "record": ("test_record",),
    "store": ("test_store",),
    "item": ("test_record",),
    "next_token": ("test_record",),
    "generator": ("test_generator", "test_policy"),
    "cipher": ("test_cipher",),
    "actions": ("test_actions",),
}
"""The modules that are mutated, and the files of tests/unit that have to see it."""

_LEFT_OUT = (
    "test_engines.py::test_any_policy_that_is_accepted_for_an_engine_gives_what_suits_both",
    "test_generator.py::test_no_position_is_special_and_each_character_has_its_exact_share",
)
"""Tests that take long, and that every mutant would have to pass which survives the others."""

_COPIED = (
    "local",
    "bench",
    "tools",
    "infrastructure",
    "inputs",
    "examples",
    "template.yml",
    "myorg-secrets-password.json",
)
"""What these tests read besides src and tests."""

_PYTEST = (
    # pytest escapes the names of a table's rows anew each time that it collects them in one
    # process. mutmut would ask for tests that are not there, and take the error for a failed test.
    ("-o", "disable_test_id_escaping_and_forfeit_all_rights_to_community_support=true"),
    ("-p", "tests.mutation.no_shrinking"),
    ("-p", "tests.mutation.without_world"),
    *(("--deselect", f"tests/unit/{test}") for test in _LEFT_OUT),
    ("-p", "no:cacheprovider"),
    # Each collects garbage at the end of every run, which takes longer than most runs.
    ("-p", "no:unraisableexception"),
    ("-p", "no:threadexception"),
)

_CAUGHT = {"killed", "timeout", "segfault"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one function.

    Attributes:
        module: its name within the package.
        function: its name, after that of its class where it has one.
        was, becomes: the changed lines, without the space around them.
    """

    module: str
    function: str
    was: str
    becomes: str

    @property
    def is_wording(self) -> bool:
        """Whether all that is changed is the words of a text, as mutmut changes texts."""
        same_letters = self.was.casefold() == self.becomes.casefold()
        return same_letters or self.was == self.becomes.replace("XX", "")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a mutant may survive.

    Attributes:
        becomes: the changed line, or None for every other wording of the texts in it.
    """

    module: str
    function: str
    was: str
    becomes: str | None
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        place = (mutant.module, mutant.function, mutant.was)
        if place != (self.module, self.function, self.was):
            return False
        return mutant.is_wording if self.becomes is None else self.becomes == mutant.becomes


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong: survivors that nothing explains, and explanations of nothing."""

    unexplained: list[Mutant]
    unused: list[Explanation]


def mutant_of(name: str, diff: str) -> Mutant:
    """Returns the mutant of a name and a unified diff, both as mutmut writes them."""
    module, _, mangled = name.removeprefix(f"{PACKAGE}.").partition(".")
    function = mangled.rpartition("__mutmut_")[0].removeprefix("x").strip("_ǁ").replace("ǁ", ".")
    if mangled.startswith("x__") or "ǁ_" in mangled:
        function = mangled.rpartition("__mutmut_")[0][2:].replace("ǁ", ".")
    lines = diff.splitlines()[2:]
    was, becomes = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+"
    )
    return Mutant(module, function, was, becomes)


def explanations(text: str) -> list[Explanation]:
    """Returns the explanations that a file in TOML gives.

    Raises:
        KeyError: one of them lacks something.
    """
    given = tomllib.loads(text)
    return [
        *(
            Explanation(e["module"], e["function"], e["was"], e["becomes"], e["reason"])
            for e in given.get("explained", [])
        ),
        *(
            Explanation(e["module"], e["function"], line, None, e["reason"])
            for e in given.get("wording", [])
            for line in e["lines"]
        ),
    ]


def judge(
    survivors: Iterable[Mutant], explained: Iterable[Explanation], modules: Iterable[str]
) -> Judgement:
    """Returns what is wrong about the survivors of these modules."""
    survivors = list(survivors)
    explained = [e for e in explained if e.module in set(modules)]
    return Judgement(
        [mutant for mutant in survivors if not any(e.covers(mutant) for e in explained)],
        [e for e in explained if not any(e.covers(mutant) for mutant in survivors)],
    )


def statuses(listing: str) -> dict[str, str]:
    """Returns the status of each mutant by its name, from what `mutmut results` prints."""
    pairs = (line.strip().rpartition(": ") for line in listing.splitlines())
    return {name: status for name, _, status in pairs if name.startswith(f"{PACKAGE}.")}


def configuration(module: str) -> str:
    """Returns the setup.cfg by which mutmut mutates one module."""
    lists = {
        "source_paths": ["src"],
        "only_mutate": [f"src/{PACKAGE}/{module}.py"],
        "also_copy": _COPIED,
        "pytest_add_cli_args": [word for option in _PYTEST for word in option],
        "pytest_add_cli_args_test_selection": [f"tests/unit/{name}.py" for name in TESTS[module]],
    }
    lines = [
        "[mutmut]",
        # Seconds. Other work on the machine must not make a mutant look caught.
        "timeout_multiplier = 6.0",
        "timeout_constant = 10.0",
    ]
    for name, values in lists.items():
        lines += [f"{name} =", *(f"    {value}" for value in values)]
    return "\n".join(lines) + "\n"


class Mutmut:
    """mutmut at work on one module.

    Args:
        command: the path of `mutmut`.
        project: the root of the tree.
        module: its name within the package.
    """

    def __init__(self, command: Path, project: Path, module: str) -> None:
        self._command = command.absolute()
        self._module = module
        self._folder = project / WORK / module
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for name in ("src", "tests", "pyproject.toml", *_COPIED):
            (self._folder / name).symlink_to(project / name)
        (self._folder / "setup.cfg").write_text(configuration(module), encoding="utf-8")

    def run(self) -> dict[str, str]:
        """Tests every mutant, and returns their statuses by their names.

        Raises:
            CalledProcessError: the tests do not pass, or mutmut cannot work.
        """
        # Named, so that mutmut asks for each test by its name once before it trusts the outcome.
        self._mutmut("run", "--max-children", str(CHILDREN), f"{PACKAGE}.{self._module}.*")
        return statuses(self._mutmut("results", "--all", "true"))

    def mutant(self, name: str) -> Mutant:
        """Returns the change that a mutant is."""
        # The first line says the status again.
        return mutant_of(name, self._mutmut("show", name).partition("\n")[2])

    def _mutmut(self, *arguments: str) -> str:
        # PYTHONPATH would lead to the code as it is.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.run(
            [self._command, *arguments],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        ).stdout


def main(command: Path, modules: Sequence[str], project: Path = ROOT) -> int:
    """Prints the score of each module and what is wrong, and returns the exit code.

    Args:
        command: the path of `mutmut`.
        modules: those to mutate; all of `TESTS` where it is empty.
        project: the root of the tree.
    """
    unknown = set(modules) - TESTS.keys()
    if unknown:
        print(f"Not mutated: {', '.join(sorted(unknown))}. There are {', '.join(TESTS)}.")
        return 2
    modules = modules or list(TESTS)
    explained = explanations((project / EXPLAINED).read_text(encoding="utf-8"))
    survivors: list[Mutant] = []
    for module in modules:
        mutmut = Mutmut(command, project, module)
        try:
            found = mutmut.run()
        except subprocess.CalledProcessError as failed:
            print(failed.stdout)
            print(f"{module}: mutmut failed, see above.")
            return 1
        counts = Counter(status if status in _CAUGHT else "survived" for status in found.values())
        survivors += [mutmut.mutant(name) for name, s in found.items() if s not in _CAUGHT]
        caught = len(found) - counts["survived"]
        print(
            f"{module:12}{caught:5} of {len(found):4} caught, {caught / len(found):6.1%}"
            f"  ({counts['timeout']} by a time-out)",
            flush=True,
        )
    judgement = judge(survivors, explained, modules)
    for mutant in judgement.unexplained:
        print(f"\n{mutant.module}, {mutant.function}: no test sees this, and {EXPLAINED} is silent")
        print(indent(mutant.was, "  - "))
        print(indent(mutant.becomes, "  + "))
    for explanation in judgement.unused:
        print(f"\n{explanation.module}, {explanation.function}: explained, but nothing survives")
        print(indent(explanation.was, "  - "))
        if explanation.becomes is not None:
            print(indent(explanation.becomes, "  + "))
    wrong = len(judgement.unexplained) + len(judgement.unused)
    print(f"\n{len(survivors)} survived, {len(judgement.unexplained)} of them unexplained.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
