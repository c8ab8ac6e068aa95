"""`get`, `exec`, `list` and `history`, as processes against the local AWS."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import local
from tests.cli.runner import START, Program
from tests.local.stacks import Stack, secrets

TABLE = "myorg-secrets-password"


def test_get_prints_the_value_alone(program: Program, rotated: Stack) -> None:
    value = rotated.stored("prod#DB").decode()

    ended = program.succeed("get", rotated.name, "DB", "--env", "prod")

    assert ended.out == f"{value}\n"
    assert ended.err == ""


def test_get_takes_what_ref_gives(program: Program, rotated: Stack) -> None:
    ref = f"{TABLE}|{rotated.name}|prod|DB"

    assert program.succeed("get", ref, "-n").raw == rotated.stored("prod#DB")


def test_get_gives_json_with_the_version(program: Program, rotated: Stack) -> None:
    version = rotated.items()["prod#DB"]["Versions"]["L"][-1]["M"]["VersionId"]["S"]

    ended = program.succeed("get", rotated.name, "DB", "--env", "prod", "--json")

    assert ended.json == {"Value": rotated.stored("prod#DB").decode(), "VersionId": version}


def test_get_gives_an_earlier_version(program: Program, rotated: Stack) -> None:
    first, second = rotated.items()["prod#DB"]["Versions"]["L"]

    values = [
        program.succeed(
            "get",
            rotated.name,
            "DB",
            "--env",
            "prod",
            "--version-id",
            version["M"]["VersionId"]["S"],
        ).out
        for version in (first, second)
    ]

    assert values[1] == rotated.stored("prod#DB").decode() + "\n" != values[0]


def test_a_value_comes_out_in_utf_8_whatever_the_locale_says(
    program: Program, stack: Stack
) -> None:
    value = "pässwörd—🗝—" + "x" * 20
    stack.deploy(secrets(DB={"SecretString": value}))

    ended = program.succeed("get", stack.name, "DB", "-n", LC_ALL="C", PYTHONIOENCODING="ascii")

    assert ended.raw == value.encode()


def test_a_table_comes_out_whatever_the_locale_says(program: Program, stack: Stack) -> None:
    stack.deploy(secrets(DB={"Description": "zażółć"}))

    program.succeed("list", stack.name, PYTHONIOENCODING="latin-1")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["get", "{stack}", "DB"], 1, "exists in the environment prod"),
        (["get", "{stack}", "DBB", "--env", "prod"], 1, "The stack has DB."),
        (["get", "{stack}x", "DB"], 1, "Did you mean the stack {stack}"),
        (["get", "{stack}", "DB", "--env", "prod", "--version-id", "x"], 1, "no version x"),
        (["exec", "{stack}", "Nix", "--", "true"], 1, "The stack has DB."),
        (["history", "{stack}", "Nix"], 1, "The stack has DB."),
        (["restore", "{stack}", "Nix"], 1, "The stack has DB."),
        (["list", "{stack}x"], 1, "Did you mean the stack {stack}"),
        (["list", ""], 2, "must be 1 to"),
        (["list", "--stack-name", ""], 2, "must be 1 to"),
        (["get", "{stack}", "DB", "--env", "prod", "--table-name", ""], 2, "--table-name must be"),
        (["get", "{stack}"], 2, "NAME is missing"),
        (["get", "a|b|c"], 2, "four parts"),
        (["get", "a|b||d"], 2, "four parts"),
        (["get", "table|b|c|d|e"], 2, "four parts"),
        (["get", "x|b|c|d"], 2, "The table in the REF must be 3 to 255 characters"),
        (["get", "table|b|c|d", "e"], 2, "NAME and the REF differ"),
        (["get", "table|b|c|d", "--env", "e"], 2, "--env and the REF differ"),
        (["get", "table|b|c|d", "--table-name", "other"], 2, "--table-name and the REF differ"),
        (["get", "stack", "a#b"], 2, "Name must be without"),
        (["get", "stack", ""], 2, "Name must be 1 to"),
        (["get", "stack", "a", "--table-name", "/"], 2, "--table-name must be 3 to 255"),
        (["get", "{stack}", "DB", "--table-name", "nowhere"], 3, "the table does not exist"),
        (["get", "{stack}", "DB", "--region", "ap-northeast-3"], 3, "the table does not exist"),
        (["get", "{stack}", "DB", "--region", "not a region"], 2, "not valid"),
        (["get", "{stack}", "DB", "--profile", "nobody"], 2, "profile (nobody)"),
        (["exec", "{stack}", "DB", "--env", "prod"], 2, "CMD is missing"),
        (["exec", "{stack}", "DB", "--as", "A=B", "--", "true"], 2, "environment variable"),
        (["nonsense"], 2, "No such command"),
        ([], 2, "Verbs:"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_gets_one_clear_line_and_its_exit_code(
    program: Program, rotated: Stack, words: list[str], code: int, said: str
) -> None:
    ended = program(*(word.format(stack=rotated.name) for word in words))

    assert ended.code == code, ended.err
    assert said.format(stack=rotated.name) in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("without", "code", "said"),
    [
        (("AWS_REGION", "AWS_DEFAULT_REGION"), 2, "There is no Region"),
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), 3, "without credentials"),
        (("AWS_SECRET_ACCESS_KEY",), 3, "credentials are not complete"),
    ],
)
def test_without_region_or_credentials_that_is_said(
    program: Program, without: tuple[str, ...], code: int, said: str
) -> None:
    ended = program("get", "stack", "DB", without=without)

    assert ended.code == code
    assert said in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["get", "doctor"])
def test_a_credential_process_that_is_not_there_is_said(
    program: Program, tmp_path: Path, verb: str
) -> None:
    file = tmp_path / "config"
    file.write_text("[default]\ncredential_process = /no/such/program\n", "utf-8")
    words = ["get", "stack", "DB"] if verb == "get" else [verb]

    ended = program(
        *words,
        without=("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        AWS_CONFIG_FILE=str(file),
    )

    assert ended.code == 3


def test_a_table_that_cannot_be_reached_is_an_aws_failure(program: Program) -> None:
    ended = program("get", "stack", "DB", AWS_ENDPOINT_URL="http://127.0.0.1:9")

    assert ended.code == 3
    assert "no answer in time" in ended.err


def test_a_deleted_secret_is_not_found_and_the_way_back_is_said(
    program: Program, rotated: Stack
) -> None:
    rotated.delete()

    ended = program("get", rotated.name, "DB", "--env", "prod")

    assert ended.code == 1
    assert f"myorg-secrets restore '{TABLE}|{rotated.name}|prod|DB'" in ended.err


def test_exec_gives_the_value_to_the_child_alone(program: Program, rotated: Stack) -> None:
    child = "import os, sys; print(os.environ['PGPASSWORD'], sys.argv[1:]); sys.exit(7)"

    ended = program(
        "exec", rotated.name, "DB", "--env", "prod", "--as", "PGPASSWORD",
        "--", sys.executable, "-c", child, "--json", "|",
    )  # fmt: skip

    assert ended.code == 7
    assert ended.out == f"{rotated.stored('prod#DB').decode()} ['--json', '|']\n"


def test_exec_takes_a_ref_and_its_default_variable(program: Program, rotated: Stack) -> None:
    ref = f"{TABLE}|{rotated.name}|prod|DB"

    ended = program.succeed("exec", ref, "--", "sh", "-c", 'printf %s "$SECRET_VALUE"')

    assert ended.raw == rotated.stored("prod#DB")


@pytest.mark.parametrize(("cmd", "code"), [("no-such-program", 127), (os.path.devnull, 126)])
def test_exec_says_what_cannot_be_run(
    program: Program, rotated: Stack, cmd: str, code: int
) -> None:
    ended = program("exec", rotated.name, "DB", "--env", "prod", "--", cmd)

    assert ended.code == code
    assert cmd in ended.err


def test_exec_refuses_a_value_that_no_environment_variable_can_hold(
    program: Program, stack: Stack
) -> None:
    stack.deploy(secrets(DB={"SecretString": "before\0behind-it"}))

    ended = program("exec", stack.name, "DB", "--", "true")

    assert ended.code == 126
    assert "null character" in ended.err
    assert "behind-it" not in ended.err


def test_exec_leaves_the_signals_as_they_were(program: Program, rotated: Stack) -> None:
    """Python ignores SIGPIPE, and what is ignored stays so in CMD: a shell cannot even mend it."""
    ended = program.succeed(
        "exec", rotated.name, "DB", "--env", "prod", "--", "grep", "SigIgn", "/proc/self/status"
    )

    assert int(ended.out.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_exec_needs_no_stdout(program: Program, rotated: Stack) -> None:
    """As services have it that were started with their descriptors closed."""
    words = ["exec", rotated.name, "DB", "--env", "prod", "--", "true"]

    process = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *START, *words],  # noqa: S607
        env=program.environment(),
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("words", [["get", "{stack}", "DB", "--env", "prod"], ["list"]], ids=str)
def test_a_full_disk_is_said_and_is_not_not_found(
    program: Program, rotated: Stack, words: list[str]
) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = subprocess.run(
            [*START, *(word.format(stack=rotated.name) for word in words)],
            env=program.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert "Traceback" not in process.stderr
    assert process.returncode not in (0, 1)


def test_list_shows_a_stacks_secrets_and_never_a_value(program: Program, stack: Stack) -> None:
    stack.deploy(secrets(DB={"Env": "prod", "Description": "The database"}, MQ={}))

    ended = program.succeed("list", stack.name)

    rows = [line.split() for line in ended.out.splitlines() if stack.name in line]
    assert [row[1:3] for row in rows] == [["default", "MQ"], ["prod", "DB"]]
    assert "The database" in ended.out
    for env_name in ("default#MQ", "prod#DB"):
        assert stack.stored(env_name).decode() not in ended.out


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["{stack}"], ["A", "B", "C"]),
        (["--stack-name", "{stack}"], ["A", "B", "C"]),
        (["{stack}", "B"], ["B"]),
        (["{stack}", "--env", "prod"], ["A"]),
        (["--env", "{stack}-env"], ["C"]),
        (["{stack}", "--tag", "team=pay"], ["A"]),
        (["{stack}", "--tag", "team"], ["A", "B"]),
        (["{stack}", "--tag", "of=stack", "--tag", "team=ship"], ["B"]),
    ],
)
def test_list_filters_by_stack_name_env_and_tag(
    program: Program, stack: Stack, options: list[str], names: list[str]
) -> None:
    def tagged(team: str) -> list[dict[str, str]]:
        return [{"Key": "team", "Value": team}]

    template = secrets(
        A={"Env": "prod", "Tags": tagged("pay")},
        B={"Tags": tagged("ship")},
        C={"Env": f"{stack.name}-env"},
    )
    stack.deploy(template, tags={"of": "stack"})

    ended = program.succeed("list", *(each.format(stack=stack.name) for each in options), "--json")

    found = [secret["Name"] for secret in ended.json if secret["StackName"] == stack.name]
    assert sorted(found) == names


def test_list_says_all_of_a_secret_but_the_value_in_json(program: Program, stack: Stack) -> None:
    stack.deploy(secrets(DB={"Tags": [{"Key": "a", "Value": "b"}]}), tags={"c": "d"})

    [secret] = program.succeed("list", stack.name, "--json").json

    assert secret == {
        "Ref": f"{TABLE}|{stack.name}|default|DB",
        "TableName": TABLE,
        "StackName": stack.name,
        "Env": "default",
        "Name": "DB",
        "VersionId": secret["VersionId"],
        "CreatedTime": secret["CreatedTime"],
        "LastRotatedTime": secret["CreatedTime"],
        "Tags": [{"Key": "a", "Value": "b"}],
        "StackTags": {"c": "d"},
    }


def test_list_shows_deleted_secrets_when_asked(program: Program, stack: Stack) -> None:
    stack.deploy(secrets(DB={}, MQ={}))
    stack.deploy(secrets(DB={}))

    [live] = program.succeed("list", stack.name, "--json").json
    [deleted] = program.succeed("list", stack.name, "--deleted", "--json").json

    assert (live["Name"], deleted["Name"]) == ("DB", "MQ")
    assert deleted["DeletedTime"] < deleted["KeptUntil"]
    assert "Kept until" in program.succeed("list", stack.name, "--deleted").out


def test_list_of_nothing_is_an_empty_list(program: Program, aws: local.LocalAws) -> None:
    dynamodb = aws.client("dynamodb")
    shape = dynamodb.describe_table(TableName=TABLE)["Table"]
    dynamodb.create_table(
        TableName="empty",
        KeySchema=shape["KeySchema"],
        AttributeDefinitions=shape["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
    )

    assert program.succeed("list", "--table-name", "empty", "--json").json == []
    assert "no secrets" in program.succeed("list", "--table-name", "empty").err
    assert "no deleted secrets" in program.succeed("list", "--table-name", "empty", "--deleted").err


def test_list_goes_on_past_a_damaged_item_and_past_what_others_wrote(
    program: Program, aws: local.LocalAws, stack: Stack
) -> None:
    stack.deploy(secrets(DB={}))
    for env_name in ("default#Damaged", "of somebody else"):
        key = {"StackName": {"S": stack.name}, "EnvName": {"S": env_name}}
        aws.client("dynamodb").put_item(TableName=TABLE, Item=key)

    ended = program.succeed("list", stack.name, "--json")

    assert [secret["Name"] for secret in ended.json] == ["DB"]
    assert "default#Damaged" in ended.err


def test_history_says_when_and_why_each_version_was_made_and_for_which_state(
    program: Program, stack: Stack
) -> None:
    stack.deploy(secrets(DB={"Engine": "mysql", "RotationToken": "1"}))
    stack.deploy(secrets(DB={"SecretString": "provided-by-hand"}))

    history = program.succeed("history", stack.name, "DB", "--json").json

    generated, provided = history["Versions"]
    assert history["Ref"] == f"{TABLE}|{stack.name}|default|DB"
    assert (generated["Source"], generated["Current"]) == ("Generated", False)
    assert (provided["Source"], provided["Current"]) == ("Provided", True)
    assert generated["CreatedTime"] < provided["CreatedTime"]
    assert generated["DeclaredStates"] == [
        {"Summary": "Engine=mysql, RotationToken=1", "DeclaredLast": False}
    ]
    assert provided["DeclaredStates"] == [{"Summary": "SecretString", "DeclaredLast": True}]
    assert all("Value" not in version for version in history["Versions"])


def test_history_is_a_table_for_people_without_values(program: Program, rotated: Stack) -> None:
    ended = program.succeed("history", rotated.name, "DB", "--env", "prod")

    assert "Engine=mysql, RotationToken=1" in ended.out
    assert "Engine=mysql, RotationToken=2 (declared last)" in ended.out
    assert rotated.stored("prod#DB").decode() not in ended.out


def test_history_shows_values_when_asked(program: Program, rotated: Stack) -> None:
    value = rotated.stored("prod#DB").decode()
    words = ["history", rotated.name, "DB", "--env", "prod", "--show-values"]

    assert program.succeed(*words, "--json").json["Versions"][-1]["Value"] == value
    assert value in program.succeed(*words).out


def test_history_of_a_deleted_secret_is_still_there(program: Program, rotated: Stack) -> None:
    rotated.delete()
    words = ["history", rotated.name, "DB", "--env", "prod"]

    history = program.succeed(*words, "--json").json

    assert history["DeletedTime"] < "9999"
    assert [version["Current"] for version in history["Versions"]] == [False, False]
    assert "Deleted at" in program.succeed(*words).err


def test_a_name_cannot_steer_the_terminal(program: Program, stack: Stack) -> None:
    """What a template puts into a name, a tag or a token is shown, not sent."""
    stack.deploy(secrets(DB={"Description": "red \x1b[31m", "RotationToken": "\x1b[2J"}))

    for verb in (["list", stack.name], ["history", stack.name, "DB"]):
        ended = program.succeed(*verb)
        assert b"\x1b" not in ended.raw
        assert "\\u001b" in ended.out


@pytest.mark.parametrize(
    "verb", ["", "get", "exec", "list", "history", "restore", "adopt", "export", "import"]
)
def test_help_teaches_by_example(program: Program, verb: str) -> None:
    ended = program.succeed(*filter(None, [verb, "--help"]))

    assert "Examples:" in ended.out
    assert f"  myorg-secrets {verb}" in ended.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(program: Program, shell: str) -> None:
    ended = program.succeed("completion", shell)

    assert "_MYORG_SECRETS_COMPLETE" in ended.out


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        (
            "",
            {
                "get",
                "exec",
                "list",
                "history",
                "restore",
                "adopt",
                "export",
                "import",
                "mirror",
                "doctor",
            },
        ),
        ("get --v", {"--version-id"}),
        ("get {stack:.12}", {"{stack}"}),
        ("get {stack} ", {"DB", "MQ"}),
        ("get {stack} D", {"DB"}),
        ("list {stack} M", {"MQ"}),
        ("get --table-name nowhere {stack:.12}", set()),
    ],
)
def test_completion_knows_verbs_options_and_what_is_in_the_table(
    program: Program, stack: Stack, line: str, choices: set[str]
) -> None:
    stack.deploy(secrets(DB={}, MQ={}))
    words = f"myorg-secrets {line.format(stack=stack.name)}"

    ended = program.succeed(
        _MYORG_SECRETS_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )

    found = {choice.partition(",")[2] for choice in ended.out.splitlines()}
    assert found - {"completion", ""} == {choice.format(stack=stack.name) for choice in choices}
