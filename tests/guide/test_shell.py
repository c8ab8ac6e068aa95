"""The commands of the pages, run, with the AWS CLI and with our own command line."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.decode.cfn_yaml import loads as load_template

from tests.guide.pages import blocks
from tests.local.stacks import Stack, password_alone

BASH = str(shutil.which("bash"))

[READ_SECRET, *HANDED_OVER] = [block.text for block in blocks("bash") if block.page == "shell"]
[INVOKE] = [block.text for block in blocks("bash") if block.page == "reader-function"]


def texts(page: str, language: str) -> str:
    return "\n".join(block.text for block in blocks(language) if block.page == page)


def template(page: str) -> dict[str, Any]:
    [found] = [
        block for block in blocks("yaml") if block.page == page and "Resources:" in block.text
    ]
    return load_template(found.text)


def entry_point() -> list[str]:
    """The command line of the container."""
    properties = template("ecs-fargate")["Resources"]["TaskDefinition"]["Properties"]
    [container] = properties["ContainerDefinitions"]
    return [*container["EntryPoint"], *container["Command"]]


def service() -> list[str]:
    """The command line of the service that user data sets up."""
    [line] = re.findall(r"ExecStart=(.*)", texts("ec2-user-data", "yaml").replace("\\\n", " "))
    path, *words = shlex.split(line)
    return [path.removeprefix("/opt/myorg-secrets/bin/"), *words]


def build() -> list[str]:
    """The one command of the buildspec's build phase."""
    [spec] = [
        block for block in blocks("yaml") if block.page == "codebuild" and "phases:" in block.text
    ]
    [command] = yaml.safe_load(spec.text)["phases"]["build"]["commands"]
    return shlex.split(command)


COMMAND_LINES = {
    "ecs-fargate": (entry_point, "DB_PASSWORD", "python"),
    "ec2-user-data": (service, "DB_PASSWORD", "/usr/local/bin/app"),
    "codebuild": (build, "PGPASSWORD", "psql"),
}
"""By page: its command line, the variable and the program that gets it."""


