"""A uniform choice among all strings that satisfy a policy. Pure: knows nothing of AWS.

Most policies are met by nearly every random string, so a few strings are drawn and the first that
satisfies is taken. Where the policy is so narrow that this would fail too often, the string is
built piece by piece, each choice weighted by the exact number of ways to complete it. Both give
every satisfying string the same probability, so the mixture does too, and the work is bounded.
"""

import functools
import math
import operator
import secrets
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, combinations_with_replacement, product
from typing import TypeVar

from .policy import Policy

_T = TypeVar("_T")

_DRAWS = 16
_WORTHWHILE = 0.1
"""The share of satisfying strings from which on drawing costs less than building."""

_ATTEMPTS = 200
"""Of building, where too few different characters are all that can be wrong. For a policy that is
accepted that is so in less than half of the strings: to need every attempt, the operating system's
random numbers must be broken."""

_CHUNK = 16
"""Characters made from one random number: large enough to save calls, small enough for cheap
arithmetic."""


def generate(policy: Policy) -> str:
    """Return a password from the operating system's CSPRNG, uniform over all that satisfy."""
    if _share(policy) >= _WORTHWHILE:
        for _ in range(_DRAWS):
            text = _drawn(policy)
            if policy.is_met_by(text):
                return text
    space = Space(policy)
    for _ in range(_ATTEMPTS):
        text = space.choose()
        if len(set(text)) >= policy.distinct:
            return text
    raise RuntimeError("the operating system's random numbers repeat themselves")


def count(policy: Policy) -> int:
    """Return the exact number of strings that satisfy the policy."""
    space = Space(policy)
    return space.size() - space.size_of_monotonous()


def entropy_bits(policy: Policy) -> float:
    """Return the entropy of a generated password in bits: log2 of `count`."""
    return math.log2(count(policy))


def _share(policy: Policy) -> float:
    """Estimate the share of strings in which each required class occurs."""
    size = len(policy.alphabet)
    return math.prod(1 - (1 - len(part) / size) ** policy.length for part in policy.required)


def _drawn(policy: Policy) -> str:
    if policy.ends == policy.alphabet:
        return _draw(policy.alphabet, policy.length)
    ends = _draw(policy.ends, 2)
    return ends[0] + _draw(policy.alphabet, policy.length - 2) + ends[1]


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


def _choice(weighted: Sequence[tuple[_T, int]]) -> _T:
    """Return one of the alternatives, each with a probability proportional to its weight."""
    bounds = list(accumulate(weight for _, weight in weighted))
    return weighted[bisect(bounds, secrets.randbelow(bounds[-1]))][0]


