"""What a program that reads passwords can rely on."""

import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import myorg_secrets
from myorg_secrets import SecretsClient, client
from tests.world import REGION, Secret, World, answer_with, break_with, refuse_with

READ = ["dynamodb:GetItem", "kms:Decrypt"]
MINUTE = 60.0


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    return clock


@pytest.fixture
def calls(world: World) -> list[str]:
    """The calls of every client that `make` made."""
    return []


@pytest.fixture
def make(world: World, calls: list[str]) -> Callable[..., SecretsClient]:
    def made(**options: Any) -> SecretsClient:
        consumer = SecretsClient(region_name=REGION, **options)
        world.watch(consumer._connection.dynamodb.meta.events, "dynamodb", calls)
        world.watch(consumer._connection.kms.meta.events, "kms", calls)
        return consumer

    return made


@pytest.fixture
def consumer(make: Callable[..., SecretsClient], clock: Clock) -> SecretsClient:
    return make(max_age=5 * MINUTE, max_stale=10 * MINUTE)


@pytest.fixture
def secret(world: World) -> Iterator[Secret]:
    secret = world.secret("DBPassword", stack="orders")
    secret.create()
    yield secret


def test_a_password_is_read_with_two_calls_and_then_kept(
    consumer: SecretsClient, secret: Secret, calls: list[str]
) -> None:
    assert consumer.get("orders", "DBPassword") == secret.value
    assert consumer.get("orders", "DBPassword") == secret.value
    assert calls == READ


def test_the_environment_is_part_of_the_name(consumer: SecretsClient, world: World) -> None:
    prod, default = world.secret("DB"), world.secret("DB")
    prod.create(Env="prod")
    default.create()

    assert consumer.get("orders", "DB", env="prod") == prod.value
    assert consumer.get("orders", "DB", "prod") == prod.value
    assert consumer.get("orders", "DB") == default.value


def test_return_value_false_hides_nothing_from_consumers(
    consumer: SecretsClient, world: World
) -> None:
    """It keeps the password out of CloudFormation alone."""
    secret = world.secret()
    secret.create(ReturnValue=False, SecretString="for-consumers-alone")

    assert consumer.get("orders", "DBPassword") == "for-consumers-alone"


