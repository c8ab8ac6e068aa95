"""pytest's side of the watch: at each test's end, and at the end of the run.

With xdist each worker watches the tests that it runs and the folders that they wrote. What all
share is searched at the end, by the process that started the workers, for the values of all.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.leaks import child
from tests.leaks.files import contents, files_in, unpacked
from tests.leaks.outlets import listen
from tests.leaks.values import Values, tell_values_to
from tools.project import ROOT

SHARED = ("build", ".hypothesis", "rpdk.log", "guard-rail.log")
"""What programs and tools write in the project's own folder, or could."""

SOURCES = ("src", "tests", "guide", "examples", "inputs", "local", "bench", "tools", "README.md")
"""Where made-up passwords, and words that some of them are, are written down. They are secrets of
the test that uses them alone."""

DISTINCT_ELSEWHERE = 10
"""Different bytes in a value that is looked for beyond the test that made it. Tests give passwords
that are words, which other tests say by themselves; generated ones have more."""

SECTIONS = {"stdout": "standard output", "stderr": "standard error"}
"""Of pytest's report: log records are heard where they are made."""


class Leak(NamedTuple):
    """Where values came out, and how many; never which."""

    where: str
    outlet: str
    values: int

    def __str__(self) -> str:
        return f"{self.values} secret value(s) leaked into {self.outlet}"


class LeakWatch:
    """Fails a test that let a value out, and a run that left one anywhere."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._values = Values()
        self._heard: defaultdict[str, list[bytes]] = defaultdict(list)
        self._searched: Counter[str] = Counter()
        self._leaks: list[Leak] = []
        self._in_tests = 0
        self._seconds = 0.0
        self._folders: list[Path] = []
        child.start(self._values.add)
        tell_values_to(self._values.add)
        listen(self._hear)

    def _hear(self, outlet: str, said: str | bytes) -> None:
        if said:
            raw = said if isinstance(said, bytes) else said.encode(errors="surrogatepass")
            self._heard[outlet].append(raw)

    def watch_folder(self, folder: Path) -> None:
        """Search the files of a folder, too, when all tests have ended."""
        self._folders.append(folder)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail a test that let any value out."""
        report = yield
        if call.when == "teardown":
            for title, text in report.sections:
                # "Captured stdout call"
                if outlet := SECTIONS.get(title.split()[1]):
                    self._hear(outlet, text)
            for mark in item.iter_markers("shows_values"):
                for outlet in mark.args:
                    self._heard.pop(outlet, None)
            leaks = self._search_what_was_heard(item.nodeid)
            if leaks:
                self._in_tests += len(leaks)
                report.outcome = "failed"
                report.longrepr = "; ".join(map(str, leaks))
                report.sections.clear()
        return report

    def _search_what_was_heard(self, where: str) -> list[Leak]:
        began = time.thread_time()
        heard = dict(self._heard)
        self._heard.clear()
        leaks = []
        for outlet, texts in heard.items():
            found = self._found_in(
                outlet, b"\n".join(it for text in texts for it in unpacked(text))
            )
            mine = found & self._values.present
            if found := mine | self._secret(found - mine):
                leaks.append(Leak(where, outlet, len(found)))
        self._values.present.clear()
        self._seconds += time.thread_time() - began
        return leaks

    def _found_in(self, outlet: str, text: bytes) -> set[bytes]:
        self._searched[outlet] += len(text)
        return self._values.found_in(text)

    def _secret(self, values: set[bytes]) -> set[bytes]:
        return {
            value
            for value in values
            if len(set(value)) >= DISTINCT_ELSEWHERE and not _is_written_down(value)
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search the folders, and hand over or report what came out."""
        child.stop()
        for folder in self._folders:
            self._search_files(folder)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output["leaks"] = {
                "values": list(self._values.all),
                "searched": dict(self._searched),
                "leaks": [tuple(leak) for leak in self._leaks],
                "in_tests": self._in_tests,
                "seconds": self._seconds,
            }
            return
        for name in SHARED:
            self._search_files(ROOT / name)
        if self._leaks:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of xdist made and found."""
        handed_over = getattr(node, "workeroutput", {}).get("leaks")
        if handed_over:
            for value in handed_over["values"]:
                self._values.add(value)
            self._searched.update(handed_over["searched"])
            self._leaks += [Leak(*leak) for leak in handed_over["leaks"]]
            self._in_tests += handed_over["in_tests"]
            self._seconds += handed_over["seconds"]

    def _search_files(self, place: Path) -> None:
        began = time.thread_time()
        for path in files_in(place):
            found: set[bytes] = set()
            for text in contents(path):
                found |= self._found_in("files", text)
            if found := self._secret(found):
                where = str(path.relative_to(place.parent))
                self._leaks.append(Leak(where, "a file", len(found)))
        self._seconds += time.thread_time() - began

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was searched, and what was found outside of single tests."""
        searched = f"{sum(self._searched.values()) / 1e6:.1f} MB in {len(self._searched)} outlets"
        leaks = len(self._leaks) + self._in_tests
        terminalreporter.write_line(
            f"leaks: {len(self._values.all)} values, {searched} searched in {self._seconds:.1f} s,"
            f" {f'{leaks} leaks' if leaks else 'no leak'}"
        )
        for leak in self._leaks:
            terminalreporter.write_line(f"LEAK {leak.where} - {leak}")


@cache
def _is_written_down(value: bytes) -> bool:
    return any(value in text for text in _sources())


@cache
def _sources() -> list[bytes]:
    return [
        path.read_bytes()
        for place in SOURCES
        for path in files_in(ROOT / place)
        if path.suffix in (".py", ".md", ".json", ".yml")
    ]
