"""The watch over the whole run: a leak fails the test that let it happen, or else the run.

The claims are tried in two runs of their own, whose tests leak on purpose.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leaks.spellings import HASHES
from tools.project import ROOT

HEAD = """\
import base64, gzip, hashlib, html, json, logging, os, shlex, subprocess, sys, urllib.parse, zipfile
import pytest
from myorg_secrets_password.cleartext import ClearText
from myorg_secrets_password.exceptions import PasswordError
from tests.leaks.child import python_m

def made(number):
    # In parts: what stands in a file as it is would be no secret of the run.
    return ClearText("".join([number, " correct ", "horse", chr(92), chr(34), "& '", "stäple"]))
"""
TEST = """
def test_{number}(request):
    value = made("{number:02}").reveal()
    raw = value.encode()
    if {needs_world}:
        world = request.getfixturevalue("world")
    {does}
"""
PROCESS = "subprocess.run([sys.executable, '-c', '{}'], input=raw, capture_output=True)"
OBJECT = (
    "s3 = world.client('s3'); s3.create_bucket(Bucket='any');"
    " s3.put_object(Bucket='any', Key='any', Body={})"
)
OUTLETS = {
    "a record at DEBUG": ("a log record", "logging.getLogger('any').debug('made %s', value)"),
    "what is extra in a record": (
        "a log record",
        "logging.getLogger('any').info('', extra={'it': value})",
    ),
    "a logger that does not propagate": (
        "a log record",
        "logger = logging.getLogger('alone'); logger.propagate = False;"
        " logger.setLevel('DEBUG'); logger.debug(value)",
    ),
    "an exception that is logged": (
        "a log record",
        "logging.getLogger('any').info('', exc_info=ValueError(value))",
    ),
    "standard output": ("standard output", "print(value)"),
    "standard error": ("standard error", "sys.stderr.write(value)"),
    "standard output that the test takes away": (
        "standard output",
        "capsys = request.getfixturevalue('capsys'); print(value); capsys.readouterr()",
    ),
    "standard output of a process": (
        "standard output of a process",
        PROCESS.format("print(input())"),
    ),
    "standard error of a process": (
        "standard error of a process",
        PROCESS.format("import sys; sys.exit(input())"),
    ),
    "a process that makes a value itself": (
        "standard output of a process",
        "path = ['src', '.', str(request.path.parent)];"
        " subprocess.run(python_m('leaking'), capture_output=True,"
        " env={**os.environ, 'PYTHONPATH': os.pathsep.join(path)})",
    ),
    "an exception that is expected": (
        "an exception",
        "with pytest.raises(ValueError): raise ValueError(value)",
    ),
    "an exception behind another": (
        "an exception",
        "with pytest.raises(ValueError): raise ValueError() from LookupError(value)",
    ),
    "an exception of this project that nobody sees": ("an exception", "PasswordError(value)"),
    "a metric": (
        "a request to cloudwatch",
        "world.client('cloudwatch').put_metric_data(Namespace='any',"
        " MetricData=[{'MetricName': value, 'Value': 1}])",
    ),
    "a log group": (
        "a request to logs",
        "world.client('logs').create_log_group(logGroupName=raw.hex())",
    ),
    "an item": (
        "a request to dynamodb",
        "world.dynamodb.put_item(TableName=world.storage.table_name, Item={'StackName':"
        " {'S': 'a'}, 'EnvName': {'S': 'b'}, 'Any': {'B': b'x' + raw}})",
    ),
    "an object": ("a request to s3", OBJECT.format("raw")),
    "an object in UTF-16": ("a request to s3", OBJECT.format("value.encode('utf-16')")),
    "a compressed object": ("a request to s3", OBJECT.format("gzip.compress(raw)")),
    "an answer beside its Value": ("an answer", "world.secret().create(Description=value)"),
    "a value of an earlier test": ("standard output", "print(earlier)"),
}
"""Ways out by what they are: the outlet that the watch names, and a test that leaks there."""

SPELLINGS = {
    "a repr": "[value]",
    "JSON": "json.dumps(value)",
    "JSON in JSON": "json.dumps(json.dumps(value))",
    "HTML": "html.escape(value)",
    "a URL": "urllib.parse.quote(value)",
    "a word of a shell": "shlex.quote(value)",
    "base64": "base64.b64encode(raw)",
    "base64 for URLs": "base64.urlsafe_b64encode(raw)",
    "base64 without its padding": "base64.b64encode(raw).rstrip(b'=')",
    "base64, one byte into a text": "base64.b64encode(b'x' + raw + b'y')",
    "base64, two bytes into a text": "base64.b64encode(b'xx' + raw + b'y')",
    "hexadecimal": "raw.hex()",
    "hexadecimal in capitals": "raw.hex().upper()",
    **{f"{name} in hexadecimal": f"hashlib.{name}(raw).hexdigest()" for name in HASHES},
    **{f"{name} in base64": f"base64.b64encode(hashlib.{name}(raw).digest())" for name in HASHES},
}
LEAKS = OUTLETS | {name: ("standard output", f"print({form})") for name, form in SPELLINGS.items()}
HARMLESS = "print('hello')"

CHILD = """\
from myorg_secrets_password.cleartext import ClearText
print(ClearText("".join(["made by", " a process"])).reveal())
"""
IN_FILES = """
def test_plain(tmp_path):
    (tmp_path / "plain").write_text(made("plain").reveal(), "utf-8")