def bash(
    program: str, *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BASH, "-c", program, "bash", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def read(environment: Mapping[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    """Read a secret in a shell that stops at nothing, as most do."""
    return bash(f'{READ_SECRET}\nread_secret "$@"', *names, environment=environment)


@pytest.mark.shows_values("standard output of a process", reason="that is the script's work")
@pytest.mark.parametrize("env", ["default", "prod"])
def test_read_secret_prints_the_password_alone(
    stack: Stack, environment_with_aws: Mapping[str, str], env: str
) -> None:
    """Without a line end, whatever characters it has; the environment may be left out."""
    value = f"{env}: ' \" $HOME \\n * é \U0001f511"
    stack.deploy(password_alone(Env=env, SecretString=value))

    outcome = read(environment_with_aws, stack.name, "Secret", *([env] if env != "default" else []))

    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert (outcome.stdout == value) is True


def test_read_secret_tells_what_is_not_there_and_what_is_deleted(
    stack: Stack, environment_with_aws: Mapping[str, str]
) -> None:
    """By exit code 1 and a line on stderr, and nothing on stdout that could pass for a password."""
    stack.deploy(password_alone())
    missing = read(environment_with_aws, stack.name, "Other")
    stack.delete()
    deleted = read(environment_with_aws, stack.name, "Secret")

    for outcome, name in ((missing, "Other"), (deleted, "Secret")):
        assert (outcome.returncode, outcome.stdout) == (1, "")
        assert outcome.stderr == f"There is no secret {stack.name}|default|{name}.\n"


def test_read_secret_tells_a_failure_of_either_call(
    stack: Stack, environment_with_aws: Mapping[str, str]
) -> None:
    """By exit code 3; `|| exit` in the caller then stops it."""
    stack.deploy(password_alone())
    for service in ("DYNAMODB", "KMS"):
        broken = {**environment_with_aws, f"AWS_ENDPOINT_URL_{service}": "http://127.0.0.1:1"}
        outcome = read(broken, stack.name, "Secret")
        assert (outcome.returncode, outcome.stdout) == (3, "")

        careful = f'{READ_SECRET}\npassword=$(read_secret "$@") || exit\necho "went on"'
        stopped = bash(careful, stack.name, "Secret", environment=broken)
        assert (stopped.returncode, stopped.stdout) == (3, "")


@pytest.mark.shows_values("standard output of a process", reason="that is the script's work")
def test_the_invocation_of_the_reader_prints_the_password_alone(
    stack: Stack, environment_with_aws: Mapping[str, str], tmp_path: Path
) -> None:
    """What the CLI prints besides goes nowhere, and no file is left."""
    outcome = stack.deploy(password_alone(Env="prod"))
    invoke = INVOKE.replace('"orders"', f'"{stack.name}"').replace('"DBPassword"', '"Secret"')
    # jq is not on every machine that runs the tests.
    command, _, _ = invoke.partition("jq ")

    done = bash(f'cd {tmp_path}\n{command}printf %s "$answer"', environment=environment_with_aws)

    assert (done.returncode, done.stderr) == (0, "")
    answered = json.loads(done.stdout)
    assert answered == {name: outcome.outputs[name] for name in ("Value", "VersionId")}
    assert [path.name for path in tmp_path.iterdir() if path.name != "bin"] == []


def test_an_invocation_that_fails_stops_the_shell(environment_with_aws: Mapping[str, str]) -> None:
    broken = {**environment_with_aws, "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1"}

    done = bash(f"{INVOKE}\necho 'went on'", environment=broken)

    assert done.returncode != 0
    assert done.stdout == ""


@pytest.mark.shows_values("standard output of a process", reason="that is the script's work")
@pytest.mark.parametrize("block", HANDED_OVER, ids=["by read_secret", "by myorg-secrets"])
def test_the_page_on_shells_hands_the_password_to_one_program(
    stack: Stack, environment_with_aws: Mapping[str, str], tmp_path: Path, block: str
) -> None:
    """In the environment of that program, and on no command line."""
    outcome = stack.deploy(renamed("Secret", "DBPassword", password_alone(Env="prod")))
    psql = tmp_path / "bin" / "psql"
    psql.write_text('#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@"\n', encoding="utf-8")
    psql.chmod(0o755)
    program = f"{READ_SECRET}\n{block}".replace("secret orders", f"secret {stack.name}")

    done = bash(
        program.replace("exec orders", f"exec {stack.name}"), environment=environment_with_aws
    )

    assert (done.returncode, done.stderr) == (0, "")
    got, *arguments = done.stdout.splitlines()
    assert (got == outcome.outputs["Value"]) is True
    assert arguments == ["--host", "db.example.internal", "--username", "admin", "orders"]


@pytest.mark.shows_values("standard output of a process", reason="that is the script's work")
@pytest.mark.parametrize(("line", "variable", "program"), COMMAND_LINES.values(), ids=COMMAND_LINES)
def test_a_command_line_of_the_pages_gives_its_program_the_password(
    stack: Stack,
    environment: Mapping[str, str],
    line: Callable[[], list[str]],
    variable: str,
    program: str,
) -> None:
    """In the variable that the page says. Exit code 1 where there is no such secret."""
    words = line()
    split = words.index("--") + 1
    assert words[split] == program
    show = [*words[:split], "sh", "-c", f'printf %s "${variable}"']
    command = [stack.name if word == "orders" else word for word in show]

    before = bash('"$@"', *command, environment=environment)
    outcome = stack.deploy(renamed("Secret", "DBPassword", password_alone(Env="prod")))
    after = bash('"$@"', *command, environment=environment)

    assert (before.returncode, before.stdout) == (1, "")
    assert (after.returncode, after.stderr) == (0, "")
    assert (after.stdout == outcome.outputs["Value"]) is True


def renamed(old: str, new: str, template: dict[str, Any]) -> dict[str, Any]:
    """Return the template with another logical ID."""
    text = json.dumps(template)
    changed: dict[str, Any] = json.loads(text.replace(f'"{old}"', f'"{new}"'))
    return changed
