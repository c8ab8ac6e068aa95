"""A uniform choice among all strings that satisfy a policy. Pure: knows nothing of AWS.

Most policies are met by nearly every random string, so a few strings are drawn and the first that
satisfies is taken. Where the policy is so narrow that all of them fail, the string is built
character by character, each choice weighted by the exact number of ways to complete it. Both give
every satisfying string the same probability, so the mixture does too, and the work is bounded.
"""

import math
import secrets
from itertools import combinations

from .policy import Policy

_DRAWS = 16
_CHUNK = 16
"""Characters made from one random number: large enough to save calls, small enough for cheap
arithmetic."""


def generate(policy: Policy) -> str:
    """Return a password from the operating system's CSPRNG, uniform over all that satisfy."""
    for _ in range(_DRAWS):
        text = _draw(policy.alphabet, policy.length)
        drawn = set(text)
        if not any(drawn.isdisjoint(part) for part in policy.required):
            return text
    return _build(policy)


def count(policy: Policy) -> int:
    """Return the exact number of strings that satisfy the policy."""
    return _completions(policy.length, len(policy.alphabet), policy.required)


def entropy_bits(policy: Policy) -> float:
    """Return the entropy of a generated password in bits: log2 of `count`."""
    return math.log2(count(policy))


def _draw(alphabet: str, length: int) -> str:
    size = len(alphabet)
    characters: list[str] = []
    while len(characters) < length:
        chunk = min(_CHUNK, length - len(characters))
        number = secrets.randbelow(size**chunk)
        for _ in range(chunk):
            number, index = divmod(number, size)
            characters.append(alphabet[index])
    return "".join(characters)


def _build(policy: Policy) -> str:
    alphabet, missing = policy.alphabet, policy.required
    free = "".join(c for c in alphabet if not any(c in part for part in missing))
    characters: list[str] = []
    while missing:
        left = policy.length - len(characters) - 1
        # Each candidate: the characters to choose from, and what is then still missing.
        candidates = [(free, missing)] + [
            (part, missing[:i] + missing[i + 1 :]) for i, part in enumerate(missing)
        ]
        ways = [_completions(left, len(alphabet), rest) for _, rest in candidates]
        rank = secrets.randbelow(
            sum(len(choices) * n for (choices, _), n in zip(candidates, ways, strict=True))
        )
        for (choices, rest), n in zip(candidates, ways, strict=True):
            if rank < len(choices) * n:
                characters.append(choices[rank // n])
                if rest != missing:
                    free, missing = free + choices, rest
                break
            rank -= len(choices) * n
    return "".join(characters) + _draw(alphabet, policy.length - len(characters))


def _completions(length: int, size: int, missing: tuple[str, ...]) -> int:
    """Count the strings of this length in which each missing part occurs: inclusion-exclusion."""
    return sum(
        (-1) ** left_out * (size - sum(map(len, parts))) ** length
        for left_out in range(len(missing) + 1)
        for parts in combinations(missing, left_out)
    )
