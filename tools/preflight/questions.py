"""Asks CloudFormation and IAM by the doctor's means, and says why an answer did not come."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from myorg_secrets.doctor import Finding, Status
from myorg_secrets.doctor.asking import Asker, Unanswered

TYPE_NAME = "MyOrg::Secrets::Password"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the type is registered.

    Attributes:
        partition: aws, aws-cn, aws-us-gov and the like.
    """

    partition: str
    region: str
    account_id: str

    @property
    def type_arn(self) -> str:
        """The type's ARN, without a version."""
        return self.arn(f"type/resource/{TYPE_NAME.replace('::', '-')}")

    def arn(self, resource: str) -> str:
        """Return the ARN of something of CloudFormation."""
        return f"arn:{self.partition}:cloudformation:{self.region}:{self.account_id}:{resource}"


def unanswered(check: str, failure: Unanswered) -> Finding:
    """Return the finding that a question got no answer."""
    return Finding(
        check,
        Status.UNKNOWN,
        f"It could not be looked at: {failure}",
        f"Allow {failure.action} on {failure.arn}, or see to it yourself.",
    )


def stack_outputs(
    asker: Asker, cloudformation: Any, place: Place, name: str
) -> Mapping[str, str] | None:
    """Return the outputs of a stack, or None where there is no such stack.

    Raises:
        Unanswered: CloudFormation did not say.
    """
    arn = place.arn(f"stack/{name}/*")
    try:
        answer = asker.ask(
            "cloudformation:DescribeStacks",
            arn,
            lambda: cloudformation.describe_stacks(StackName=name),
        )
    except Unanswered as failure:
        # CloudFormation has no code of its own for a stack that is not there.
        if failure.code == "ValidationError":
            return None
        raise
    [stack] = answer["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
