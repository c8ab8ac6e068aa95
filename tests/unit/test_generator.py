"""Every password that satisfies the policy is equally likely, and the work to make one is bounded.

Whether counts are as even as chance makes them is told by Pearson's chi-square statistic. The
threshold is passed by chance about once in a thousand million runs.
"""

import math
import random
import secrets
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from myorg_secrets_password import generator
from myorg_secrets_password.generator import count, entropy_bits, generate
from myorg_secrets_password.policy import Policy

SURPRISING = 6.0
"""Standard deviations: one in 10**9."""

SAMPLES_PER_CELL = 60
"""A cell stays empty by chance once in 10**26 runs."""


def surprise(
    observed: Mapping[Hashable, int], expected: Mapping[Hashable, float], totals: int = 1
) -> float:
    """Return by how many standard deviations the counts differ from what is expected.

    Wilson and Hilferty's approximation: the cube root of chi-square over its degrees of freedom
    is all but normally distributed.

    Args:
        observed: counts by cell.
        expected: mean counts by cell.
        totals: how many sums of counts are fixed: each takes a degree of freedom.
    """
    statistic = sum((observed[cell] - mean) ** 2 / mean for cell, mean in expected.items())
    freedom = len(expected) - totals
    variance = 2 / (9 * freedom)
    return float(((statistic / freedom) ** (1 / 3) - (1 - variance)) / math.sqrt(variance))


def satisfying(policy: Policy) -> list[str]:
    """Return every string that satisfies the policy, by trying all strings of its length."""
    strings = map("".join, product(policy.alphabet, repeat=policy.length))
    return [
        s
        for s in strings
        if {s[0], s[-1]} <= set(policy.ends)
        and all(set(s) & set(part) for part in policy.required)
        and sum(bool(set(s) & set(part)) for part in policy.counted) >= policy.kinds
        and len(set(s)) >= policy.distinct
    ]


