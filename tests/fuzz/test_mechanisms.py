"""Each claim is seen to fail where the mechanism behind it is taken out: the search has eyes."""

from collections.abc import Callable
from typing import Any

import pytest

from local.events import Account, Operation, live_event
from myorg_secrets.backup import importing
from myorg_secrets_password import framework, handlers, item, properties, translator
from myorg_secrets_password.exceptions import Damaged, InvalidProperty
from tests.fuzz.judging import Finding
from tests.fuzz.lab import as_json
from tests.fuzz.targets import (
    Bench,
    export_file_target,
    item_at_handlers_target,
    live_event_target,
    next_token_target,
    seeds,
    written,
)
from tests.world import ACCOUNT_ID, CREDENTIALS, REGION

Patch = pytest.MonkeyPatch
MINE = "Quite-another_secret.9"
"""Refused wherever it is sent, so that the suite's own watch does not take it for a password."""


def event(action: str, properties_: dict[str, Any]) -> dict[str, Any]:
    operation = Operation(action, properties_, "t", stack_id="a/orders/1", logical_id="New")
    made = live_event(operation, Account(ACCOUNT_ID, REGION), CREDENTIALS)
    made["requestData"]["providerLogGroupName"] = None
    return made


def _takes_all(patch: Patch) -> None:
    """Without properties.check: what the schema refuses goes on to AWS."""
    patch.setattr(framework, "_checked", lambda action, raw: dict(raw or {}))


def _quotes(patch: Patch) -> None:
    """With an InvalidProperty that quotes the value that is wrong."""
    whole = properties.Text.parse

    def parse(self: Any, name: str, value: object) -> str:
        try:
            return whole(self, name, value)
        except InvalidProperty:
            raise InvalidProperty(name, f"must not be {value}.") from None

    patch.setattr(properties.Text, "parse", parse)


def _logs_requests(patch: Patch) -> None:
    """With a log record that shows the event."""
    patch.setattr(framework, "_entry", lambda sent, *_: sent)


def _lets_through(patch: Patch) -> None:
    """Without `except Exception` in framework._answer, which leaves nothing but its inside."""
    patch.setattr(
        framework.PasswordResource,
        "_answer",
        lambda self, sent: framework._json(self._progress(sent)),
    )


def _returns_secret(patch: Patch) -> None:
    """With an answer that has what is write-only."""

    def model_of(secret: Any) -> Any:
        model = translator.model_of(secret)
        model.SecretString = model.Value
        return model

    patch.setattr(handlers, "model_of", model_of)


def _defaults_unchecked(patch: Patch) -> None:
    """Without the check of the names that come from the stack."""
    patch.setattr(translator, "check_sort_key", lambda env, name: None)


def _forgets_the_identifier(patch: Patch) -> None:
    """With another identifier in the answer than was asked for."""

    def model_of(secret: Any) -> Any:
        model = translator.model_of(secret)
        model.Name = "Other"
        return model

    patch.setattr(handlers, "model_of", model_of)


TAKEN_OUT: dict[str, tuple[Callable[[Patch], None], dict[str, Any], str]] = {
    "properties are checked": (
        _takes_all,
        event("CREATE", {"PasswordLength": 5}),
        "refused",
    ),
    "no message quotes a value": (
        _quotes,
        event("CREATE", {"SecretString": MINE * 250}),
        "holds no value",
    ),
    "no request is logged": (
        _logs_requests,
        event("CREATE", {"SecretString": MINE, "Nonsense": "x"}),
        "no log record holds a value",
    ),
    "what is write-only stays out": (
        _returns_secret,
        event("CREATE", {}),
        "write-only",
    ),
    "the sort key is measured": (
        _defaults_unchecked,
        event("CREATE", {"Env": "e" * 1000, "Name": "n" * 1000}),
        "refused before any AWS call",
    ),
    "the identifier is as asked": (
        _forgets_the_identifier,
        event("CREATE", {"Name": "Mine"}),
        "Name is as asked",
    ),
}


@pytest.mark.shows_values("an answer", reason="one of the mechanisms keeps it from that")
@pytest.mark.parametrize("mechanism", TAKEN_OUT)
def test_a_live_event_finds_the_mechanism_missing(
    at: Bench, monkeypatch: pytest.MonkeyPatch, mechanism: str
) -> None:
    """TAKEN_OUT says which is taken out, and the docstring of its function how."""
    take_out, sent, claim = TAKEN_OUT[mechanism]
    with monkeypatch.context() as patch:
        take_out(patch)
        with pytest.raises(Finding) as finding:
            live_event_target(at, sent)

    assert claim.lower() in str(finding.value).lower()
    live_event_target(at, sent)


def test_an_exception_out_of_the_entry_point_is_seen(
    at: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """framework._answer without its `except` lets whatever is raised out of resource()."""
    _lets_through(monkeypatch)

    with pytest.raises(Exception, match="region"):
        live_event_target(at, {**event("READ", {}), "region": "no\nregion"})


def test_an_internal_failure_is_seen(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without decode_token's own check, a token that is none ends in a KeyError or the like."""
    monkeypatch.setattr(
        "myorg_secrets_password.store.decode_token", lambda token, scope: token["key"]
    )

    with pytest.raises(Finding, match="InternalFailure"):
        next_token_target(at, "token")


def test_an_item_that_is_read_without_care_is_seen(
    at: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """item.from_item without its `except`: an item that somebody broke ends as InternalFailure."""
    monkeypatch.setattr(
        "myorg_secrets_password.item.from_item",
        lambda table, raw: item._record(item.identity_of(table, raw), raw),
    )

    with pytest.raises((Finding, KeyError)):
        item_at_handlers_target(at, {**as_json(at.item), "Versions": {"S": "none"}})


def test_an_import_that_writes_what_it_cannot_read_is_seen(
    at: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Importing without Importing._usable: a ciphertext of another row is written as it is."""
    lines = seeds(at)["export-lines"][0]
    moved = {"Item": {**lines[1]["Item"], "EnvName": {"S": "default#Other"}}}
    sent = written([lines[0], moved, lines[-1]])

    export_file_target(at, sent)
    monkeypatch.setattr(importing.Importing, "_usable", lambda self, raw, record: (raw, []))

    with pytest.raises((Finding, Damaged)):
        export_file_target(at, sent)
