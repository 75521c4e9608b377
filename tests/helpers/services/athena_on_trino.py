"""Athena's protocol in front of Trino: `soundlake query` and the dashboard ask it as they ask Athena."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from helpers.services.athena import Document, RefusedError, serving_athena
from helpers.services.trino import Answer, Trino, TrinoError

_AT_ONCE = 4
_REMEMBERED = 100  # queries
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


class AthenaOnTrino:
    """Runs each query on Trino; its results can be fetched until a hundred others have come after it."""

    def __init__(self, trino: Trino, pool: ThreadPoolExecutor) -> None:
        self._trino, self._pool = trino, pool
        self._queries: dict[str, Future[Answer]] = {}

    def answer(self, operation: str, request: Document) -> Document:
        """Answer one request; raises RefusedError for what is not known."""
        match operation:
            case "StartQueryExecution":
                return self._start(request)
            case "GetQueryExecution":
                return {"QueryExecution": {"QueryExecutionId": request["QueryExecutionId"], **self._execution(request)}}
            case "GetQueryResults":
                return _page(self._query(request).result(), request)
            case "StopQueryExecution":
                self._query(request).cancel()
                return {}
        raise RefusedError("InvalidRequestException", f"{operation} is not known here")

    def _start(self, request: Document) -> Document:
        database = request["QueryExecutionContext"]["Database"]
        query = str(uuid4())
        self._queries[query] = self._pool.submit(self._trino.ask, request["QueryString"], database)
        while len(self._queries) > _REMEMBERED:
            self._queries.pop(next(iter(self._queries)))
        return {"QueryExecutionId": query}

    def _query(self, request: Document) -> Future[Answer]:
        found = self._queries.get(request["QueryExecutionId"])
        if found is None:
            raise RefusedError("InvalidRequestException", "there is no such query")
        return found

    def _execution(self, request: Document) -> Document:
        query = self._query(request)
        if query.cancelled():
            return {"Status": {"State": "CANCELLED"}}
        if not query.done():
            return {"Status": {"State": "RUNNING"}}
        error = query.exception()
        if error is None:
            return {"Status": {"State": "SUCCEEDED"}}
        reason = str(error) if isinstance(error, TrinoError) else repr(error)
        return {"Status": {"State": "FAILED", "StateChangeReason": reason}}


def _page(answer: Answer, request: Document) -> Document:
    """A page of results; the first row of all is the header."""
    lines = [[name for name, _ in answer.columns], *answer.rows]
    start = int(request.get("NextToken", 0))
    end = start + request.get("MaxResults", 1000)
    types = [kind for _, kind in answer.columns]
    told = [
        [_text(value, kind) for value, kind in zip(line, types, strict=True)] if number else line
        for number, line in enumerate(lines[start:end], start)
    ]
    rows = [{"Data": [{} if text is None else {"VarCharValue": text} for text in line]} for line in told]
    columns = [{"Name": name, **_type(kind)} for name, kind in answer.columns]
    more = {"NextToken": str(end)} if end < len(lines) else {}
    return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}}, **more}


def _type(kind: str) -> Document:
    """A type of Trino's as Athena names it: without precision, but for decimals."""
    if found := _DECIMAL.fullmatch(kind):
        return {"Type": "decimal", "Precision": int(found[1]), "Scale": int(found[2])}
    if kind.startswith(("array", "map", "row")):
        return {"Type": kind.partition("(")[0]}
    return {"Type": re.sub(r"\(\d+\)", "", kind)}


def _text(value: Any, kind: str = "") -> str | None:
    """A value of Trino's JSON as Athena writes it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_text(item) or 'null' for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_text(item)}' for key, item in value.items())}}}"
    return b64decode(value).hex(" ") if kind == "varbinary" else str(value)


@contextmanager
def athena_on_trino(trino: Trino) -> Iterator[str]:
    """Serve on a free port of this machine for as long as the context lasts; gives the URL."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        with serving_athena(AthenaOnTrino(trino, pool)) as url:
            yield url
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a query ends with Trino