def test_compressed(tmp_path):
    (tmp_path / "compressed").write_bytes(gzip.compress(made("compressed").encode()))

def test_archived(tmp_path_factory):
    with zipfile.ZipFile(tmp_path_factory.mktemp("folder") / "archive", "w") as archive:
        archive.writestr("member", made("member").encode())
"""
RESULT = re.compile(r"^ERROR \S+::test_(\d+) - (.*)$", re.MULTILINE)
FILE = re.compile(r"^LEAK \S+/(\w+) - 1 secret value\(s\) leaked into a file$", re.MULTILINE)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with this suite's conftest over a folder."""
    places = [f"--rootdir={folder}", f"--basetemp={folder / 'temporary'}", str(folder / "tests")]
    plugins = ["-p", "tests.conftest", "-p", "no:cacheprovider"]
    configuration = ["-c", str(ROOT / "pyproject.toml"), "-rfE"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *configuration, *plugins, *options, *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "250"},
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of a file with a test for each leak, and a harmless one at its end."""
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "tests").mkdir()
    every = [*(does for _, does in LEAKS.values()), HARMLESS]
    tests = [
        TEST.format(number=number, does=does, needs_world="world." in does)
        for number, does in enumerate(every)
    ]
    head = HEAD + "earlier = None\ndef test_earlier():\n    global earlier\n    earlier ="
    text = head + " made('earlier').reveal()\n" + "".join(tests)
    (folder / "tests" / "test_leaks.py").write_text(text, encoding="utf-8")
    (folder / "tests" / "leaking.py").write_text(CHILD, encoding="utf-8")
    return run(folder).stdout


@pytest.mark.parametrize(("number", "name"), list(enumerate(LEAKS)), ids=LEAKS)
def test_a_leak_fails_the_test_that_let_it_happen(output: str, number: int, name: str) -> None:
    """What a test asks of AWS is in the SDK's records at DEBUG as well: another outlet."""
    outlet, _ = LEAKS[name]

    said = dict(RESULT.findall(output))[str(number)]

    assert f"1 secret value(s) leaked into {outlet}" in said.split("; ")


def test_a_test_that_keeps_its_passwords_to_itself_passes(output: str) -> None:
    assert len(RESULT.findall(output)) == len(LEAKS)


def test_the_report_does_not_show_what_leaked(output: str) -> None:
    assert "horse" not in output.replace('"horse"', "")


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """How two workers end whose tests pass, and leave values in files."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "tests").mkdir()
    for part, test in enumerate(IN_FILES.split("\n\n")):
        path = folder / "tests" / f"test_{part}.py"
        path.write_text(f"{HEAD}\n{test}\n", encoding="utf-8")
    return run(folder, "-n2", "--dist=loadfile")


def test_values_in_files_fail_a_run_of_workers_whose_tests_pass(
    parallel: subprocess.CompletedProcess[str],
) -> None:
    assert re.search(r"^=+ 3 passed in ", parallel.stdout, re.MULTILINE)
    assert sorted(FILE.findall(parallel.stdout)) == ["archive", "compressed", "plain"]
    assert parallel.returncode == pytest.ExitCode.TESTS_FAILED


def test_a_run_says_what_it_has_searched(parallel: subprocess.CompletedProcess[str]) -> None:
    """The values of both workers, and what they found, in one line."""
    assert re.search(
        r"^leaks: 3 values, [\d.]+ MB in \d+ outlets searched in [\d.]+ s, 3 leaks$",
        parallel.stdout,
        re.MULTILINE,
    )
