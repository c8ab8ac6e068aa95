"""Hears what goes out of this process, by each way that there is.

Each way is an outlet and has a name, which a failing test shows. What legitimately shows a value is
left out here, where it would be heard, and says why.
"""

import logging
import subprocess
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from types import TracebackType
from typing import Any

import pytest
from moto.core.responses import BaseResponse

from myorg_secrets_password.exceptions import PasswordError
from myorg_secrets_password.framework import PasswordResource

Hear = Callable[[str, str | bytes], None]
"""Takes an outlet's name and what came out of it."""

CARRIERS = {
    "kms": "Encrypt has the value as its Plaintext: that is where it belongs",
    "cloudformation": "a template has SecretString, and Outputs that the tests ask for",
}
"""The services whose requests may hold values, and why."""

SHOWING_COMMANDS = {
    ("myorg_secrets.cli", "get"): "prints the value alone: that is its work",
    ("myorg_secrets.cli", "exec"): "its child has the value in its environment, and prints it here",
    ("myorg_secrets.cli", "history", "--show-values"): "prints what the option asks for",
    ("tests.leaks.child", "local", "demo"): "shows one as a consumer has it; its tests say where",
    ("cfn.py", "test"): "the CloudFormation CLI prints its models; names and counts are taken",
}
"""What may print values to standard output, by words of its arguments, and why."""


listening: list[Hear] = []
"""Who hears what goes out. What is heard stays in memory to the end of the test: one that measures
memory empties this list meanwhile."""


def listen(hear: Hear) -> None:
    """Have everything handed over that goes out from here on, in this process."""
    listening.append(hear)
    _listen_to_loggers()
    _listen_to_captured_output()
    _listen_to_children()
    _listen_to_exceptions()
    _listen_to_requests()
    _listen_to_answers()


def _hear(outlet: str, said: str | bytes) -> None:
    for hear in listening:
        hear(outlet, said)


def _listen_to_loggers() -> None:
    """Every record that a logger makes, whether it propagates or not, with what is extra."""
    standard = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
    call_handlers = logging.Logger.callHandlers

    def heard(self: logging.Logger, record: logging.LogRecord) -> None:
        try:
            call_handlers(self, record)
        finally:
            # A handler that formatted it has left the text there.
            _hear("a log record", vars(record).get("message") or repr((record.msg, record.args)))
            if record.exc_info and record.exc_info[1]:
                _hear("a log record", "".join(_shown(record.exc_info[1])))
            if extra := {name: it for name, it in vars(record).items() if name not in standard}:
                _hear("a log record", repr(extra))

    logging.Logger.callHandlers = heard  # type: ignore[method-assign]


def _listen_to_captured_output() -> None:
    """What a test takes away from capsys and capfd; pytest's report has the rest."""
    readouterr = pytest.CaptureFixture.readouterr

    def heard(self: pytest.CaptureFixture[Any]) -> Any:
        captured = readouterr(self)
        _hear("standard output", captured.out)
        _hear("standard error", captured.err)
        return captured

    pytest.CaptureFixture.readouterr = heard  # type: ignore[method-assign]


def _listen_to_children() -> None:
    """What programs print that tests start, as subprocess.run and communicate collect it."""
    communicate = subprocess.Popen.communicate

    def heard(self: subprocess.Popen[Any], *args: Any, **keywords: Any) -> Any:
        out, err = communicate(self, *args, **keywords)
        hear_process(self.args, out, err)
        return out, err

    subprocess.Popen.communicate = heard  # type: ignore[method-assign]


def hear_process(arguments: Any, out: str | bytes | None, err: str | bytes | None) -> None:
    """Hand over what a process has printed. Whoever collects that without subprocess calls this."""
    if out and not _may_print_values(arguments):
        _hear("standard output of a process", out)
    if err:
        _hear("standard error of a process", err)


def _may_print_values(arguments: Any) -> bool:
    words = arguments if isinstance(arguments, list | tuple) else [arguments]
    line = [part for word in words for part in str(word).split()]
    return any(
        any(program in part for part in line) and {verb, *options} <= set(line)
        for program, verb, *options in SHOWING_COMMANDS
    )


def _listen_to_exceptions() -> None:
    """Every exception that this project raises on purpose, and every one that a test expects."""
    leave = pytest.RaisesExc.__exit__

    def heard(
        self: pytest.RaisesExc[BaseException],
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is not None:
            _hear("an exception", "".join(_shown(error)))
        return leave(self, kind, error, trace)

    def heard_at_birth(self: PasswordError, *args: object) -> None:
        super(PasswordError, self).__init__(*args)
        _hear("an exception", repr(args))

    pytest.RaisesExc.__exit__ = heard  # type: ignore[method-assign]
    PasswordError.__init__ = heard_at_birth  # type: ignore[method-assign,assignment]


def _shown(error: BaseException) -> Iterator[str]:
    """Yield all that an exception could show: those before it, too, that `from None` only hides."""
    seen: set[int] = set()
    chain: list[BaseException | None] = [error]
    while chain:
        link = chain.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield "".join(traceback.format_exception_only(link))
        yield f"{link!r} {link.args!r} {vars(link)!r}"
        chain += [link.__cause__, link.__context__, *getattr(link, "exceptions", ())]


def _listen_to_requests() -> None:
    """What is sent to AWS: items, metrics, log events, objects, names of roles and sessions."""
    setup_class = BaseResponse.setup_class

    def heard(self: BaseResponse, *args: Any, **keywords: Any) -> None:
        setup_class(self, *args, **keywords)
        if self.service_name not in CARRIERS:
            outlet = f"a request to {self.service_name}"
            # A form leaves no body behind.
            _hear(outlet, self.raw_body or repr(dict(self.querystring)))
            _hear(outlet, f"{self.uri} {dict(self.headers)}")

    BaseResponse.setup_class = heard  # type: ignore[method-assign]


def _listen_to_answers() -> None:
    """The handlers' answers, without what Fn::GetAtt reads."""
    call = PasswordResource.__call__

    def heard(self: PasswordResource, event: MutableMapping[str, Any], context: Any) -> Any:
        answer = call(self, event, context)
        _hear("an answer", repr(_without_value(answer)))
        return answer

    PasswordResource.__call__ = heard  # type: ignore[method-assign,assignment]


def _without_value(answer: Mapping[str, Any]) -> dict[str, Any]:
    model = answer.get("resourceModel") or {}
    return {**answer, "resourceModel": {name: model[name] for name in model if name != "Value"}}