class Space:
    """All strings that satisfy a policy, whatever the number of their different characters.

    The alphabet falls into groups: one for each class that the policy speaks of, which has a bit of
    its own, and one for the characters of no such class, which has none. A mask is the bits that
    have occurred.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        parts = list(dict.fromkeys((*policy.required, *policy.counted)))
        classed, ends = set().union(*parts), set(policy.ends)
        self._groups = {1 << number: part for number, part in enumerate(parts)}
        self._groups[0] = "".join(c for c in policy.alphabet if c not in classed)
        bits = {part: bit for bit, part in self._groups.items()}
        self._required = sum(bits[part] for part in policy.required)
        self._counted = sum(bits[part] for part in policy.counted)
        self._masks = range(1 << len(parts))
        self._ends = {
            bit: "".join(c for c in group if c in ends) for bit, group in self._groups.items()
        }
        self._sizes = [
            sum(len(group) for bit, group in self._groups.items() if bit & mask == bit)
            for mask in self._masks
        ]
        self._terms = {mask: self._terms_from(mask) for mask in self._masks}

    def size(self) -> int:
        """Return how many strings there are."""
        return sum(weight for _, weight in self._pairs_of_ends())

    def size_of_monotonous(self) -> int:
        """Return how many of them have fewer different characters than the policy wants."""
        cells = []
        for bit, group in self._groups.items():
            ends = len(self._ends[bit])
            cells += [(bit, True, ends), (bit, False, len(group) - ends)]
        total = 0
        for different in range(1, self._policy.distinct):
            for combination in combinations_with_replacement(cells, different):
                if self._is_enough(_union(bit for bit, _, _ in combination)):
                    ways = math.prod(
                        math.comb(size, n) for (_, _, size), n in Counter(combination).items()
                    )
                    ends = sum(is_end for _, is_end, _ in combination)
                    total += ways * _onto(self._policy.length, ends, different - ends)
        return total

    def choose(self) -> str:
        """Return one of them; all are equally likely."""
        policy = self._policy
        one, other = _choice(list(self._pairs_of_ends()))
        first, last = (_draw(self._ends[bit], 1) for bit in (one, other))
        mask, left = one | other, policy.length - 2
        middle = ""
        while not self._is_enough(mask):
            waiting = self._choose_waiting(mask, left)
            middle += _draw(self._quiet(mask), waiting)
            left -= waiting + 1
            bit = _choice(
                [
                    (bit, len(group) * self._completions(left, mask | bit))
                    for bit, group in self._groups.items()
                    if bit & mask != bit
                ]
            )
            middle += _draw(self._groups[bit], 1)
            mask |= bit
        return first + middle + _draw(policy.alphabet, left) + last

    def _choose_waiting(self, mask: int, left: int) -> int:
        """Return how many characters pass before one that adds to the mask."""
        quiet = self._sizes[mask]
        rank = secrets.randbelow(self._completions(left, mask))
        # The completions that begin with n quiet characters are among those with n - 1.
        return bisect(
            range(1, left + 1),
            -rank - 1,
            key=lambda n: -(quiet**n) * self._completions(left - n, mask),
        )

    def _pairs_of_ends(self) -> Iterator[tuple[tuple[int, int], int]]:
        ends = {bit: len(characters) for bit, characters in self._ends.items()}
        middle = {mask: self._completions(self._policy.length - 2, mask) for mask in self._masks}
        for one, other in product(self._groups, repeat=2):
            yield (one, other), ends[one] * ends[other] * middle[one | other]

    def _quiet(self, mask: int) -> str:
        """Return the characters that add nothing to the mask."""
        return "".join(group for bit, group in self._groups.items() if bit & mask == bit)

    def _completions(self, length: int, mask: int) -> int:
        """Count the strings of this length that make the mask enough."""
        return sum(factor * size**length for size, factor in self._terms[mask])

    def _terms_from(self, mask: int) -> list[tuple[int, int]]:
        """Return sizes and factors of the powers that `_completions` sums: inclusion-exclusion.

        The strings that lead to a mask exactly are those over its groups, less those over all but
        one of the groups that are to be added, and so on.
        """
        factors: Counter[int] = Counter()
        for reached in self._masks:
            if reached & mask == mask and self._is_enough(reached):
                for within in self._masks:
                    if within & mask == mask and within & reached == within:
                        factors[self._sizes[within]] += (-1) ** (reached ^ within).bit_count()
        return [(size, factor) for size, factor in factors.items() if factor]

    def _is_enough(self, mask: int) -> bool:
        counted = (mask & self._counted).bit_count()
        return mask & self._required == self._required and counted >= self._policy.kinds


def _union(bits: Iterable[int]) -> int:
    return functools.reduce(operator.or_, bits)


def _onto(length: int, ends: int, others: int) -> int:
    """Count the strings that hold all of these characters, and `ends` alone at both ends."""
    return sum(
        (-1) ** (a + b)
        * math.comb(ends, a)
        * math.comb(others, b)
        * (ends - a) ** 2
        * (ends - a + others - b) ** (length - 2)
        for a, b in product(range(ends + 1), range(others + 1))
    )
