"""The opaque token by which a list goes on. Pure."""

import base64
import binascii
import json

from .exceptions import InvalidNextToken


def encode_token(last: tuple[str, str], scope: tuple[str, str | None]) -> str:
    """Return the token for the page after the item with this key.

    Args:
        last: partition key and sort key of the last item that was looked at.
        scope: table name and, for a list of one stack, the stack's name.
    """
    return base64.urlsafe_b64encode(json.dumps([scope, last]).encode()).decode()


def decode_token(token: str, scope: tuple[str, str | None]) -> tuple[str, str]:
    """Return the key that `encode_token` put into the token.

    Raises:
        InvalidNextToken: it was not made by `encode_token`, or for another scope.
    """
    try:
        made_for, (stack_name, env_name) = json.loads(base64.b64decode(token, b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        made_for = stack_name = env_name = None
    is_key = _is_part(stack_name, 2048) and _is_part(env_name, 1024)
    if made_for != list(scope) or not is_key or scope[1] not in (None, stack_name):
        raise InvalidNextToken(
            "nextToken is not one that this type returned for this TableName and StackName."
            " Start the list again without it."
        )
    return stack_name, env_name


def _is_part(raw: object, maximum: int) -> bool:
    """Tell whether DynamoDB takes it as a part of a key, which has a maximum in bytes of UTF-8."""
    try:
        return isinstance(raw, str) and 1 <= len(raw.encode()) <= maximum
    except UnicodeEncodeError:
        return False
