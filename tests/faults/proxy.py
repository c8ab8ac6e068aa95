"""What lies between the handlers and AWS on a real network: it relays, or spoils, one connection.

It takes one connection at a time and closes it after one call, so that each attempt of a call is a
connection of its own.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.faults.kinds import Times

Spoil = Callable[[socket.socket, Callable[[], bytes]], None]
"""Takes the connection to the handlers, and what asks AWS and returns its whole answer."""

_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_INVOCATION = re.compile(rb"^amz-sdk-invocation-id: *(\S+)", re.IGNORECASE | re.MULTILINE)
_PATIENCE = 10
"""Seconds, after which something is wrong with the proxy itself."""


class Proxy:
    """Listens within ``with``.

    Args:
        port: of the server on loopback to which it relays.

    Attributes:
        port: its own.
    """

    def __init__(self, port: int) -> None:
        self._sent: Counter[int] = Counter()
        self._upstream = ("127.0.0.1", port)
        self._invocations: list[bytes] = []
        self._call: int | None = None
        self._spoil: Spoil | None = None
        self._times = Times.EACH
        self._ended = False
        self._listener = _listening(0)
        self.port: int = self._listener.getsockname()[1]
        self._is_open = threading.Event()
        self._is_open.set()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """The endpoint URL."""
        return f"http://127.0.0.1:{self.port}"

    def spoil(self, call: int | None, spoil: Spoil | None, times: Times) -> None:
        """From here on spoil a call, by its ordinal; without `spoil`, refuse its connections."""
        self._sent.clear()
        self._invocations.clear()
        self._call, self._spoil, self._times = call, spoil, times
        if spoil is None and call == 0:
            self._refuse()
        elif not self._is_open.is_set():
            self._listener = _listening(self.port)
            self._is_open.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended = True
        if self._is_open.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                pass
        self._is_open.set()
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while self._is_open.wait() and not self._ended:
            with suppress(OSError):  # closed by whoever refuses, or reset by the handlers
                connection, _ = self._listener.accept()
                with connection:
                    connection.settimeout(_PATIENCE)
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        request = _request_from(connection)
        found = _INVOCATION.search(request)
        if found is None:
            return
        if found[1] not in self._invocations[-1:]:
            self._invocations.append(found[1])
        ordinal = len(self._invocations) - 1
        self._sent[ordinal] += 1
        is_due = self._times is Times.EACH or self._sent[ordinal] == 1
        if self._spoil is not None and ordinal == self._call and is_due:
            self._spoil(connection, lambda: self._ask(request))
            return
        answer = self._ask(request)
        if self._spoil is None and self._call == ordinal + 1:
            self._refuse()
        connection.sendall(answer)

    def _ask(self, request: bytes) -> bytes:
        with socket.create_connection(self._upstream, _PATIENCE) as upstream:
            upstream.sendall(request)
            return b"".join(iter(lambda: upstream.recv(65536), b""))

    def _refuse(self) -> None:
        self._is_open.clear()
        # Wakes the thread that waits for a connection, where close alone would not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def reset(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Reset the connection before anything has reached AWS."""
    _reset(connection)


def reset_in_answer(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Reset it in the middle of AWS's answer."""
    answer = ask()
    connection.sendall(answer[: len(answer) // 2])
    _reset(connection)


def cut_short(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Close it before the answer is as long as its head says."""
    connection.sendall(ask()[:-1])


def close(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Close it once AWS has answered, and hand nothing on."""
    ask()


def hang(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Say nothing until the handlers give up."""
    connection.recv(1)


def hang_when_done(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Let AWS answer, and say nothing until the handlers give up."""
    ask()
    connection.recv(1)


def dribble(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Hand on AWS's answer in pieces, each within the handlers' patience."""
    answer = ask()
    step = len(answer) // 3 + 1
    for begin in range(0, len(answer), step):
        time.sleep(0.02)
        connection.sendall(answer[begin : begin + step])


def answer_instead(status: bytes, body: bytes) -> Spoil:
    """Answer in place of AWS."""

    def spoil(connection: socket.socket, ask: Callable[[], bytes]) -> None:
        head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        connection.sendall(head % (status, len(body)) + body)

    return spoil


def speak_otherwise(connection: socket.socket, ask: Callable[[], bytes]) -> None:
    """Speak another protocol than HTTP."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def _request_from(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        more = connection.recv(65536)
        if not more:
            return b""
        received += more
        missing -= len(more)
    return received


def _reset(connection: socket.socket) -> None:
    # With no time to linger, close sends RST.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