def test_after_max_age_the_table_is_looked_at_and_a_known_version_costs_no_call_of_kms(
    consumer: SecretsClient, secret: Secret, calls: list[str], clock: Clock
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 5 * MINUTE

    assert consumer.get("orders", "DBPassword") == secret.value
    assert calls == [*READ, "dynamodb:GetItem"]


def test_a_rotation_is_seen_at_the_latest_after_max_age(
    consumer: SecretsClient, secret: Secret, calls: list[str], clock: Clock
) -> None:
    first = consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")

    clock.now += 3.9 * MINUTE
    assert consumer.get("orders", "DBPassword") == first
    clock.now += 1.1 * MINUTE
    assert consumer.get("orders", "DBPassword") == secret.value != first
    assert calls == [*READ, *READ]


def test_what_was_read_at_once_expires_at_different_times(
    consumer: SecretsClient, world: World, calls: list[str], clock: Clock
) -> None:
    """The expiry comes early by up to a fifth of max_age, at random, and never late."""
    names = [f"Name{n}" for n in range(40)]
    for name in names:
        world.secret(name).create(ReturnValue=False)
        consumer.get("orders", name)
    calls.clear()

    clock.now += 4.5 * MINUTE
    for name in names:
        consumer.get("orders", name)

    assert 0 < len(calls) < len(names)


def test_refresh_is_not_undone_by_a_reading_that_was_under_way(
    consumer: SecretsClient, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the record before the rotation, and comes back after the refresh."""
    read = consumer._connection.store.get

    def overtaken(*args: Any) -> Any:
        record = read(*args)
        monkeypatch.setattr(consumer._connection.store, "get", read)
        secret.update(RotationToken="2")
        consumer.refresh("orders", "DBPassword")
        return record

    monkeypatch.setattr(consumer._connection.store, "get", overtaken)
    consumer.get("orders", "DBPassword")

    assert consumer.get("orders", "DBPassword") == secret.value


def test_refresh_makes_the_next_get_look_at_the_table(
    consumer: SecretsClient, secret: Secret
) -> None:
    consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")

    consumer.refresh("orders", "DBPassword")

    assert consumer.get("orders", "DBPassword") == secret.value


@pytest.mark.parametrize(
    ("which", "read_again"),
    [
        ((), ["orders", "invoices"]),
        (("orders",), ["orders"]),
        (("orders", "DBPassword"), ["orders"]),
        (("orders", "DBPassword", "prod"), []),
        (("orders", "Other"), []),
        (("nowhere",), []),
    ],
    ids=str,
)
def test_refresh_forgets_what_it_names(
    consumer: SecretsClient,
    world: World,
    calls: list[str],
    which: tuple[str, ...],
    read_again: list[str],
) -> None:
    for stack in ("orders", "invoices"):
        world.secret("DBPassword", stack=stack).create(ReturnValue=False)
        consumer.get(stack, "DBPassword")
    calls.clear()

    consumer.refresh(*which)

    for stack in ("orders", "invoices"):
        consumer.get(stack, "DBPassword")
    assert calls == ["dynamodb:GetItem"] * len(read_again)


def test_an_earlier_version_bridges_a_rotation(
    consumer: SecretsClient, secret: Secret, calls: list[str]
) -> None:
    first, version = secret.value, secret.model["VersionId"]
    secret.update(RotationToken="2")

    for _ in range(2):
        assert consumer.get("orders", "DBPassword", version_id=version) == first
    assert consumer.get("orders", "DBPassword") == secret.value
    assert calls == [*READ, "kms:Decrypt"]


def test_a_version_that_the_process_knows_costs_no_call_of_kms_when_it_is_earlier(
    consumer: SecretsClient, secret: Secret, calls: list[str]
) -> None:
    """Neither to bridge a rotation, nor after a roll-back."""
    first, version = secret.value, secret.model["VersionId"]
    consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")
    consumer.refresh()
    consumer.get("orders", "DBPassword")

    assert consumer.get("orders", "DBPassword", version_id=version) == first
    secret.update()
    consumer.refresh()
    assert consumer.get("orders", "DBPassword") == first
    assert calls == [*READ, *READ, "dynamodb:GetItem"]


def test_fewer_attempts_never_serve_a_value_beyond_max_stale(
    consumer: SecretsClient, world: World, secret: Secret, clock: Clock
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 5 * MINUTE

    with world.failing("dynamodb:GetItem", refuse_with("ThrottlingException")):
        for _ in range(599):
            consumer.get("orders", "DBPassword")
            clock.now += 1
        clock.now += 1
        with pytest.raises(myorg_secrets.Throttled):
            consumer.get("orders", "DBPassword")


def test_while_aws_fails_attempts_become_fewer_and_then_it_is_asked_as_before(
    consumer: SecretsClient, world: World, secret: Secret, calls: list[str], clock: Clock
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 5 * MINUTE
    attempts = []

    with world.failing("dynamodb:GetItem", refuse_with("ThrottlingException")):
        for second in range(400):
            calls.clear()
            clock.now += 1
            consumer.get("orders", "DBPassword")
            if calls:
                attempts.append(second)
    clock.now += client._LONGEST_PAUSE
    calls.clear()
    consumer.get("orders", "DBPassword")
    clock.now += 3.9 * MINUTE
    consumer.get("orders", "DBPassword")

    pauses = [later - earlier for earlier, later in itertools.pairwise(attempts)]
    assert calls == ["dynamodb:GetItem"]
    assert all(4 <= pause <= 61 for pause in pauses)
    assert pauses[0] <= 6 < 47 < pauses[-1]
    assert len(attempts) < 14


def test_a_password_comes_with_its_version_where_that_is_asked_for(
    consumer: SecretsClient, secret: Secret, calls: list[str]
) -> None:
    """The current one as well as an earlier one, and from the same cache as `get`."""
    first, earlier = secret.value, secret.model["VersionId"]
    secret.update(RotationToken="2")
    consumer.get("orders", "DBPassword")

    current = consumer.get_with_version_id("orders", "DBPassword")
    kept = consumer.get_with_version_id("orders", "DBPassword", version_id=earlier)

    assert (current.value, current.version_id) == (secret.value, secret.model["VersionId"])
    assert (kept.value, kept.version_id) == (first, earlier)
    assert calls == [*READ, "kms:Decrypt"]


def test_a_version_asked_for_before_it_is_known_comes_with_its_own_value(
    consumer: SecretsClient, secret: Secret
) -> None:
    """What is cached meanwhile is the version before."""
    consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")

    found = consumer.get_with_version_id(
        "orders", "DBPassword", version_id=secret.model["VersionId"]
    )

    assert (found.value, found.version_id) == (secret.value, secret.model["VersionId"])


def test_a_password_with_its_version_shows_the_version_alone(
    consumer: SecretsClient, secret: Secret
) -> None:
    found = consumer.get_with_version_id("orders", "DBPassword")

    assert found.version_id in repr(found)
    assert secret.value not in f"{found} {found!r}"


def test_a_version_that_is_newer_than_what_is_kept_is_looked_for_in_the_table(
    consumer: SecretsClient, secret: Secret
) -> None:
    consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")

    value = consumer.get("orders", "DBPassword", version_id=secret.model["VersionId"])

    assert value == secret.value


def test_a_version_that_may_be_newer_than_what_is_served_is_not_called_absent(
    consumer: SecretsClient, world: World, secret: Secret, clock: Clock
) -> None:
    """While the table cannot be read, the failure is the honest answer."""
    consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")
    clock.now += 5 * MINUTE

    with (
        world.failing("dynamodb:GetItem", refuse_with("ThrottlingException")),
        pytest.raises(myorg_secrets.Throttled),
    ):
        consumer.get("orders", "DBPassword", version_id=secret.model["VersionId"])


def test_a_version_that_is_not_kept_is_not_found(consumer: SecretsClient, secret: Secret) -> None:
    with pytest.raises(myorg_secrets.VersionNotFound, match="no version nonsense"):
        consumer.get("orders", "DBPassword", version_id="nonsense")


def test_what_is_not_there_or_deleted_is_not_found(
    consumer: SecretsClient, secret: Secret, clock: Clock
) -> None:
    with pytest.raises(myorg_secrets.NotFound, match=r"orders\|default\|Other"):
        consumer.get("orders", "Other")
    consumer.get("orders", "DBPassword")
    secret.delete()
    clock.now += 5 * MINUTE

    for _ in range(2):
        with pytest.raises(myorg_secrets.NotFound):
            consumer.get("orders", "DBPassword")


@pytest.mark.parametrize("name", ["", "a|b", "a#b", "n" * 1023, None], ids=str)
def test_a_name_that_is_none_is_refused_before_any_call(
    consumer: SecretsClient, calls: list[str], name: Any
) -> None:
    with pytest.raises(myorg_secrets.InvalidRequest, match=r"^Name must be"):
        consumer.get("orders", name)

    assert calls == []


def test_one_call_of_kms_serves_however_many_threads_ask_at_once(
    make: Callable[..., SecretsClient], world: World, secret: Secret, calls: list[str]
) -> None:
    consumer = make()
    gate = threading.Barrier(24)

    def ask(_: int) -> str:
        gate.wait()
        return consumer.get("orders", "DBPassword")

    with ThreadPoolExecutor(24) as pool:
        values = set(pool.map(ask, range(24)))

    assert values == {secret.value}
    assert calls == READ


def test_one_secret_does_not_wait_for_another(
    make: Callable[..., SecretsClient], world: World, secret: Secret
) -> None:
    """While a read of one secret hangs, another is served."""
    consumer = make()
    world.secret("Other").create()
    hanging, asked = threading.Event(), threading.Event()

    def hang(request: Any) -> None:
        if b"Other" in request.body:
            asked.set()
            hanging.wait(10)

    with world.failing("dynamodb:GetItem", hang), ThreadPoolExecutor(1) as pool:
        other = pool.submit(consumer.get, "orders", "Other")
        asked.wait(10)
        assert consumer.get("orders", "DBPassword") == secret.value
        assert not other.done()
        hanging.set()


PASSING = {
    "throttled": (refuse_with("ThrottlingException"), myorg_secrets.Throttled),
    "5xx": (refuse_with("InternalServerError", 500), myorg_secrets.ServiceFault),
    "no connection": (break_with(ConnectionRefusedError()), myorg_secrets.Unreachable),
    "a proxy's page": (answer_with(200, b"<html>"), myorg_secrets.ServiceFault),
}


@pytest.mark.parametrize("trouble", PASSING)
@pytest.mark.parametrize("call", READ)
def test_while_aws_fails_the_last_value_is_served_and_said_to_be_so(
    consumer: SecretsClient,
    world: World,
    secret: Secret,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    call: str,
    trouble: str,
) -> None:
    first = consumer.get("orders", "DBPassword")
    secret.update(RotationToken="2")
    clock.now += 14.9 * MINUTE

    with world.failing(call, PASSING[trouble][0]):
        assert consumer.get("orders", "DBPassword") == first
        [warning] = [record for record in caplog.records if record.name == client.__name__]
        assert "read 894 s ago" in warning.getMessage()
    clock.now += client._PAUSE

    assert consumer.get("orders", "DBPassword") == secret.value


@pytest.mark.parametrize("trouble", PASSING)
def test_beyond_max_stale_the_failure_is_told(
    consumer: SecretsClient, world: World, secret: Secret, clock: Clock, trouble: str
) -> None:
    fault, exception = PASSING[trouble]
    consumer.get("orders", "DBPassword")
    clock.now += 15 * MINUTE

    with world.failing("dynamodb:GetItem", fault), pytest.raises(exception):
        consumer.get("orders", "DBPassword")


def test_while_aws_fails_it_is_not_asked_at_every_get(
    consumer: SecretsClient, world: World, secret: Secret, calls: list[str], clock: Clock
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 6 * MINUTE
    calls.clear()

    with world.failing("dynamodb:GetItem", break_with(ConnectionRefusedError())):
        for _ in range(50):
            consumer.get("orders", "DBPassword")

    assert calls == ["dynamodb:GetItem"]


@pytest.mark.parametrize(
    ("code", "exception"),
    [
        ("AccessDeniedException", myorg_secrets.AccessDenied),
        ("ExpiredTokenException", myorg_secrets.InvalidCredentials),
        ("ResourceNotFoundException", myorg_secrets.InvalidRequest),
    ],
)
def test_what_aws_refuses_is_told_at_once(
    consumer: SecretsClient,
    world: World,
    secret: Secret,
    clock: Clock,
    code: str,
    exception: type[Exception],
) -> None:
    consumer.get("orders", "DBPassword")
    clock.now += 6 * MINUTE

    with (
        world.failing("dynamodb:GetItem", refuse_with(code)),
        pytest.raises(exception, match="dynamodb:GetItem on arn:aws:dynamodb:us-east-1:"),
    ):
        consumer.get("orders", "DBPassword")


def test_a_record_that_was_tampered_with_is_told(
    consumer: SecretsClient, world: World, secret: Secret
) -> None:
    other = world.secret("Other")
    other.create()
    world.change_item(secret, Versions=(world.item(other) or {})["Versions"])

    with pytest.raises(myorg_secrets.Damaged, match="tampered"):
        consumer.get("orders", "DBPassword")


def test_no_more_than_max_secrets_are_kept(
    make: Callable[..., SecretsClient], world: World, calls: list[str]
) -> None:
    consumer = make(max_secrets=2)
    for name in ("A", "B", "C"):
        world.secret(name).create(ReturnValue=False)
        consumer.get("orders", name)
    calls.clear()

    consumer.get("orders", "C")
    consumer.get("orders", "A")

    assert calls == READ


def test_names_that_do_not_exist_take_no_memory(consumer: SecretsClient, world: World) -> None:
    """A program may take names from its callers."""
    for n in range(20):
        with pytest.raises(myorg_secrets.NotFound):
            consumer.get("orders", f"Name{n}")

    assert (len(consumer._locks), len(consumer._readings)) == (0, 0)


def test_a_client_shows_no_value(consumer: SecretsClient, secret: Secret) -> None:
    value = consumer.get("orders", "DBPassword")

    assert value not in repr(consumer)
    assert value not in repr(vars(consumer))


def test_importing_the_library_loads_nothing_of_the_framework() -> None:
    import subprocess
    import sys

    program = (
        "import sys, myorg_secrets; sys.exit(any(name.startswith('cloudformation_cli')"
        " for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_logging_a_stale_value_does_not_name_it(
    consumer: SecretsClient,
    world: World,
    secret: Secret,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    value = consumer.get("orders", "DBPassword")
    clock.now += 6 * MINUTE

    with world.failing("dynamodb:GetItem", break_with(ConnectionRefusedError())):
        consumer.get("orders", "DBPassword")

    assert value not in caplog.text


def test_the_region_may_come_from_the_variable_of_other_sdks(
    monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")

    assert SecretsClient()._connection.dynamodb.meta.region_name == "eu-west-3"


def test_without_a_region_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")

    with pytest.raises(myorg_secrets.InvalidRequest, match="set AWS_DEFAULT_REGION"):
        SecretsClient()
