"""The embedded AWS: moto's server in threads of this process, on a free loopback port."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from types import TracebackType
from typing import Any, Self

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from local.ordered_tables import ordered_tables
from local.quick_answers import quick_answers
from local.recorder import Recorder, call_in
from local.serving import Serving

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _QuietRequestHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave the terminal to those who have something to say."""


class EmbeddedAws(Serving):
    """Every service that moto knows, behind one endpoint: ``AWS_ENDPOINT_URL``."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self._patches = ExitStack()
        dispatcher: Any = DomainDispatcherApplication(create_backend_app)
        # It looks through moto's own folders for each request, which takes as long as many answers.
        dispatcher.get_backend_for_host = functools.cache(dispatcher.get_backend_for_host)
        self._app: WsgiApp = dispatcher
        # A conditional write is atomic at AWS. moto checks and writes in two steps and serves every
        # request in a thread of its own, so its DynamoDB is let in one request at a time.
        self._dynamodb = threading.Lock()
        server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=_QuietRequestHandler
        )
        super().__init__(server, "aws")

    def _serve(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        call = call_in(environ)
        self.recorder.note(call)
        with self._dynamodb if call.startswith("dynamodb:") else nullcontext():
            return self._app(environ, start_response)

    def __enter__(self) -> Self:
        self._patches.enter_context(ordered_tables())
        self._patches.enter_context(quick_answers())
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._patches.close()
