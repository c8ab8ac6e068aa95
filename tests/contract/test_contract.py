"""The contract tests of the CloudFormation CLI, as they are, against the handlers."""

import pytest

from local.environment import running
from tests.contract.suite import INPUTS, CfnTest, cfn_test, contract_tests


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> CfnTest:
    with running() as aws:
        return cfn_test(aws, tmp_path_factory.mktemp("home"))


def test_cfn_test_succeeds(outcome: CfnTest) -> None:
    """`cfn test` exits with 0 after a run for each set of inputs."""
    assert outcome.exit_code == 0
    assert sorted(outcome.runs) == INPUTS


@pytest.mark.parametrize("inputs", INPUTS)
def test_every_contract_test_passes_and_none_is_skipped(outcome: CfnTest, inputs: str) -> None:
    """Each test that the CLI has for resources ran with these inputs and passed."""
    run = outcome.runs[inputs]

    assert run.results == {("PASSED", name) for name in contract_tests()}
    assert run.skips == 0
