"""Which AWS operations were called, in which order, as the server saw them."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

_SIGNED_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[^/]+)/aws4_request")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/(?P<operation>\w+)$")


class Recorder:
    """Hands every call to whoever records at that moment; keeps nothing otherwise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recordings: list[tuple[frozenset[str], list[str]]] = []

    def note(self, call: str) -> None:
        """Take down ``call``, spelled like an IAM action: ``kms:Encrypt``."""
        service = call.partition(":")[0]
        with self._lock:
            for services, calls in self._recordings:
                if not services or service in services:
                    calls.append(call)

    @contextmanager
    def recording(self, *services: str) -> Iterator[list[str]]:
        """Collect the calls made meanwhile, of ``services`` only where some are named."""
        calls: list[str] = []
        entry = (frozenset(services), calls)
        with self._lock:
            self._recordings.append(entry)
        try:
            yield calls
        finally:
            with self._lock:
                # By identity: two recordings may hold equal lists.
                self._recordings = [kept for kept in self._recordings if kept is not entry]


def call_in(environ: dict[str, Any]) -> str:
    """Return the AWS operation that a WSGI request asks for, such as ``dynamodb:PutItem``.

    The service is the one that the request was signed for; the operation stands in a header (JSON
    protocols), in the path (Smithy RPC) or in the form (query protocol). REST protocols have
    neither: method and path stand in.
    """
    signed = _SIGNED_SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = signed["service"] if signed else "unsigned"
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return f"{service}:{target.rpartition('.')[2]}"
    if rpc := _RPC_PATH.search(environ.get("PATH_INFO", "")):
        return f"{service}:{rpc['operation']}"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return f"{service}:{_action_in_form(environ)}"
    return f"{service}:{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"


def _action_in_form(environ: dict[str, Any]) -> str:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    # The stream can be read once only, and the application behind still needs it.
    environ["wsgi.input"] = io.BytesIO(body)
    [action] = parse_qs(body.decode()).get("Action", ["?"])
    return str(action)
