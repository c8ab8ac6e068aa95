"""moto's DynamoDB answers written at once, since a page of whole items otherwise takes seconds.

moto looks for every member of every attribute value under five names each. What it hands over here
is in the service's own form already.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb.responses import DynamoResult

HEADERS = {"Content-Type": "application/x-amz-json-1.0"}


@contextmanager
def quick_answers() -> Iterator[None]:
    """Have moto write lists of items in this way meanwhile."""
    as_moto_does = DynamoResult.execute_result

    def execute(answer: DynamoResult, context: Any) -> Any:
        if not isinstance(answer.result, dict) or "Items" not in answer.result:
            return as_moto_does(answer, context)
        return 200, dict(HEADERS), json.dumps(answer.result, default=_base64)

    with patch.object(DynamoResult, "execute_result", execute):
        yield


def _base64(value: Any) -> str:
    return base64.b64encode(value).decode()
