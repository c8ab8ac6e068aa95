"""One HTTP request to a server on this machine."""

import http.client
from collections.abc import Mapping

from tests.engines.servers.server import HOST


def call(
    port: int, method: str, path: str, body: str, headers: Mapping[str, str]
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path, body.encode(), dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
