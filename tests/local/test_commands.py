"""`python -m local` as its users start it: serve and demo."""

import ast
import base64
import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from local import __main__ as commands
from local.demo import tell
from local.narrator import ClaimFailed, Narrator
from tests.leaks.child import python_m
from tests.local.stacks import handler

ROOT = Path(__file__).parents[2]
BASH = str(shutil.which("bash"))

PATIENCE = 60
"""Seconds after which a process that should have answered is given up."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user's environment, made for the real AWS, none of which must reach in."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "config").write_text("[profile of-the-user]\nregion = us-west-2\n", "utf-8")
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "src:.",
        "AWS_PROFILE": "of-the-user",
        "AWS_SESSION_TOKEN": "of-the-user",
    }


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `python -m local serve`, and give out the process and its instructions."""
    process = subprocess.Popen(
        python_m("local", "serve"),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        instructions = "".join(_until(process, "Call the handler itself"))
        watchdog.cancel()
        yield process, instructions
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def _until(process: subprocess.Popen[str], last: str) -> Iterator[str]:
    assert process.stdout
    for line in process.stdout:
        yield line
        if line.startswith(last):
            return


def urls_in(instructions: str) -> tuple[str, str]:
    """Return the endpoint of AWS and that of the handler."""
    [first, *_] = instructions.splitlines()
    aws_url, lambda_url = re.findall(r"http://127\.0\.0\.1:\d+", first)
    return aws_url, lambda_url


def block_behind(title: str, instructions: str) -> str:
    """Return the indented lines behind a title, without their indentation."""
    _, _, rest = instructions.partition(f"{title}\n")
    return textwrap.dedent(rest.partition("\n\n")[0])


def listens(url: str) -> bool:
    try:
        socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture(scope="module")
def instructions(environment: dict[str, str]) -> Iterator[str]:
    """What a serve says that runs as long as the tests here."""
    with serving(environment) as (_, said):
        yield said


def test_serve_says_where_it_is_and_how_to_use_it(instructions):
    """Both endpoints, the environment, and three ways to use them."""
    aws_url, lambda_url = urls_in(instructions)

    assert listens(aws_url)
    assert listens(lambda_url)
    assert f"export AWS_ENDPOINT_URL={aws_url}" in instructions
    assert "aws cloudformation deploy --stack-name example" in instructions
    assert f'boto3.client("cloudformation", endpoint_url="{aws_url}")' in instructions
    assert f"--endpoint {lambda_url}" in instructions


def test_the_instructions_for_boto3_work_as_they_are_printed(environment, instructions):
    """Pasted into a shell and a Python they deploy the example, whatever profile the user has."""
    exports = block_behind("Another terminal uses it with:", instructions)
    program = block_behind("or with boto3:", instructions)

    finished = subprocess.run(
        [BASH, "-eu", "-c", f'{exports}\nexec "$0" -', sys.executable],
        input=program,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")
    outputs = {o["OutputKey"]: o["OutputValue"] for o in ast.literal_eval(finished.stdout)}
    assert outputs["SecretId"] == "myorg-secrets-password|example|dev|DBPassword"
    assert outputs["Endpoint"].startswith("example-database-")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_with_nothing_left_listening(environment, number):
    """SIGTERM and Ctrl-C end it in good order and without a traceback."""
    with serving(environment) as (process, instructions):
        urls = urls_in(instructions)

        process.send_signal(number)
        rest, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, errors) == (0, "")
    assert rest.endswith("Stopped.\n")
    assert not any(listens(url) for url in urls)


TITLES = [
    "Deploy a database whose password nobody has thought up",
    "Look at the record as it is stored in DynamoDB",
    "Change the description",
    "Change RotationToken",
    "Let an update fail: a new RotationToken, and less storage than before",
    "Take RotationToken away: a state that the secret was in before",
    "Read it as a program would: GetItem and Decrypt, and nothing else",
    "Delete the stack",
    "Deploy the same template again",
]
"""The demo's steps, in their order."""


def steps_in(told: str) -> dict[str, str]:
    """Return the text of each step by its title."""
    [_, *parts] = re.split(r"^(\d+\. .*)$", told, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def numbered(titles: list[str]) -> list[str]:
    return [f"{number}. {title}" for number, title in enumerate(titles, start=1)]


def test_the_demo_exits_with_0_after_all_its_steps(environment):
    """Every step is told, every claim holds, and a log gets plain text without colours."""
    finished = subprocess.run(
        python_m("local", "demo"),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    told = finished.stdout
    assert (finished.returncode, finished.stderr) == (0, "")
    assert list(steps_in(told)) == numbered(TITLES)
    assert all("✓" in step for step in steps_in(told).values())
    assert f"{len(TITLES)} steps, {told.count('✓')} claims checked, all true" in told
    assert "✗" not in told
    assert "\x1b" not in told


def test_the_demo_shows_clear_text_in_one_step_alone(aws, handler_spy):
    """Of all passwords that the handler answered with, only the consumer's step shows one."""
    values = set()

    def noting(event: dict[str, Any]) -> dict[str, Any]:
        answer = handler(event)
        values.add((answer.get("resourceModel") or {}).get("Value"))
        return answer

    told = io.StringIO()
    with handler_spy.answering(noting):
        tell(aws, Narrator(Console(file=told, width=200)))

    values.discard(None)
    shown = {
        title
        for title, text in steps_in(told.getvalue()).items()
        if any(
            value in text or base64.b64encode(value.encode()).decode() in text for value in values
        )
    }
    assert len(values) == 4
    assert shown == {"7. Read it as a program would: GetItem and Decrypt, and nothing else"}


def test_a_claim_of_the_demo_that_does_not_hold_exits_with_1(monkeypatch, capsys):
    """The demo stops there, and what failed is the last thing that it says."""

    def tell_nonsense(aws: object, narrator: Narrator) -> None:
        narrator.step("Count")
        narrator.claim("one is one", 1 == 1)
        narrator.claim("one is two", 1 == 2)
        narrator.say("and on")

    monkeypatch.setattr(commands, "running", nullcontext)
    monkeypatch.setattr(commands, "tell", tell_nonsense)

    with pytest.raises(SystemExit) as left:
        commands.demo.callback()

    assert left.value.code == 1
    assert capsys.readouterr().out == "\n1. Count\n  ✓ one is one\n  ✗ one is two\n"


def test_a_claim_is_coloured_by_whether_it_holds():
    """On a terminal what holds is green, and what does not is red."""
    told = io.StringIO()
    narrator = Narrator(Console(file=told, force_terminal=True, color_system="standard"))
    narrator.step("Count")

    narrator.claim("one is one", True)
    with pytest.raises(ClaimFailed, match="one is two"):
        narrator.claim("one is two", False)

    lines = told.getvalue().splitlines()
    assert lines[-2].startswith("\x1b[32m  ✓ one is one")
    assert lines[-1].startswith("\x1b[1;31m  ✗ one is two")


def test_a_long_value_is_shown_in_full():
    """What does not fit into a line goes on in the next one; nothing is cut off."""
    told = io.StringIO()
    value = "".join(f"{number:04}" for number in range(40))

    Narrator(Console(file=told, width=60)).show({"Name": value})

    assert re.sub(r"\s", "", told.getvalue()) == f"Name{value}"
