"""The opaque token by which a list goes on. Pure.

Cloud Control takes 4,096 characters (HandlerNextToken, `ListResources`), and a key may have 3,072
bytes. That is why the scope is a digest and the encoding is base85: base64 would be too long.
"""

import base64
import hashlib
import json

from .exceptions import InvalidNextToken

_DIGEST_BYTES = 16
_LENGTH_BYTES = 2

_PARTITION_KEY_BYTES = 2048
_SORT_KEY_BYTES = 1024
"""DynamoDB's limits: it refuses to go on from a longer key, in words that name no token."""


def encode_token(last: tuple[str, str], scope: tuple[str, str | None]) -> str:
    """Return the token for the page after the item with this key.

    Args:
        last: partition key and sort key of the last item that was looked at.
        scope: table name and, for a list of one stack, the stack's name.
    """
    stack_name, env_name = (part.encode() for part in last)
    length = len(stack_name).to_bytes(_LENGTH_BYTES)
    return base64.b85encode(_digest(scope) + length + stack_name + env_name).decode()


def decode_token(token: str, scope: tuple[str, str | None]) -> tuple[str, str]:
    """Return the key that `encode_token` put into the token.

    Raises:
        InvalidNextToken: it was not made by `encode_token`, or for another scope.
    """
    try:
        key = base64.b85decode(token)[_DIGEST_BYTES:]
        length, names = int.from_bytes(key[:_LENGTH_BYTES]), key[_LENGTH_BYTES:]
        stack_name, env_name = names[:length].decode(), names[length:].decode()
        # Whatever else decodes to the same key, or is of another scope, is not the same text.
        is_ours = encode_token((stack_name, env_name), scope) == token
    except (ValueError, TypeError):
        stack_name = env_name = ""
        is_ours = False
    is_key = _fits(stack_name, _PARTITION_KEY_BYTES) and _fits(env_name, _SORT_KEY_BYTES)
    if not (is_ours and is_key) or scope[1] not in (None, stack_name):
        raise InvalidNextToken(
            "nextToken is not one that this type returned for this TableName and StackName."
            " Start the list again without it."
        )
    return stack_name, env_name


def _digest(scope: tuple[str, str | None]) -> bytes:
    return hashlib.sha256(json.dumps(scope).encode()).digest()[:_DIGEST_BYTES]


def _fits(part: str, maximum: int) -> bool:
    return 1 <= len(part.encode()) <= maximum
