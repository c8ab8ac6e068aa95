"""What `make bench` says of programs that read passwords, and what they must not wait for."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import pytest

from bench import consumers, gap, packages, place
from bench.cached import THREADS, cached_get
from bench.process import Process
from bench.roster import BARE, LIMIT, OURS, WARM
from bench.server import STUB, Server
from myorg_secrets import SecretsClient
from tests.world import World
from tools.project import ROOT

HEAVY = {
    "boto3": "its sessions: where credentials come from",
    "s3transfer": "boto3's, for files in S3",
    "click": "the command line's",
    "rich": "the command line's tables",
    "smart_open": "backups",
    "cryptography": "records of credstash",
    "requests": "the framework's",
    "myorg_secrets.backup": "backups, and copies to read from",
    "myorg_secrets.cli": "the command line",
    "myorg_secrets.doctor": "the command line's",
    "myorg_secrets.lookup": "the command line's, with difflib",
}
"""What `import myorg_secrets` must not wait for, and what it is for."""


@pytest.fixture(scope="module")
def stub() -> Iterator[Server]:
    """A stub that holds the secret that consumers read."""
    [ours] = (each for each in WARM if each.name == OURS)
    with Server(STUB) as server:
        place.set_up(server)
        event = place.event_for(ours, "CREATE", consumers.SECRET, consumers.STACK)
        code = packages.codes(packages.environment(), sys.executable, place.variables(server))
        with Process(ours.function, code[ours.package]) as process:
            process.serve(event)
        yield server


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules of a program that imports myorg_secrets and has used nothing of it yet."""
    program = "import sys, myorg_secrets; print('\\n'.join(sys.modules))"
    outcome = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(outcome.stdout.split())


@pytest.mark.parametrize("module", HEAVY)
def test_an_import_does_not_wait_for_what_most_programs_do_not_need(
    imported: set[str], module: str
) -> None:
    assert "myorg_secrets.client" in imported
    assert module not in imported


def test_each_command_line_makes_its_calls_and_is_timed(stub: Server) -> None:
    rows = consumers.commands(stub, 1)

    calls = {row["command"]: [call.partition(":")[2] for call in row["calls"]] for row in rows}
    assert calls["myorg-secrets get"] == ["GetItem", "Decrypt"]
    assert calls["credstash get"] == ["Query", "Decrypt"]
    assert all(row["cpu_ms"][0] > 0 for row in rows)


def test_a_command_line_that_fails_ends_the_run_and_is_not_quoted() -> None:
    with pytest.raises(RuntimeError, match=r"^python[\d.]* failed: exit code 3$"):
        consumers._run([sys.executable, "-c", "import sys; print('x'); sys.exit(3)"], {})


def test_a_cached_get_is_timed_with_and_without_its_locks(world: World) -> None:
    world.secret("Cached", stack="orders").create(Env="bench")

    rows = cached_get(SecretsClient(), "orders", "Cached", 128)

    assert {(row["threads"], row["locks"]) for row in rows} == {
        (threads, locks) for threads in THREADS for locks in (True, False)
    }
    for row in rows:
        assert 0 < row["p50_us"] <= row["p99_us"]
        assert row["us_each"] > 0


def test_a_create_is_taken_apart_down_to_functions(stub: Server) -> None:
    codes = packages.codes(packages.environment(), sys.executable, place.variables(stub))

    found = gap.measure(codes, 2, processes=1)

    assert set(found["warm"]) == {OURS, BARE}
    assert set(found["cold"]) == {OURS, BARE, LIMIT}
    ours = found["warm"][OURS]
    assert {"botocore", "urllib3", "myorg_secrets_password"} < set(ours["packages"])
    assert all(first >= second for first, second in pairwise(ours["functions"].values()))
    assert any(name.startswith("botocore: ") for name in ours["functions"])
    assert "botocore" in found["cold"][OURS]["imports"]
    assert "botocore" not in found["cold"][LIMIT]["imports"]
