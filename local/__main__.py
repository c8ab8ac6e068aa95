"""``python -m local serve`` and ``python -m local demo``."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click
from rich.console import Console

from local.demo import TEMPLATE, tell
from local.environment import environment_variables, running
from local.narrator import ClaimFailed, Narrator


@click.group()
def main() -> None:
    """AWS on this machine, with MyOrg::Secrets::Password registered in its CloudFormation."""
    # The way out leads through every `with`, and nothing is left running. A shell without job
    # control lets what it starts in the background ignore SIGINT, so that is asked for as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)


@main.command()
def demo() -> None:
    """Tell the life of a password, step by step, and check every claim."""
    # Where there is no terminal to ask, rich assumes 80 columns and folds what need not be folded.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    with running() as aws:
        try:
            tell(aws, Narrator(console))
        except ClaimFailed:
            sys.exit(1)


@main.command()
def serve() -> None:
    """Start the local AWS, say how to use it, and leave it running until Ctrl-C or SIGTERM."""
    with running() as aws:
        try:
            click.echo(_instructions(aws.endpoint_url, aws.lambda_url))
            threading.Event().wait()
        except SystemExit:
            click.echo("Stopped.")


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _instructions(endpoint_url: str, lambda_url: str) -> str:
    exports = "\n".join(
        f"  export {name}={value}" for name, value in environment_variables(endpoint_url).items()
    )
    template = TEMPLATE.relative_to(TEMPLATE.parent.parent)
    return f"""\
AWS is running at {endpoint_url}; the type's handler answers at {lambda_url}.
Nothing is kept: table, key and stacks are gone when this ends. Ctrl-C ends it.

Another terminal uses it with:
  unset AWS_PROFILE AWS_SESSION_TOKEN
{exports}

Deploy your template with the AWS CLI:
  aws cloudformation deploy --stack-name example --template-file {template} \\
      --parameter-overrides RotationToken=1
  aws cloudformation describe-stack-events --stack-name example
  aws cloudformation delete-stack --stack-name example

or with boto3:
  import boto3, pathlib
  cloudformation = boto3.client("cloudformation", endpoint_url="{endpoint_url}")
  cloudformation.create_stack(StackName="example",
                              TemplateBody=pathlib.Path("{template}").read_text())
  print(cloudformation.describe_stacks(StackName="example")["Stacks"][0]["Outputs"])

Call the handler itself, as `cfn test` and `cfn invoke` do, with --endpoint {lambda_url}
"""


if __name__ == "__main__":
    main()
