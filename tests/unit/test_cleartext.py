"""Clear text leaves by `reveal` alone."""

import copy
import dataclasses
import json
import pickle
import traceback
from collections.abc import Callable

import pytest

from myorg_secrets_password.cleartext import ClearText

TEXT = "correct horse battery staple €"

SHOWING: dict[str, Callable[[ClearText], str]] = {
    "repr": repr,
    "str": str,
    "format": format,
    "f-string": lambda clear: f"{clear}",
    "f-string with !r": lambda clear: f"{clear!r}",
    "%s": lambda clear: "%s" % clear,  # noqa: UP031  # as loggers do
    "in a container": lambda clear: str({"password": [clear]}),
    "in a dataclass": lambda clear: repr(Holder(clear)),
    "json with default=str": lambda clear: json.dumps(clear, default=str),
}
REFUSING: dict[str, Callable[[ClearText], object]] = {
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "asdict": lambda clear: dataclasses.asdict(Holder(clear)),
    "json": json.dumps,
    "==": lambda clear: clear == ClearText(TEXT),
    "!=": lambda clear: clear != ClearText(TEXT),
    "== with a string": lambda clear: clear == TEXT,
    "in": lambda clear: clear in [TEXT],
    "hash": hash,
    "set": lambda clear: {clear},
    "format with a width": lambda clear: f"{clear:40}",
    "+": lambda clear: clear + "",  # type: ignore[operator]  # that it fails is the claim
    "join": lambda clear: "".join([clear]),  # type: ignore[list-item]  # likewise
    "vars": vars,
    "iteration": list,
    "bytes": bytes,
    "len": len,
}


@dataclasses.dataclass
class Holder:
    password: ClearText


@pytest.mark.parametrize("show", SHOWING.values(), ids=SHOWING)
def test_what_shows_it_shows_no_text(show: Callable[[ClearText], str]) -> None:
    shown = show(ClearText(TEXT))

    assert "ClearText(hidden)" in shown
    assert "horse" not in shown


@pytest.mark.parametrize("use", REFUSING.values(), ids=REFUSING)
def test_what_would_copy_or_compare_it_is_refused_without_its_text(
    use: Callable[[ClearText], object],
) -> None:
    with pytest.raises(TypeError) as refused:
        use(ClearText(TEXT))

    assert "horse" not in str(refused.value)


def test_a_traceback_that_shows_local_variables_shows_no_text() -> None:
    def failing(password: ClearText) -> None:
        raise ValueError

    with pytest.raises(ValueError) as failed:
        failing(ClearText(TEXT))

    report = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "password = ClearText(hidden)" in "".join(report.format())
    assert "horse" not in "".join(report.format())


def test_reveal_and_encode_are_the_way_out() -> None:
    clear = ClearText(TEXT)

    assert clear.reveal() == TEXT
    assert clear.encode() == TEXT.encode("utf-8")


@pytest.mark.parametrize(
    ("other", "same"),
    [(TEXT, True), (TEXT + " ", False), (TEXT[:-1], False), ("", False), (TEXT.upper(), False)],
    ids=["the same", "longer", "shorter", "empty", "upper case"],
)
def test_same_as_compares_the_texts(other: str, same: bool) -> None:
    assert ClearText(TEXT).same_as(ClearText(other)) is same
    assert ClearText(other).same_as(ClearText(TEXT)) is same
