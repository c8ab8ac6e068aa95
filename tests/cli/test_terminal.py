"""What a person at a terminal sees, and how an impatient one ends it."""

import os
import pty
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

import local
from tests.cli.old_tables import OldTable, row_2016
from tests.cli.runner import START, Program
from tests.local.stacks import Stack, secrets


def on_a_terminal(program: Program, *words: str) -> tuple[int, bytes, bytes]:
    """Run it with stderr on a terminal; return exit code, stdout, and what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*START, *words],
        env=program.environment(TERM="xterm"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        pass  # how Linux says that the other side is closed
    finally:
        os.close(ours)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out, seen


@pytest.fixture
def old(aws: local.LocalAws) -> OldTable:
    app = uuid.uuid4().hex[:8]
    table = OldTable(aws, f"old-{app}", ("stackname", "env"))
    for n in range(40):
        row_2016(table, f"{app}-{n}", "prod", f"password-{app}-{n}")
    return table


def test_a_bar_shows_the_progress_and_the_report_stays_clean(
    program: Program, old: OldTable
) -> None:
    code, out, seen = on_a_terminal(program, "adopt", old.name, "--layout", "2016", "--name", "DB")

    assert code == 0
    assert b"Adopting" in seen
    assert b"40 adopted" in seen
    assert b"\x1b" not in out
    assert len(out.splitlines()) == 40


def test_exports_and_imports_show_a_bar_as_well(
    program: Program, stack: Stack, tmp_path: Path
) -> None:
    stack.deploy(secrets(DB={}))
    file = str(tmp_path / "x.jsonl")

    assert b"Exporting" in on_a_terminal(program, "export", file)[2]
    assert b"Importing" in on_a_terminal(program, "import", file)[2]


def test_an_interrupt_ends_it_with_130_and_no_traceback(program: Program, old: OldTable) -> None:
    for n in range(300):  # so that there is something left to interrupt on any machine
        row_2016(old, f"{old.name}-{n}", "prod", f"password-{old.name}-{n}")
    process = subprocess.Popen(
        [*START, "adopt", old.name, "--layout", "2016", "--name", "DB"],
        env=program.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A shell that started the tests in the background has it ignored, down to here.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None and process.stdout.readline().startswith(b"adopted")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"Traceback" not in err


def test_a_reader_that_goes_away_is_no_failure_of_ours(program: Program, old: OldTable) -> None:
    """As with `myorg-secrets list | head -1`."""
    process = subprocess.Popen(
        [*START, "adopt", old.name, "--layout", "2016", "--name", "DB"],
        env=program.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()

    err = process.stderr.read()
    process.stderr.close()

    assert process.wait(60) == 128 + signal.SIGPIPE
    assert b"Traceback" not in err


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"COLUMNS": "20"}, {"NO_COLOR": "1"}])
def test_odd_terminals_get_the_same_content(
    program: Program, stack: Stack, variables: dict[str, str]
) -> None:
    stack.deploy(secrets(DB={"Description": "A description of some length for a narrow column"}))

    ended = program.succeed("list", stack.name, **variables)

    assert "A description of some length for a narrow column" in ended.out
    assert "\x1b" not in ended.out