SMALL = {
    "nothing required": Policy(4, "abc", ()),
    "one of one": Policy(3, "abc1", ("1",)),
    "one of two": Policy(3, "ab12", ("12",)),
    "classes of different sizes": Policy(4, "abcB", ("abc", "B")),
    "characters of no class": Policy(4, "aé B", ("a", "B")),
    "two of two": Policy(5, "aB", ("a", "B")),
    "no room to spare": Policy(4, "aB1!", ("a", "B", "1", "!")),
    "room for one more": Policy(4, "aB1", ("a", "B", "1")),
    "two characters": Policy(2, "ab1", ("1",)),
    "ends of their own": Policy(4, "ab-.", ends="ab"),
    "a class that the ends lack": Policy(4, "ab-", ("-",), ends="ab"),
    "two of three classes": Policy(3, "aB1!", counted=("a", "B", "1"), kinds=2),
    "one class and two of three": Policy(4, "aB1", ("a",), counted=("a", "B", "1"), kinds=2),
    "three different characters": Policy(4, "abc", distinct=3),
    "everything at once": Policy(5, "aB1!", ("1",), "aB", ("a", "1", "!"), 2, 3),
}
PATHS = {"as it ships": (generator._DRAWS, generator._CHUNK), "mixed": (1, 3), "built": (0, 3)}
"""How many strings are drawn before one is built, and in how many characters at a time."""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", SMALL)
def test_every_satisfying_string_is_equally_likely_and_no_other_occurs(
    monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    draws, chunk = PATHS[path]
    monkeypatch.setattr(generator, "_DRAWS", draws)
    monkeypatch.setattr(generator, "_CHUNK", chunk)
    policy = SMALL[name]
    strings = satisfying(policy)

    made = Counter(generate(policy) for _ in range(SAMPLES_PER_CELL * len(strings)))

    assert set(made) == set(strings)
    if len(strings) > 1:
        assert surprise(made, dict.fromkeys(strings, SAMPLES_PER_CELL)) < SURPRISING


def test_the_statistic_sees_a_favoured_class() -> None:
    """One character of each class first, the rest at random, shuffled: what many generators do."""
    policy = SMALL["one of one"]
    expected = dict.fromkeys(satisfying(policy), 5 * SAMPLES_PER_CELL)
    made: Counter[Hashable] = Counter()
    for _ in range(sum(expected.values())):
        parts = (*policy.required, policy.alphabet, policy.alphabet)
        characters = [secrets.choice(part) for part in parts]
        random.SystemRandom().shuffle(characters)
        made["".join(characters)] += 1

    assert surprise(made, expected) > SURPRISING


REALISTIC = {
    "default": Policy.of({}),
    "nothing required": Policy.of({"RequireEachIncludedType": False}),
    "Amazon RDS": Policy.of({"ExcludeCharacters": "/@\"' ", "PasswordLength": 41}),
    "digits rare": Policy.of({"ExcludeCharacters": "123456789", "PasswordLength": 8}),
}


@pytest.mark.parametrize("policy", REALISTIC.values(), ids=REALISTIC)
def test_no_position_is_special_and_each_character_has_its_exact_share(policy: Policy) -> None:
    samples = SAMPLES_PER_CELL * len(policy.alphabet)
    expected = {
        (position, character): samples * share(policy, character)
        for position in range(policy.length)
        for character in policy.alphabet
    }

    made = Counter(cell for _ in range(samples) for cell in enumerate(generate(policy)))

    assert made.keys() <= expected.keys()
    assert surprise(made, expected, totals=policy.length) < SURPRISING


def share(policy: Policy, character: str) -> float:
    """Return how often the character stands at a position: what includes it, less what lacks.

    Among the strings that begin with it, those that lack some parts are left out by
    inclusion-exclusion; then the same among all strings.
    """

    def strings(characters: str) -> int:
        total = 0
        for lacking in subsets(policy.required):
            gone = set("".join(lacking))
            first = sum(c not in gone for c in characters)
            rest = len(policy.alphabet) - len(gone)
            total += (-1) ** len(lacking) * first * rest ** (policy.length - 1)
        return total

    return strings(character) / strings(policy.alphabet)


def subsets(parts: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (some for size in range(len(parts) + 1) for some in combinations(parts, size))


def test_neighbours_know_nothing_of_each_other() -> None:
    """Not even where one random number ends and the next begins."""
    policy = Policy.of(
        {"AllowedCharacters": "abcdefgh", "PasswordLength": 34, "RequireEachIncludedType": False}
    )
    pairs = [*product("abcdefgh", repeat=2)]
    samples = SAMPLES_PER_CELL * len(pairs)

    made = [generate(policy) for _ in range(samples)]

    for place in (14, 15, 16, 31):
        observed = Counter((text[place], text[place + 1]) for text in made)
        assert surprise(observed, dict.fromkeys(pairs, SAMPLES_PER_CELL)) < SURPRISING


@st.composite
def small_policies(draw: st.DrawFn) -> Policy:
    alphabet = draw(st.lists(st.characters(), min_size=1, max_size=5, unique=True))
    classes = [draw(st.integers(-1, 3)) for _ in alphabet]
    parts = ["".join(c for c, k in zip(alphabet, classes, strict=True) if k == n) for n in range(4)]
    parts = [part for part in parts if part]
    required = draw(st.sets(st.sampled_from(parts))) if parts else set()
    return Policy(
        length=draw(st.integers(2, 5)),
        alphabet="".join(alphabet),
        required=tuple(part for part in parts if part in required),
        ends="".join(draw(st.sets(st.sampled_from(alphabet), min_size=1))),
        counted=tuple(parts),
        kinds=draw(st.integers(0, len(parts))),
        distinct=draw(st.integers(0, 4)),
    )


@settings(max_examples=150, deadline=None)
@given(policy=small_policies())
@example(policy=Policy(5, "abcd", ends="ab", distinct=4))
@example(policy=Policy(5, "abcde", ends="ab", distinct=5))
def test_count_is_the_number_of_satisfying_strings(policy: Policy) -> None:
    assert count(policy) == len(satisfying(policy))


@settings(max_examples=150, deadline=None)
@given(policy=small_policies().filter(count))
def test_whatever_is_built_satisfies(policy: Policy) -> None:
    assert generate(policy) in satisfying(policy)


def test_random_numbers_that_repeat_themselves_end_in_an_exception(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in a loop: no string with enough different characters ever comes."""
    monkeypatch.setattr(random, "_urandom", bytes)

    with pytest.raises(RuntimeError, match=r"^the operating system's random numbers"):
        generate(Policy(12, "abcd", distinct=4))


@pytest.mark.parametrize("policy", REALISTIC.values(), ids=REALISTIC)
def test_count_agrees_with_a_count_character_by_character(policy: Policy) -> None:
    free = len(policy.alphabet) - sum(map(len, policy.required))
    ways = Counter({frozenset[str](): 1})
    for _ in range(policy.length):
        longer: Counter[frozenset[str]] = Counter()
        for seen, n in ways.items():
            longer[seen] += n * free
            for part in policy.required:
                longer[seen | {part}] += n * len(part)
        ways = longer

    assert count(policy) == ways[frozenset(policy.required)]


def test_the_default_has_more_than_209_bits_of_entropy() -> None:
    """32 characters out of 94 have 209.75; that each class must occur takes 0.04 away."""
    assert entropy_bits(Policy.of({})) == pytest.approx(209.71, abs=0.005)


def test_the_entropy_of_the_longest_password_is_finite() -> None:
    longest = Policy.of({"PasswordLength": 4096, "RequireEachIncludedType": False})

    assert entropy_bits(longest) == pytest.approx(4096 * math.log2(94))


def wide(classes: str, width: int = 4096) -> str:
    """Return an alphabet of this many characters, nearly all of which belong to no class."""
    return classes + "".join(chr(0x4E00 + n) for n in range(width - len(classes)))


HOSTILE = {
    "four single characters out of 90": Policy(8, wide("aB1!", 90), ("a", "B", "1", "!")),
    "one single character out of 4096": Policy.of(
        {"AllowedCharacters": wide("a"), "PasswordLength": 8}
    ),
    "four single characters out of 4096": Policy.of(
        {"AllowedCharacters": wide("aB1!"), "PasswordLength": 1365}
    ),
    "the longest": Policy.of({"PasswordLength": 4096}),
    "the longest of few characters": Policy.of(
        {"AllowedCharacters": "aB1!", "PasswordLength": 4096}
    ),
    "one character": Policy.of({"AllowedCharacters": "a", "PasswordLength": 4096}),
}


@pytest.mark.parametrize("policy", HOSTILE.values(), ids=HOSTILE)
def test_the_work_for_a_hostile_policy_is_bounded(
    monkeypatch: pytest.MonkeyPatch, policy: Policy
) -> None:
    """At most 16 strings are drawn, 16 characters from a number, and one is built."""
    numbers = count_numbers(monkeypatch)

    password = generate(policy)

    assert all(set(password) & set(part) for part in policy.required)
    assert len(password) == policy.length
    assert len(numbers) <= 16 * math.ceil(policy.length / 16) + policy.length + 1


def test_a_usual_password_costs_two_random_numbers_a_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count_numbers(monkeypatch)

    for _ in range(100):
        generate(Policy.of({}))

    assert set(numbers) == {94**16}
    assert len(numbers) <= 2 * 150


def count_numbers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by each random number's upper bound."""
    bounds: list[int] = []
    randbelow = secrets.randbelow

    def counted(bound: int) -> int:
        bounds.append(bound)
        return randbelow(bound)

    monkeypatch.setattr(secrets, "randbelow", counted)
    return bounds


@pytest.mark.parametrize(
    ("policy", "made"),
    [
        (REALISTIC["nothing required"], "a" * 32),
        (HOSTILE["four single characters out of 90"], "aaaaB1!a"),
    ],
    ids=["drawn", "built"],
)
def test_all_chance_comes_from_the_operating_system(
    monkeypatch: pytest.MonkeyPatch, policy: Policy, made: str
) -> None:
    """An operating system that gives nothing but zeros leaves no chance at all."""
    monkeypatch.setattr(random, "_urandom", bytes)

    assert {generate(policy) for _ in range(5)} == {made}


def test_a_seed_makes_no_password_come_again() -> None:
    made = set()
    for _ in range(5):
        random.seed(1)
        made.add(generate(Policy.of({})))

    assert len(made) == 5
