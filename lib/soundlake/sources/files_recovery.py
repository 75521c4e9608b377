"""Which files bronze already holds, written like the log of Spark's file source."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from pyspark.sql import DataFrame

from soundlake.errors import SoundlakeError
from soundlake.sources.protocol import Recovered
from soundlake.storage import Storage


def recovered_files(listing: DataFrame, root: str, held: DataFrame, scratch: str) -> Recovered:
    """Return the files in bronze as files that were read.

    `listing` is a stream of the files, whose query logs in `scratch` what is there now; the entries of files in bronze
    are kept. `root` is the folder as in their paths. Raises SoundlakeError where records in bronze came from another
    folder: its files would be read again under other names.
    """
    places = held.select("stream", "partition").distinct().collect()
    prefix = _plain(root).rstrip("/")
    foreign = sorted({row["stream"] for row in places if not f"{_plain(row['stream'])}/".startswith(f"{prefix}/")})
    if foreign:
        raise SoundlakeError(
            f"--recover-checkpoint: bronze holds records of files below {foreign[0]}, but source.files.path is {root}: "
            "the same files under another path would be read again. Set source.files.path as it was"
        )
    read = {_plain(f"{row['stream'].rstrip('/')}/{row['partition']}") for row in places}
    query = listing.select("path").writeStream.foreachBatch(lambda *_: None)
    query.option("checkpointLocation", scratch).trigger(availableNow=True).start().awaitTermination()
    storage = Storage(held.sparkSession)
    log = f"{scratch}/sources/0"
    entries = [
        json.loads(line)
        for name in storage.names(log)
        if name.isdigit()
        for line in filter(None, storage.read(f"{log}/{name}").split("\n")[1:])
    ]
    kept = [entry | {"batchId": 0} for entry in entries if _plain(unquote(entry["path"])) in read]
    lines = [json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in kept]
    found = f"{len(read):,} files were read, {len(entries) - len(kept):,} others will be read"
    return Recovered(json.dumps({"logOffset": 0}), found, "\n".join(["v1", *lines]))


def _plain(path: str) -> str:
    """One text for file:/x and file:///x."""
    return re.sub(r"^file:/+", "file:/", path)
