"""Logs and metrics of one invocation, sent once at its end, and never changing its answer.

The framework sends a request to CloudWatch for every log record and every metric while the
handler runs, with new clients each time, and lets their failures become the operation's. Here
records and figures are collected, and two requests deliver them when the answer stands.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import ClientError

from .aws_errors import code_of
from .clients import DELIVERY_CONFIG, Clients, Credentials, clients_for

LOG = logging.getLogger(__name__)
PACKAGE = logging.getLogger(__package__)


class Delivery(logging.Handler):
    """Collects this thread's log records of this package, and the invocation's metrics.

    Args:
        group: the log group, or None to deliver nothing.
        stream: the log stream.
        namespace: of the metrics.
        region: of both.
        credentials: of the type's logging role, or None to deliver nothing.
    """

    def __init__(
        self,
        group: str | None,
        stream: str,
        namespace: str,
        region: str | None,
        credentials: Credentials | None,
    ) -> None:
        super().__init__(logging.INFO)
        self._group = group
        self._stream = stream
        self._namespace = namespace
        self._region = region
        self._credentials = credentials
        self._events: list[dict[str, Any]] = []
        self._metrics: list[dict[str, Any]] = []
        self._thread: int | None = None

    def __enter__(self) -> Self:
        self._thread = threading.get_ident()
        PACKAGE.addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        PACKAGE.removeHandler(self)
        self.close()
        if self._group and self._credentials:
            self._attempt("logs", self._send_events, self._credentials)
            self._attempt("metrics", self._send_metrics, self._credentials)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record until the invocation ends."""
        if record.thread == self._thread:
            self._events.append(
                {"timestamp": round(record.created * 1000), "message": self.format(record)}
            )

    def measure(self, name: str, value: float, unit: str, dimensions: Mapping[str, str]) -> None:
        """Keep a figure until the invocation ends."""
        self._metrics.append(
            {
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
                "Unit": unit,
                "Timestamp": datetime.now(UTC),
                "Value": value,
            }
        )

    def _attempt(
        self, what: str, send: Callable[[Clients], None], credentials: Credentials
    ) -> None:
        try:
            send(clients_for(self._region, credentials, DELIVERY_CONFIG))
        except Exception as error:  # the operation is done: nothing here may undo its answer
            reason = code_of(error) if isinstance(error, ClientError) else type(error).__name__
            with suppress(Exception):  # a logger that fails is no reason either
                LOG.warning("The %s of this invocation were not delivered: %s", what, reason)

    def _send_events(self, clients: Clients) -> None:
        logs = clients.client("logs")
        place = {"logGroupName": self._group, "logStreamName": self._stream}
        try:
            logs.put_log_events(**place, logEvents=self._events)
        except logs.exceptions.ResourceNotFoundException:
            self._create(lambda: logs.create_log_group(logGroupName=self._group))
            self._create(lambda: logs.create_log_stream(**place))
            logs.put_log_events(**place, logEvents=self._events)

    @staticmethod
    def _create(make: Callable[[], Any]) -> None:
        try:
            make()
        except ClientError as error:
            if code_of(error) != "ResourceAlreadyExistsException":
                raise

    def _send_metrics(self, clients: Clients) -> None:
        clients.client("cloudwatch").put_metric_data(
            Namespace=self._namespace, MetricData=self._metrics
        )
