"""An Athena that runs nothing: it speaks the protocol, answers what it is told, and remembers what it was asked.

moto's Athena has no pages, no failing query and no update of a named query.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from helpers.services.http import serving

Document = dict[str, Any]


class RefusedError(Exception):
    """An error of the service: its code and message."""


@dataclass
class Athena:
    """What it answers, and what it was asked."""

    url: str = ""
    columns: list[Document] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    page: int = 1000
    states: list[str] = field(default_factory=lambda: ["SUCCEEDED"])
    reason: str = ""
    scanned: int = 0
    errors: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    asked: list[tuple[str, Document]] = field(default_factory=list)
    named: dict[str, Document] = field(default_factory=dict)
    polled: threading.Event = field(default_factory=threading.Event)

    def requests(self, operation: str) -> list[Document]:
        """The requests of one operation, in order."""
        return [request for name, request in self.asked if name == operation]

    def answer(self, operation: str, request: Document) -> Document:
        """Answer one request."""
        self.asked.append((operation, request))
        if self.errors.get(operation):
            raise RefusedError(*self.errors[operation].pop(0))
        answered: Document = getattr(self, f"_{operation}")(request)
        return answered

    def _StartQueryExecution(self, request: Document) -> Document:  # noqa: N802
        return {"QueryExecutionId": "query-1"}

    def _GetQueryExecution(self, request: Document) -> Document:  # noqa: N802
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        self.polled.set()
        status = {"State": state, **({"StateChangeReason": self.reason} if self.reason else {})}
        statistics = {"DataScannedInBytes": self.scanned, "TotalExecutionTimeInMillis": 1500}
        return {"QueryExecution": {"QueryExecutionId": "query-1", "Status": status, "Statistics": statistics}}

    def _StopQueryExecution(self, request: Document) -> Document:  # noqa: N802
        return {}

    def _GetQueryResults(self, request: Document) -> Document:  # noqa: N802
        header: list[list[str | None]] = [[column["Name"] for column in self.columns]]
        start = int(request.get("NextToken", 0))
        end = start + min(self.page, request.get("MaxResults", 1000))
        lines = (header + self.rows)[start:end]
        data = [{"Data": [{} if text is None else {"VarCharValue": text} for text in line]} for line in lines]
        result: Document = {"Rows": data, "ResultSetMetadata": {"ColumnInfo": self.columns}}
        more = {"NextToken": str(end)} if end < len(self.rows) + 1 else {}
        return {"ResultSet": result, **more}

    def _ListNamedQueries(self, request: Document) -> Document:  # noqa: N802
        ids = sorted(key for key, query in self.named.items() if query["WorkGroup"] == request["WorkGroup"])
        start = int(request.get("NextToken", 0))
        more = {"NextToken": str(start + 2)} if start + 2 < len(ids) else {}
        return {"NamedQueryIds": ids[start : start + 2], **more}

    def _BatchGetNamedQuery(self, request: Document) -> Document:  # noqa: N802
        return {"NamedQueries": [{"NamedQueryId": key, **self.named[key]} for key in request["NamedQueryIds"]]}

    def _CreateNamedQuery(self, request: Document) -> Document:  # noqa: N802
        key = f"named-{len(self.named)}"
        self.named[key] = {name: value for name, value in request.items() if name != "ClientRequestToken"}
        return {"NamedQueryId": key}

    def _UpdateNamedQuery(self, request: Document) -> Document:  # noqa: N802
        self.named[request.pop("NamedQueryId")].update(request)
        return {}


class Answering(Protocol):
    """What stands behind the protocol."""

    def answer(self, operation: str, request: Document) -> Document:
        """Answer one request; raises RefusedError."""


@contextmanager
def serving_athena(athena: Answering) -> Iterator[str]:
    """Serve it on a free port of this machine; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 200, athena.answer(operation, request)
            except RefusedError as error:
                code, message = error.args
                status = 500 if code == "InternalServerException" else 400
                answer = {"__type": code, "message": message}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


@contextmanager
def athena_service() -> Iterator[Athena]:
    """Run one that is told what to answer."""
    athena = Athena()
    with serving_athena(athena) as athena.url:
        yield athena
