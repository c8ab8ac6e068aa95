"""Lambda's Runtime API, and a function that AWS's own runtime client runs from its package.

The function's process has the package and the runtime client on its path, and nothing else that is
installed here, so that whatever the package lacks shows.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import ExitStack
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any, Self

from local.serving import Serving

RUNTIME_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""The distributions that Lambda's runtime brings along; it also brings boto3, which stays out."""

_ACTION = re.compile(r"/2018-06-01/runtime/(?:invocation/[^/]+|init)/(response|error)$")
_NEXT = "/2018-06-01/runtime/invocation/next"
_TIMEOUT = 60
"""Seconds for the start and an invocation together."""

_PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:3]
from awslambdaric.__main__ import main
main([sys.argv[0], sys.argv[3]])
"""


class FunctionFailed(Exception):
    """The function raised, or its process ended. The text is what the runtime client said."""


class LambdaRuntime:
    """One execution environment of a function; called with an event it returns the answer.

    The process starts at the first event, with the environment of that moment.

    Args:
        package: the unpacked zip.
        handler: as Lambda takes it, MODULE.NAME.
    """

    def __init__(self, package: Path, handler: str) -> None:
        self._package = package
        self._handler = handler
        self._api = _RuntimeApi()
        self._exit = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        self._exit.enter_context(Serving(self._api, "lambda-runtime"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        # The client waits for the next event in a request that the server's end must not wait for.
        self._api.events.put(None)
        self._exit.close()

    def __call__(self, event: Any, _context: Any = None) -> Any:
        """Have one event answered.

        Raises:
            FunctionFailed: the function did not answer.
        """
        with self._one_at_a_time:
            process = self._process = self._process or self._start()
            self._api.events.put(event)
            deadline = time.monotonic() + _TIMEOUT
            while time.monotonic() < deadline:
                try:
                    kind, answer = self._api.answers.get(timeout=0.5)
                except Empty:
                    if process.poll() is not None:
                        break
                    continue
                if kind == "error":
                    raise FunctionFailed(f"{answer.get('errorType')}: {answer.get('errorMessage')}")
                return answer
            raise FunctionFailed("the function's process gave no answer")

    def _start(self) -> subprocess.Popen[bytes]:
        client = Path(self._exit.enter_context(tempfile.TemporaryDirectory(prefix="lambda-")))
        for name in RUNTIME_CLIENT:
            found = distribution(name)
            for top in {file.parts[0] for file in found.files or ()} - {".."}:
                (client / top).symlink_to(Path(str(found.locate_file(top))))
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        return subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", "-c", _PROGRAM),
                *(str(self._package), str(client), self._handler),
            ],
            env={
                **aws,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": "TypeFunction",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                "LAMBDA_TASK_ROOT": str(self._package),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class _RuntimeApi(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.events: Queue[Any] = Queue()
        self.answers: Queue[tuple[str, Any]] = Queue()


class _Request(BaseHTTPRequestHandler):
    server: _RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self._send(HTTPStatus.NOT_FOUND, b"{}")
            return
        event = self.server.events.get()
        if event is None:  # The process that asked is gone.
            self.close_connection = True
            return
        self._send(
            HTTPStatus.OK,
            json.dumps(event).encode(),
            {
                "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _TIMEOUT) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:::function:TypeFunction",
            },
        )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = _ACTION.match(self.path)
        if action is None:
            self._send(HTTPStatus.NOT_FOUND, b"{}")
            return
        self._send(HTTPStatus.ACCEPTED, b'{"status":"OK"}')
        self.server.answers.put((action[1], json.loads(body or b"null")))

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Leave the terminal to those who have something to say."""
