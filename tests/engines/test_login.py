"""What the table of engines permits, real servers take: a password is set, and then logs in."""

import dataclasses
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

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
        for label in nasty(ENGINES[engine])
    ],
    indirect=["server"],
    scope="session",
)


def failures(server: Server, passwords: list[str], *ways: str) -> dict[str, int]:
    """Set each password and log in with it; count the failures by the way that failed."""
    assert passwords
    failed: Counter[str] = Counter()
    log_in = [server.ways()[way] for way in ways]
    # Mostly one waits for a process or for the server.
    with ThreadPoolExecutor(server.at_once) as pool:
        for password in passwords:
            server.set_password(password)
            accepted = pool.map(lambda way, password=password: way(password), log_in)
            failed.update(way for way, done in zip(ways, accepted, strict=True) if not done)
    return dict(failed)


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
    passwords = nasty(ENGINES[engine])[label]

    assert failures(server, passwords, "driver", "string") == {}


@EACH
@pytest.mark.parametrize("way", ["driver", "string", "shell"])
def test_a_wrong_password_is_refused(server: Server, engine: str, way: str) -> None:
    """One character less, more or different is wrong: no server cuts or folds what it is given."""
    rule = ENGINES[engine]
    log_in = server.ways()[way]
    for length in (rule.minimum + 1, rule.maximum - 1):
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
    tried = set("".join(map("".join, nasty(rule).values())))

    assert set(permitted(engine)) - set(ENDS) <= tried


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
def test_what_a_server_does_not_take_the_rule_refuses(
    server: Server, engine: str, password: str
) -> None:
    """AWS's documents are silent on these; the server is not."""
    server.set_password(password)

    accepted = server.by_driver(password)
    assert not accepted
    assert ENGINES[engine].problem(password) is not None
