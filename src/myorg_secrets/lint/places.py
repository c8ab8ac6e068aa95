"""The places where templates most often leak a password, and the better way for each. Pure."""

import re
from dataclasses import dataclass

from . import GUIDE

_IDENTIFIER = "Hand over !Ref {name}, which names the secret without being one, and"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the properties of a resource.

    Attributes:
        where: pattern of the resource's type and the property, with slashes and without the
            numbers of list elements.
        shown: who can read it there, as the sentence about the place goes on.
        better: what to do instead; `{name}` stands for the secret's logical ID.
        program: whether a program finds the password there.
    """

    where: str
    shown: str
    better: str
    program: bool = False


_PROGRAMS = (
    Place(
        r"AWS::[^/]+/(.+/)?UserData",
        "is user data, which the instance's metadata and ec2:DescribeInstanceAttribute show",
        f"{_IDENTIFIER} read the password on the instance: {GUIDE}/consume/ec2-user-data.md",
        program=True,
    ),
    Place(
        r"AWS::(Lambda|Serverless)::Function/Environment(/.*)?",
        "is an environment variable, which lambda:GetFunctionConfiguration shows",
        f"{_IDENTIFIER} let the function read it with SecretsClient: {GUIDE}/consume/lambda.md",
        program=True,
    ),
    Place(
        r"AWS::ECS::(Daemon)?TaskDefinition/.*(Environment|Command|EntryPoint)(/.*)?",
        "is part of the task definition, which ecs:DescribeTaskDefinition shows",
        f"{_IDENTIFIER} let the entry point read it by `myorg-secrets exec`:"
        f" {GUIDE}/consume/ecs-fargate.md",
        program=True,
    ),
    Place(
        r"AWS::CodeBuild::Project/(Environment/EnvironmentVariables/.*|Source/BuildSpec.*)",
        "is part of the project, which codebuild:BatchGetProjects and the console show",
        f"{_IDENTIFIER} let the command that needs it run under `myorg-secrets exec`:"
        f" {GUIDE}/consume/codebuild.md",
        program=True,
    ),
    Place(
        r"AWS::(StepFunctions|Serverless)::StateMachine/Definition.*",
        "is part of the state machine, which states:DescribeStateMachine and its history show",
        "Let the task that needs it invoke the reader function:"
        f" {GUIDE}/consume/reader-function.md",
        program=True,
    ),
    Place(
        r"[^/]+/(.+/)?(Runtime)?Env(ironment)?(Variables?|Vars?)?(/.*)?",
        "is an environment variable, which the service's own answers show",
        f"{_IDENTIFIER} let the program read it with SecretsClient or `myorg-secrets exec`:"
        f" {GUIDE}/consume.md",
        program=True,
    ),
    Place(
        r"[^/]+/(.+/)?(Command|EntryPoint|Args|Arguments|ContainerArguments|DefaultArguments)(/.*)?",
        "is part of a command, which the service's own answers and lists of processes show",
        f"Let the program read it with SecretsClient or `myorg-secrets exec`: {GUIDE}/consume.md",
        program=True,
    ),
    Place(
        r"AWS::(Lambda::Function/Code/.*|Serverless::Function/InlineCode)",
        "is the function's code, which lambda:GetFunction shows",
        f"Let the function read it with SecretsClient: {GUIDE}/consume/lambda.md",
        program=True,
    ),
)

_OTHERS = (
    Place(
        r"AWS::SSM::Parameter/Value",
        "is a plain parameter (CloudFormation makes no SecureString), which ssm:GetParameter shows",
        f"Readers of the parameter can read the secret itself: {GUIDE}/consume/shell.md",
    ),
    Place(
        r"[^/]+/(.+/)?[A-Za-z]*Tags?[A-Za-z]*(/.*)?",
        "is a tag, which every listing of resources and every bill shows",
        "Tag with !Ref {name} or !GetAtt {name}.VersionId",
    ),
    Place(
        r"[^/]+/(.+/)?[A-Za-z]*Description",
        "is a description, which the service's own answers and its console show",
        "Describe it with !Ref {name}",
    ),
    Place(
        r"(AWS::CloudFormation::CustomResource|Custom::[^/]+)/.*",
        "is handed to a custom resource, whose properties show in stack events and in logs",
        f"{_IDENTIFIER} let its function read the password with SecretsClient:"
        f" {GUIDE}/consume/lambda.md",
    ),
    Place(
        r"AWS::(CloudFormation::[^/]+|Serverless::Application)/.*",
        "is readable by whoever may describe the stacks",
        f"{_IDENTIFIER} read the password where it is needed: {GUIDE}/consume.md",
    ),
    Place(
        r"AWS::(Events::Rule|Scheduler::Schedule|Pipes::Pipe|SNS::[^/]+|SQS::[^/]+)/.*",
        "is part of an event or a message, which the service's own answers and receivers show",
        "Send !Ref {name}, and let the receiver read the password:"
        f" {GUIDE}/consume/reader-function.md",
    ),
    Place(
        r"[^/]+/(.+/)?[A-Za-z]*Name",
        "is a name, which logs, CloudTrail and every listing show",
        "Name it by !Ref {name} or by text of your own",
    ),
    Place(
        r".*",
        "is not among the properties that their service never shows again",
        f"{_IDENTIFIER} read the password where it is needed: {GUIDE}/consume.md",
    ),
)


def place_of(type_name: str, steps: tuple[str, ...]) -> Place:
    """Return the first place that fits; the last one fits everything."""
    where = "/".join((type_name, *(step for step in steps if step != "*")))
    return next(
        place for place in (*_PROGRAMS, *_OTHERS) if re.fullmatch(place.where, where, re.DOTALL)
    )
