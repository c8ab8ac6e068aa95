"""One server at a time, a complaint for each that is missing, and a watch over what shows."""

import logging
import os
import signal
from collections.abc import Iterator

import pytest

from tests.engines import servers
from tools.install_servers import SERVERS, complaint

# pika speaks of each step, a thousand connections long.
logging.getLogger("pika").setLevel(logging.CRITICAL)

summary: dict[str, str] = {}
"""What is to be known of each server when all is over."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers", default="", help=f"some of: {' '.join(SERVERS)}; without it, all of them"
    )


def pytest_configure(config: pytest.Config) -> None:
    chosen = config.getoption("servers").split()
    if unknown := [name for name in chosen if name not in SERVERS]:
        raise pytest.UsageError(f"{', '.join(unknown)}: only {', '.join(SERVERS)} are known")
    # An end from outside ends the servers, too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # libpq takes from these what a connection does not say.
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def server_of(item: pytest.Item) -> type[servers.Server] | None:
    return item.callspec.params.get("server") if hasattr(item, "callspec") else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the servers that --servers does not name, and sort the rest by server."""
    chosen = config.getoption("servers").split() or list(SERVERS)
    by_server: dict[type[servers.Server] | None, list[pytest.Item]] = {None: []}
    by_server |= {server: [] for server in servers.ALL}
    for item in items:
        by_server[server_of(item)].append(item)
    left_out = [server for server in servers.ALL if server.name not in chosen]
    for server in left_out:
        config.hook.pytest_deselected(items=by_server.pop(server))
        summary[server.__name__] = f"NOT RUN, because SERVERS does not name {server.name}"
    # A server starts once: all of its tests in a row.
    items[:] = [item for row in by_server.values() for item in row]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("servers")
    for server in servers.ALL:
        said = summary.get(server.__name__, "no test of it was asked for")
        engines = ", ".join(server.engines)
        terminalreporter.write_line(f"{server.__name__} for {engines}: {said}")
    terminalreporter.write_line(f"No server can be had for {', '.join(servers.NONE_FOR)}")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[servers.Server]:
    """The server of the class that the test is parametrized with; it starts once."""
    kind: type[servers.Server] = request.param
    if missing := complaint(kind.name):
        summary[kind.__name__] = f"MISSING. {missing}"
        pytest.fail(missing, pytrace=False)
    with kind() as running:
        summary[kind.__name__] = running.version()
        yield running
    if left := running.left_behind():
        pytest.fail(f"{kind.__name__} left {', '.join(left)} behind", pytrace=False)


def shows(value: str, text: str) -> bool:
    # A handful of characters over and over is found by chance in any text.
    return len(set(value)) > 5 and (value in text or repr(value)[1:-1] in text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Fail a test that shows a password, and keep back what it says."""
    report = yield
    emitted = "\n".join([report.longreprtext, *(text for _, text in report.sections)])
    if emitted.strip() and any(shows(value, emitted) for value in servers.Server.used):
        report.outcome = "failed"
        report.longrepr = "a password stands in what the test says, which is therefore kept back"
        report.sections.clear()
    return report
