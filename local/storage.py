"""The storage stack, from the very template that users deploy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).parent.parent / "infrastructure" / "storage.yml"
STACK_NAME = "myorg-secrets-password-storage"


@dataclass(frozen=True)
class Storage:
    """What the storage stack gives out, under the names of its outputs."""

    table_name: str
    table_arn: str
    key_id: str
    key_arn: str
    key_alias: str
    type_configuration: Mapping[str, str]


def set_up(cloudformation: Any) -> Storage:
    """Create the stack and return its outputs. ``cloudformation`` is a boto3 client."""
    cloudformation.create_stack(
        StackName=STACK_NAME, TemplateBody=TEMPLATE.read_text(encoding="utf-8")
    )
    stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    return Storage(
        table_name=outputs["TableName"],
        table_arn=outputs["TableArn"],
        key_id=outputs["KeyId"],
        key_arn=outputs["KeyArn"],
        key_alias=outputs["KeyAlias"],
        type_configuration=json.loads(outputs["TypeConfiguration"]),
    )
