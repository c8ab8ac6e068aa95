"""As much of the AWS CLI as the pages use, by the SDK that it is built upon.

    aws SERVICE OPERATION [FILE] --option value... [--output text] [--query EXPRESSION]
    aws SERVICE wait WHAT --option value...

https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError

SERVICES = {"s3api": "s3"}
"""By the names that the AWS CLI has for them."""

GLOBAL = ("--output", "--query")
FLAGS = ("--consistent-read", "--use-previous-template")


def main(words: list[str]) -> None:
    service, operation, *words = words
    make: Any = boto3.client
    client = make(SERVICES.get(service, service))
    if operation == "wait":
        what, option, name = words
        client.get_waiter(what.replace("-", "_")).wait(**{_camel(option): name})
        return
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    members = {f"--{xform_name(name, '-')}": name for name in model.input_shape.members}
    request: dict[str, Any] = {}
    said = dict.fromkeys(GLOBAL, "")
    files = []
    while words:
        word = words.pop(0)
        if word in FLAGS:
            request[members[word]] = True
        elif word in GLOBAL:
            said[word] = words.pop(0)
        elif word.startswith("--"):
            kind = model.input_shape.members[members[word]].type_name
            request[members[word]] = _value(words.pop(0), kind)
        else:
            files.append(word)
    try:
        answer = getattr(client, method)(**request)
    except ClientError as error:
        sys.exit(f"\n{error}")
    answer.pop("ResponseMetadata", None)
    if files:
        Path(files[0]).write_bytes(answer.pop("Payload").read())
    answer = _printable(answer)
    if said["--query"]:
        answer = jmespath.search(said["--query"], answer)
    print(_text(answer) if said["--output"] == "text" else json.dumps(answer, default=str))


def _value(word: str, kind: str) -> Any:
    if word.startswith("fileb://"):
        return Path(word.removeprefix("fileb://")).read_bytes()
    if kind == "list" and not word.startswith("["):
        return [word]
    return json.loads(word) if kind in ("map", "structure", "list") else word


def _camel(option: str) -> str:
    return "".join(part.capitalize() for part in option.removeprefix("--").split("-"))


def _printable(answer: Any) -> Any:
    if isinstance(answer, bytes):
        return base64.b64encode(answer).decode()
    if isinstance(answer, dict):
        return {key: _printable(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [_printable(value) for value in answer]
    return answer


def _text(answer: Any) -> str:
    if isinstance(answer, list):
        rows = answer if any(isinstance(row, list) for row in answer) else [answer]
        return "\n".join("\t".join(map(str, row)) for row in rows)
    return str(answer)
