"""An AWS that answers at once: TLS, kept connections, and next to no work behind an answer.

The embedded AWS takes milliseconds for a call and closes each connection, so that ratios taken
there come out flatter than they are. Here what is measured is the client.
"""

import base64
import io
import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from local.recorder import Recorder, call_in

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"

_SEAL = b"bench-stub-"
"""Before the clear text. This encrypts nothing: no value here is anybody's."""

_CBOR = b"\xa0"
"""An empty answer."""

Json = dict[str, Any]


class Answers:
    """What the services say. DynamoDB keeps what is put, and looks at no condition."""

    def __init__(self) -> None:
        self._keys: dict[str, list[str]] = {}
        self._items: dict[str, dict[tuple[str, ...], Json]] = {}

    def to(self, call: str, request: Json) -> Json:
        """Answer a call, named like an IAM action.

        Raises:
            KeyError: nothing is known of it.
        """
        known: dict[str, Callable[[Json], Json]] = {
            "kms:CreateKey": lambda _: {"KeyMetadata": {"KeyId": KEY_ARN, "Arn": KEY_ARN}},
            "kms:CreateAlias": lambda _: {},
            "kms:Encrypt": self._encrypt,
            "kms:Decrypt": self._decrypt,
            "kms:GenerateDataKey": self._generate,
            "dynamodb:CreateTable": self._create_table,
            "dynamodb:PutItem": self._put,
            "dynamodb:GetItem": self._get,
            "dynamodb:UpdateItem": lambda _: {},
            "dynamodb:DeleteItem": self._delete,
            "dynamodb:Query": self._query,
            "dynamodb:Scan": self._scan,
            "logs:CreateLogGroup": lambda _: {},
            "logs:CreateLogStream": lambda _: {},
            "logs:PutLogEvents": lambda _: {"nextSequenceToken": "1"},
            "monitoring:PutMetricData": lambda _: {},
            "secretsmanager:GetRandomPassword": lambda _: {"RandomPassword": "x" * 32},
            "secretsmanager:CreateSecret": self._named,
            "secretsmanager:PutSecretValue": self._named,
            "secretsmanager:DeleteSecret": self._named,
            "secretsmanager:GetSecretValue": self._named,
            "secretsmanager:ListSecrets": lambda _: {"SecretList": [self._named({})] * 100},
        }
        return known[call](request)

    @staticmethod
    def _encrypt(request: Json) -> Json:
        clear = base64.b64decode(request["Plaintext"])
        return {"CiphertextBlob": _text(_SEAL + clear), "KeyId": KEY_ARN}

    @staticmethod
    def _decrypt(request: Json) -> Json:
        blob = base64.b64decode(request["CiphertextBlob"])
        return {"Plaintext": _text(blob.removeprefix(_SEAL)), "KeyId": KEY_ARN}

    @staticmethod
    def _generate(request: Json) -> Json:
        key = b"k" * request["NumberOfBytes"]
        return {"Plaintext": _text(key), "CiphertextBlob": _text(_SEAL + key), "KeyId": KEY_ARN}

    @staticmethod
    def _named(request: Json) -> Json:
        name = request.get("Name") or request.get("SecretId") or "bench"
        arn = f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}"
        return {"ARN": arn, "Name": name, "VersionId": "1" * 36, "SecretString": "x" * 32}

    def _create_table(self, request: Json) -> Json:
        name = request["TableName"]
        self._keys[name] = [key["AttributeName"] for key in request["KeySchema"]]
        self._items[name] = {}
        return {"TableDescription": {"TableName": name, "TableStatus": "ACTIVE"}}

    def _key(self, table: str, item: Json) -> tuple[str, ...]:
        return tuple(item[name]["S"] for name in self._keys[table])

    def _put(self, request: Json) -> Json:
        table, item = request["TableName"], request["Item"]
        self._items[table][self._key(table, item)] = item
        return {}

    def _get(self, request: Json) -> Json:
        table = request["TableName"]
        item = self._items[table].get(self._key(table, request["Key"]))
        return {"Item": item} if item else {}

    def _delete(self, request: Json) -> Json:
        table = request["TableName"]
        self._items[table].pop(self._key(table, request["Key"]), None)
        return {}

    def _query(self, request: Json) -> Json:
        [asked] = (value["S"] for value in request["ExpressionAttributeValues"].values())
        found = [item for key, item in self._items[request["TableName"]].items() if key[0] == asked]
        return {"Items": found, "Count": len(found)}

    def _scan(self, request: Json) -> Json:
        table = request["TableName"]
        items = list(self._items[table].values())[: request.get("Limit", 100)]
        found = [{name: item[name] for name in self._keys[table]} for item in items]
        return {"Items": found, "Count": len(found)}


def _text(blob: bytes) -> str:
    return base64.b64encode(blob).decode()


class Stub(ThreadingTCPServer):
    """The server, on a free port of 127.0.0.1.

    Args:
        chain: its certificate with the private key, as PEM.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, chain: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.recorder = Recorder()
        self.answers = Answers()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(chain)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet of clients that went away."""


class _Connection(StreamRequestHandler):
    server: Stub
    wbufsize = -1

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        while line := self.rfile.readline():
            path = line.split()[1].decode()
            headers = {}
            while line := self.rfile.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            self._answer(path, headers, self.rfile.read(int(headers.get("content-length", 0))))

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> None:
        environ: Json = {
            "HTTP_AUTHORIZATION": headers.get("authorization", ""),
            "HTTP_X_AMZ_TARGET": headers.get("x-amz-target"),
            "PATH_INFO": path,
            "REQUEST_METHOD": "POST",
            "wsgi.input": io.BytesIO(body),
        }
        kind, more = headers.get("content-type", ""), ""
        if headers.get("smithy-protocol"):
            more = "smithy-protocol: rpc-v2-cbor\r\n"
        call = call_in(environ)
        self.server.recorder.note(call)
        request = {} if more else json.loads(body or b"{}")
        try:
            answer, status = self.server.answers.to(call, request), "200 OK"
        except KeyError:
            answer, status = {"__type": "UnknownOperationException"}, "400 Bad Request"
        content = _CBOR if more else json.dumps(answer).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}content-length: {len(content)}"
        self.wfile.write(f"{head}\r\n\r\n".encode() + content)
        self.wfile.flush()
