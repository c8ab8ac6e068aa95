"""What is tested is what ships: AWS's own runtime client runs the very package."""

from pathlib import Path

import pytest

from local.environment import running
from local.lambda_runtime import FunctionFailed, LambdaRuntime
from tests.contract.suite import INPUTS, CfnTest, cfn_test, contract_tests

HANDLER = "myorg_secrets_password.handlers.resource"


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def outcome(function: Path, tmp_path_factory: pytest.TempPathFactory) -> CfnTest:
    with LambdaRuntime(function, HANDLER) as runtime, running(runtime) as aws:
        return cfn_test(aws, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("inputs", INPUTS)
def test_the_package_passes_every_contract_test(outcome: CfnTest, inputs: str) -> None:
    assert outcome.exit_code == 0
    assert outcome.runs[inputs].results == {("PASSED", name) for name in contract_tests()}


def test_the_package_has_all_that_the_other_paths_need(function: Path) -> None:
    """A change of key, logs and metrics, a list of one stack: no contract test sends them."""
    place = {"StackName": "orders", "Env": "prod", "Name": "DB"}
    with LambdaRuntime(function, HANDLER) as runtime, running(runtime) as aws:
        key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        with aws.recorder.recording() as calls:
            answers = [
                aws.call("CREATE", place),
                aws.call("UPDATE", {**place, "KeyId": key}, previous=place),
                aws.call("LIST", {"StackName": "orders"}),
                aws.call("DELETE", place),
            ]

    assert [answer["status"] for answer in answers] == ["SUCCESS"] * 4
    assert {"kms:ReEncrypt", "dynamodb:Query", "logs:PutLogEvents"} <= set(calls)
    assert "monitoring:PutMetricData" in calls


def test_nothing_is_written_into_the_package(function: Path) -> None:
    """Its bytecode is taken as it is, though each module was unpacked at another time."""
    for module in function.rglob("*.py"):
        module.touch()
    before = files_in(function)

    with LambdaRuntime(function, HANDLER) as runtime, running(runtime) as aws:
        aws.call("LIST")

    assert files_in(function) == before
    assert any(name.endswith(".cpython-312.pyc") for name in before)


def test_a_handler_that_is_not_there_is_told(function: Path) -> None:
    with (
        LambdaRuntime(function, "myorg_secrets_password.missing.resource") as runtime,
        pytest.raises(FunctionFailed, match="missing"),
    ):
        runtime({})
