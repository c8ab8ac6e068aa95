"""The servers themselves: which there are, what is said of a missing one, and that each ends."""

import pytest

from myorg_secrets_password.engines import ENGINES
from tests.engines.servers import ALL, NONE_FOR, Server
from tools import install_servers


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_has_one_server_or_is_said_to_have_none(engine: str) -> None:
    covering = [server for server in ALL if engine in server.engines]

    assert len(covering) + engine.startswith(NONE_FOR) == 1


def test_a_missing_server_is_named_with_its_packages_and_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(install_servers, "search_path", lambda: "/nowhere")

    assert install_servers.complaint("redis") == (
        "redis is not installed: there is no redis-server, no redis-cli. Debian's packages:"
        " redis-server redis-tools. As root: make servers SERVERS=redis"
    )


def test_every_server_is_one_that_can_be_installed() -> None:
    assert {server.name for server in ALL} == set(install_servers.SERVERS)


@pytest.mark.parametrize("server", ALL)
def test_a_server_that_fails_to_start_leaves_nothing_behind(
    server: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Server) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(server, "open", fail)
    failing = server()

    with pytest.raises(ZeroDivisionError):
        failing.__enter__()

    assert failing.left_behind() == []
