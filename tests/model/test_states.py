"""A value that stands for a generated one is one, as far as the policies can tell."""

import pytest

from myorg_secrets_password.generator import generate
from myorg_secrets_password.policy import Policy
from tests.model.states import POLICIES, SATISFIED, like_generated


@pytest.mark.parametrize("policy", POLICIES)
def test_it_satisfies_the_policies_that_a_generated_value_does(policy: str) -> None:
    generated = generate(Policy.of(POLICIES[policy]))
    stand_in = like_generated(policy, 35)

    assert [is_so(stand_in) for is_so in SATISFIED.values()] == [
        is_so(generated) for is_so in SATISFIED.values()
    ]
    assert like_generated(policy, 36) != stand_in
