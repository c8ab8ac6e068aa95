"""What the table of engines permits, real servers take: a password is set, and then logs in."""

import dataclasses

import pytest

from myorg_secrets_password.engines import ENDS, ENGINES, EVERYWHERE_SAFE, PRINTABLE
from myorg_secrets_password.generator import generate
from myorg_secrets_password.policy import Policy
from tests.engines.nasty import nasty
from tests.engines.servers import ALL, PostgreSQL, RabbitMQ, Server


def families() -> dict[str, tuple[type[Server], str]]:
    """Return each server with each different rule of its engines, by the engines of that rule."""
    found: dict[tuple[type[Server], object], list[str]] = {}
    for server in ALL:
        for engine in server.engines:
            rule = dataclasses.replace(ENGINES[engine], source="")
            found.setdefault((server, rule), []).append(engine)
    return {"+".join(names): (server, names[0]) for (server, _), names in found.items()}


def permitted(engine: str) -> str:
    return "".join(c for c in PRINTABLE if ENGINES[engine].permits(c))


FAMILIES = families()
RICHER = [
    name for name, (_, engine) in FAMILIES.items() if set(permitted(engine)) - set(EVERYWHERE_SAFE)
]
EACH = pytest.mark.parametrize(
    ("server", "engine"),
    FAMILIES.values(),
    ids=FAMILIES,
    indirect=["server"],
    scope="session",
)
NASTY = pytest.mark.parametrize(
    ("server", "engine", "label"),
    [
        pytest.param(server, engine, label, id=f"{family}: {label}")
        for family, (server, engine) in FAMILIES.items()
        for label in nasty(ENGINES[engine], server.most_bytes)
        if label not in server.refused
    ],
    indirect=["server"],
    scope="session",
)


def failures(server: Server, passwords: list[str], *ways: str) -> dict[str, int]:
    """Set each password and log in with it; count the failures by the way that failed."""
    assert passwords
    failed = dict.fromkeys(ways, 0)
    for password in passwords:
        server.set_password(password)
        for way in ways:
            failed[way] += not server.ways()[way](password)
    return {way: number for way, number in failed.items() if number}


@EACH
def test_generated_passwords_log_in_even_bare_in_a_shell(server: Server, engine: str) -> None:
    """They need no quotes and no escapes, neither on a command line nor in a URL."""
    policy = Policy.of({"Engine": engine})
    passwords = [generate(policy) for _ in range(server.generated)]

    assert failures(server, passwords, "driver", "string", "shell") == {}


@pytest.mark.parametrize(
    ("server", "engine"),
    [pytest.param(*FAMILIES[family], id=family) for family in RICHER],
    indirect=["server"],
    scope="session",
)
def test_generated_passwords_of_all_permitted_characters_log_in(
    server: Server, engine: str
) -> None:
    """AllowedCharacters may name whatever the rule permits."""
    policy = Policy.of({"Engine": engine, "AllowedCharacters": permitted(engine)})
    passwords = [generate(policy) for _ in range(server.generated // 2)]

    assert failures(server, passwords, "driver", "string") == {}


@NASTY
def test_a_nasty_password_logs_in(server: Server, engine: str, label: str) -> None:
    """What is nasty begins a password, ends one and fills one, as far as the rule permits it."""
    passwords = nasty(ENGINES[engine], server.most_bytes)[label]

    assert failures(server, passwords, "driver", "string") == {}


@EACH
@pytest.mark.parametrize("way", ["driver", "string", "shell"])
def test_a_wrong_password_is_refused(server: Server, engine: str, way: str) -> None:
    """One character less, more or different is wrong: no server cuts or folds what it is given."""
    rule = ENGINES[engine]
    log_in = server.ways()[way]
    for length in (rule.minimum + 1, min(rule.maximum, 1000) - 1):
        right = generate(Policy.of({"Engine": engine, "PasswordLength": length}))
        server.set_password(right)
        other = "a" if right[-1] != "a" else "b"
        wrong = [right[:-1], right + "x", right[:-1] + other, right.swapcase()]

        # What an assertion holds is printed when it fails: no passwords.
        accepted = [log_in(password) for password in (right, *wrong)]
        assert accepted == [True, False, False, False, False]


@pytest.mark.parametrize("engine", [engine for _, engine in FAMILIES.values()])
def test_every_special_character_that_a_rule_permits_is_among_the_nasty_ones(engine: str) -> None:
    rule = ENGINES[engine]
    tried = set("".join(map("".join, nasty(rule, 1000).values())))

    assert set(permitted(engine)) - set(ENDS) <= tried


# What a server does not take though the rule permits it. Without AllowedCharacters the like is
# generated only with a PasswordLength: with 35 a digest has a chance below 2**-80, and for mq more
# than some 3,700 never fit into the frame.
REFUSED = {
    "postgres-a digest of MD5": (PostgreSQL, "postgres", "md5" + "0123456789abcdef" * 2),
    "aurora-postgresql-a digest of MD5": (
        PostgreSQL,
        "aurora-postgresql",
        "md5" + "0123456789abcdef" * 2,
    ),
    "postgres-a verifier of SCRAM": (
        PostgreSQL,
        "postgres",
        f"SCRAM-SHA-256$4096:c2Fs${'A' * 43}=:{'A' * 43}=",
    ),
    "mq-the null character": (RabbitMQ, "mq", "aA1x\0-null-character"),
    "mq-more than a frame of AMQP": (RabbitMQ, "mq", "aA1x" + "x" * 4000),
}


@pytest.mark.parametrize(
    ("server", "engine", "password"),
    [pytest.param(*case, id=label) for label, case in REFUSED.items()],
    indirect=["server"],
    scope="session",
)
def test_a_server_refuses_what_the_rule_permits(server: Server, engine: str, password: str) -> None:
    """Known exceptions; where one is no longer true, it belongs among the nasty ones."""
    assert ENGINES[engine].problem(password) is None
    server.set_password(password)

    accepted = server.by_driver(password)
    assert not accepted
