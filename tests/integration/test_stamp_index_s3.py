"""The stamp index, of a table on S3: the same as on a disk."""

from __future__ import annotations

from pathlib import Path

from deltalake import DeltaTable, write_deltalake

from helpers.on_s3 import new_bucket
from helpers.services.object_store import ObjectStore
from helpers.stamped import Stamp, StampTable, asked
from soundlake.refine.index import StampIndex


def test_an_index_follows_a_table_on_s3(object_store: ObjectStore, tmp_path: Path) -> None:
    uri, options = f"s3://{new_bucket(object_store)}/lake/silver/stamps", object_store.storage_options

    def append(number: int) -> None:
        rows = StampTable.rows(f"q/{number}", [Stamp("a", hour=number), Stamp(f"b {number}", hour=number)])
        write_deltalake(uri, rows, mode="append", storage_options=options)

    def opened() -> DeltaTable:
        return DeltaTable(uri, storage_options=options)

    append(0)
    index = StampIndex(opened, tmp_path / "index")
    index.catch_up("q/1")
    assert asked(index, ["a"], "q/1") == [Stamp("a").known]
    append(1)
    opened().optimize.compact()
    append(2)
    index.catch_up("q/2")  # the batch that has written last is done again
    assert asked(index, ["a"], "q/2") == [Stamp("a").known, Stamp("a", hour=1).known]
    index.close()
    opened().delete("id = 'b 0'")
    index.catch_up("q/3")
    assert asked(index, ["a", "b 0", "b 2"], "q/3") == sorted(
        [*[Stamp("a", hour).known for hour in range(3)], Stamp("b 2", hour=2).known], key=repr
    )
