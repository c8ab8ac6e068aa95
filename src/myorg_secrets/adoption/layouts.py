"""The tables of older recipes: what a row holds, or why it cannot be taken over. Pure.

2016: partition key `stackname`, sort key `env`, the base64 of a KMS ciphertext in an attribute
whose name the recipe leaves open. 2017: partition key `dbid` or `rds_id`, which is the SHA-256 of
the stack's name in hexadecimal; attributes `user_name` and `b64_password`, the latter also as a map
with `password` in it. Neither gave KMS an encryption context.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from myorg_secrets_password.item import Item

SHORTEST_CIPHERTEXT = 64
"""Bytes. What KMS returns holds the key's name, a nonce and a tag, and is longer than this."""

KEYS_2016 = ("stackname", "env")
KEYS_2017 = ("dbid", "rds_id")
PASSWORD_2017 = "b64_password"  # noqa: S105  # an attribute's name


class Unfit(Exception):
    """A row is not what the layout says.

    Args:
        problem: completes the sentence "The row ..."; it never quotes what the row holds.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"The row {problem}.")


@dataclass(frozen=True, slots=True)
class Found:
    """What a row of an old table says.

    Attributes:
        stack, env, name: where the secret goes.
        ciphertext: what KMS returned when the password was made.
        attribute: where it stands in the row.
        user_name: the user that the password belongs to, where the row says it.
    """

    stack: str
    env: str
    name: str
    ciphertext: bytes = field(repr=False)
    attribute: str
    user_name: str | None = None

    @property
    def digest(self) -> str:
        """What the row is known by after it was adopted; it is not made from the password."""
        return hashlib.sha256(self.ciphertext).hexdigest()


def shown(key: Mapping[str, Any]) -> str:
    """Return a row's key as people read it."""
    return ", ".join(f"{name}={next(iter(value.values()))}" for name, value in key.items())


def read_2016(item: Item, name: str, attribute: str | None) -> Found:
    """Return what a row of the 2016 layout holds.

    Args:
        item: the row.
        name: the secret's name.
        attribute: the one with the ciphertext; where it is not given, there must be just one.

    Raises:
        Unfit: it holds nothing that can be taken over, or more than one candidate.
    """
    stack, env = (_text(item, key) for key in KEYS_2016)
    if attribute is None:
        attribute = _only_candidate(item, KEYS_2016)
    return Found(stack, env, name, _ciphertext(item, attribute), attribute)


def read_2017(
    item: Item, name: str, env: str, stacks: Mapping[str, str], attribute: str | None
) -> Found:
    """Return what a row of the 2017 layout holds.

    Args:
        item: the row.
        name: the secret's name, which the row does not say.
        env: its environment, which the row does not say either.
        stacks: the stacks' names by their SHA-256.
        attribute: the one with the ciphertext, where it is not `b64_password`.

    Raises:
        Unfit: it holds nothing that can be taken over, or belongs to none of the stacks.
    """
    digest = stack_digest(item)
    if digest is None:
        raise Unfit(f"has no string in {' or '.join(KEYS_2017)}")
    stack = stacks.get(digest)
    if stack is None:
        raise Unfit("belongs to none of the stacks that --stack-name says")
    attribute = attribute or PASSWORD_2017
    user_name = item.get("user_name", {}).get("S")
    return Found(stack, env, name, _ciphertext(item, attribute), attribute, user_name)


def stack_digest(item: Item) -> str | None:
    """Return what a row of the 2017 layout keeps of its stack's name."""
    texts = (item.get(key, {}).get("S") for key in KEYS_2017)
    return next((text for text in texts if isinstance(text, str)), None)


def by_digest(stacks: Iterable[str]) -> dict[str, str]:
    """Return the stacks' names by what the 2017 layout keeps of them."""
    return {hashlib.sha256(stack.encode()).hexdigest(): stack for stack in stacks}


def _text(item: Item, attribute: str) -> str:
    text = item.get(attribute, {}).get("S")
    if not isinstance(text, str):
        raise Unfit(f"has no string in {attribute}")
    return text


def _only_candidate(item: Item, keys: Collection[str]) -> str:
    candidates = [name for name in item if name not in keys and _decoded(item[name]) is not None]
    if len(candidates) > 1:
        raise Unfit(
            f"has more than one attribute that could be it: {', '.join(sorted(candidates))}."
            " Say which by --attribute"
        )
    if not candidates:
        raise Unfit("has no attribute with the base64 of a KMS ciphertext")
    return candidates[0]


def _ciphertext(item: Item, attribute: str) -> bytes:
    if attribute not in item:
        raise Unfit(f"has no attribute {attribute}")
    value = item[attribute]
    if value.get("M", {}).get("encrypted", {}).get("BOOL") is False:
        raise Unfit(f"says in {attribute} that it is not encrypted")
    decoded = _decoded(value)
    if decoded is None:
        raise Unfit(f"does not hold the base64 of a KMS ciphertext in {attribute}")
    return decoded


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _decoded(value: Mapping[str, Any]) -> bytes | None:
    value = value.get("M", {}).get("password", value)
    text = value.get("S", value.get("B"))
    if text is None:
        return None
    try:
        # MIME's encoders break lines.
        decoded = base64.b64decode(b"".join(_bytes(text).split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) >= SHORTEST_CIPHERTEXT else None
