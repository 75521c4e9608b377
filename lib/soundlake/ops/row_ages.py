"""How long ago bronze and silver last got rows, sent to CloudWatch Logs while the stream runs.

Metric filters of the stack make metrics of it, and alarms watch them. What Kinesis measures itself ends where records
are read: a refine that hangs would not be seen. A log group is what a job reaches on every platform without a network
or a permission of its own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from soundlake.aws import open_client
from soundlake.logs import get_log

# What each query writes.
LAYERS: Mapping[str, str] = {"ingest": "bronze", "refine": "silver"}
INTERVAL_SECONDS = 60.0
Progress = Mapping[str, Any]
_log = get_log(__name__)


class RowAges:
    """The ages of the newest rows. Until a query of this run has read rows, `since` stands for its last."""

    def __init__(self, since: datetime) -> None:
        self._newest = dict.fromkeys(LAYERS.values(), since)

    def see(self, progress: Iterable[Progress]) -> None:
        """Look at what batches have done, in any order and any number of times."""
        for batch in progress:
            layer = LAYERS.get(batch["name"])
            if layer is not None and batch["numInputRows"] > 0:
                began = datetime.fromisoformat(batch["timestamp"])
                ended = began + timedelta(milliseconds=batch.get("batchDuration", 0))
                self._newest[layer] = max(self._newest[layer], ended)

    def line(self, now: datetime) -> str:
        """Return the ages as the metric filters read them."""
        ages = {layer: max(0.0, (now - newest).total_seconds()) for layer, newest in self._newest.items()}
        return json.dumps({f"{layer}_age_seconds": round(age, 1) for layer, age in ages.items()})


@contextmanager
def reporting_ages(
    group: str, ages: RowAges, progress: Callable[[], Iterable[Progress]], seconds: float = INTERVAL_SECONDS
) -> Iterator[None]:
    """Send the ages to a log group every so many seconds within the context.

    `progress` gives the latest batches of the queries. A failure never stops the stream; it is logged, once in a row.
    """
    ended = threading.Event()

    def report() -> None:
        send, is_failing = _sender(group), False
        while not ended.wait(seconds):
            try:
                ages.see(progress())
                send(ages.line(datetime.now(UTC)))
                is_failing = False
            except Exception as error:  # whatever it is: the stream must not stop for it
                if not is_failing:
                    _log.warning("the ages of rows could not be reported", group=group, reason=repr(error))
                is_failing = True

    thread = threading.Thread(target=report, name="row-ages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sender(group: str) -> Callable[[str], None]:
    """What sends a line into a log stream of its own, which it makes when the first comes."""
    clients: list[Any] = []
    stream = f"row-ages/{uuid4()}"

    def send(line: str) -> None:
        if not clients:
            client = open_client("logs")
            client.create_log_stream(logGroupName=group, logStreamName=stream)
            clients.append(client)
        event = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": line}
        clients[0].put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])

    return send
