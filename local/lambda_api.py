"""The Lambda Invoke API for functions of this process.

`sam local start-lambda` offers the same for containers.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import re
import socket
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from local.serving import Serving

Function = Callable[[Any, "Context"], Any]

_INVOCATION = re.compile(r"/2015-03-31/functions/(?P<name>[^/]+)/invocations/?$")
_LARGEST_PAYLOAD = 6 * 1024 * 1024  # bytes, synchronous; "Lambda quotas", Invocation payload
_TIMEOUT = 180  # seconds, as in template.yml
_THREADS = 8


@dataclass(frozen=True)
class Context:
    """What Lambda hands to a function beside the event."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "256"
    _deadline: float = field(default_factory=lambda: time.monotonic() + _TIMEOUT)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left; nothing enforces them here."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class LambdaApi(Serving):
    """Serves ``functions`` by name on a free loopback port until it is left.

    A fixed pool of threads takes the place of warm execution environments: what a function keeps
    per thread, such as its clients, is there again at a later invocation.
    """

    def __init__(self, functions: Mapping[str, Function]) -> None:
        super().__init__(_PooledServer(functions), "lambda")


class _PooledServer(HTTPServer):
    # With the inherited 5, a burst of callers loses connections, and each tries again after 1 s.
    request_queue_size = 128

    def __init__(self, functions: Mapping[str, Function]) -> None:
        super().__init__(("127.0.0.1", 0), _Invocation)
        self.functions = functions
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda")

    def process_request(self, request: Any, client_address: Any) -> None:
        self._pool.submit(self._answer, request, client_address)

    def server_close(self) -> None:
        super().server_close()
        self._pool.shutdown()

    def _answer(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            # The caller hung up before its answer: its own affair, and no reason for a traceback on
            # the terminal.
            pass
        finally:
            self.shutdown_request(request)


class _Invocation(BaseHTTPRequestHandler):
    server: _PooledServer
    # In seconds. A caller who never finishes its request must not hold a thread for ever.
    timeout = 60

    def do_POST(self) -> None:
        # In any case first: to close with a part of the request unread may cost the caller the
        # answer.
        body = self._body()
        invocation = _INVOCATION.match(self.path)
        name = invocation["name"] if invocation else ""
        if name not in self.server.functions:
            self._refuse(
                HTTPStatus.NOT_FOUND,
                "ResourceNotFoundException",
                f"Function not found: {name or self.path}",
            )
            return
        if body is None:
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "RequestTooLargeException",
                f"Request must be smaller than {_LARGEST_PAYLOAD} bytes"
                " for the InvokeFunction operation",
            )
            return
        try:
            event = json.loads(body or b"{}")
        except ValueError:
            self._refuse(
                HTTPStatus.BAD_REQUEST,
                "InvalidRequestContentException",
                "Could not parse request body into json",
            )
            return
        self._invoke(self.server.functions[name], event, Context(name))

    def _body(self) -> bytes | None:
        """Read the request to its end; return None for one that is too large to keep."""
        left = int(self.headers.get("Content-Length") or 0)
        if left <= _LARGEST_PAYLOAD:
            return self.rfile.read(left)
        while left > 0 and (piece := self.rfile.read(min(left, _LARGEST_PAYLOAD))):
            left -= len(piece)
        return None

    def _invoke(self, function: Function, event: Any, context: Context) -> None:
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            self._send(HTTPStatus.NO_CONTENT, b"", context)
            return
        try:
            answer = json.dumps(function(event, context)).encode()
        except (
            Exception
        ) as error:  # whatever a function raises, Lambda answers 200 and says so in a header
            answer = json.dumps(
                {
                    "errorMessage": str(error),
                    "errorType": type(error).__name__,
                    "requestId": context.aws_request_id,
                    "stackTrace": traceback.format_tb(error.__traceback__),
                }
            ).encode()
            self._send(HTTPStatus.OK, answer, context, {"X-Amz-Function-Error": "Unhandled"})
            return
        self._send(HTTPStatus.OK, answer, context)

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        body = json.dumps({"Type": "User", "Message": message}).encode()
        self._send(status, body, Context("-"), {"X-Amzn-ErrorType": code})

    def _send(
        self,
        status: HTTPStatus,
        body: bytes,
        context: Context,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Amzn-RequestId", context.aws_request_id)
        self.send_header("X-Amz-Executed-Version", context.function_version)
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Leave the terminal to those who have something to say."""
