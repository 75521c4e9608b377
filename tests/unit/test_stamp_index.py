"""The stamp index: always what the table says, whatever happened to either."""

from __future__ import annotations

import json
import resource
import shutil
import struct
from base64 import b85encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.stamped import Stamp, StampTable, asked
from soundlake.errors import SoundlakeError
from soundlake.refine.index import IndexLimits, StampIndex
from soundlake.refine.segments import FANOUT, Keys, Segment, look_up
from soundlake.refine.stamp_log import ONLY_DOMINATED, StampLog, TablePosition

pytestmark = pytest.mark.heavy

SMALL = IndexLimits(memory_rows=8, commits=4, built_rows=12, segment_rows=64, block_rows=5)
IDS = [f"track-{number}" for number in range(12)]
Open = Callable[..., StampIndex]


@pytest.fixture
def table(tmp_path: Path) -> StampTable:
    """A table with three batches."""
    table = StampTable(tmp_path / "lake" / "silver" / "stamps")
    for number in range(3):
        table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS[number : number + 5]])
    return table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the index is."""
    return tmp_path / "index"


@pytest.fixture
def saved(table: StampTable, folder: Path) -> Path:
    """The folder of an index that was saved when the table had three batches."""
    index = StampIndex(table.open, folder)
    index.catch_up("q/3")
    index.close()
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of tables that have been read."""
    files: list[str] = []
    read = StampLog.read

    def noting(log: StampLog, file: str) -> Iterator[pa.Table]:
        files.append(file)
        return read(log, file)

    monkeypatch.setattr(StampLog, "read", noting)
    return files


def check(index: StampIndex, table: StampTable, batch: str = "q/9") -> None:
    """The index says what the table says."""
    index.catch_up(batch)
    assert asked(index, IDS, batch) == table.known(IDS, batch)


class TestKnown:
    def test_all_stamps_of_the_keys_are_known(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        asked_for = IDS[2:4]
        expected = [Stamp(id_, hour).known for id_ in asked_for for hour in (0, 1, 2)]
        assert asked(index, asked_for, "q/3") == sorted(expected, key=repr)

    def test_nothing_is_known_of_other_keys(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        assert asked(index, ["never seen"], "q/3") == []

    def test_a_key_that_is_asked_twice_is_answered_once(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        assert asked(index, [IDS[0], IDS[0]], "q/3") == [Stamp(IDS[0]).known]

    def test_a_stamp_without_a_hash_of_values_has_none(self, table: StampTable, folder: Path) -> None:
        table.append("q/3", [Stamp("a play", values_hash=None)])
        index = StampIndex(table.open, folder)
        index.catch_up("q/4")
        assert asked(index, ["a play"], "q/4") == [Stamp("a play", values_hash=None).known]

    def test_nothing_is_known_before_there_is_a_table(self, tmp_path: Path, folder: Path) -> None:
        table = StampTable(tmp_path / "later")
        index = StampIndex(table.open, folder)
        check(index, table, "q/0")
        table.append("q/0", [Stamp(IDS[0])])
        check(index, table, "q/1")

    def test_times_of_spark_are_read_in_every_year(self, table: StampTable, folder: Path) -> None:
        far = Stamp(IDS[0], hour=24 * 365 * 400)
        pq.write_table(table.rows("q/3", [far]), table.path / "int96.parquet", use_deprecated_int96_timestamps=True)
        add = {"path": "int96.parquet", "partitionValues": {}, "size": 1, "modificationTime": 1, "dataChange": True}
        table.commit_file(3).write_text(json.dumps({"add": add}))
        table.stamps.append(("q/3", far))
        check(StampIndex(table.open, folder), table)

    def test_a_table_with_deletion_vectors_is_refused(self, tmp_path: Path, folder: Path) -> None:
        table = StampTable(tmp_path / "stamps")
        table.append("q/0", [Stamp(IDS[0], hour) for hour in range(30)])
        (line,) = (line for line in table.commit_file(0).read_text().splitlines() if '"add"' in line)
        add = json.loads(line)["add"]
        vector = {"storageType": "i", "pathOrInlineDv": deletion_vector(3, 7), "sizeInBytes": 36, "cardinality": 2}
        features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
        actions = [
            {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7} | features},
            {"remove": {"path": add["path"], "dataChange": True, "deletionTimestamp": 1}},
            {"add": add | {"deletionVector": vector}},
        ]
        table.commit_file(1).write_text("\n".join(map(json.dumps, actions)))
        with pytest.raises(SoundlakeError, match="has deletion vectors.*PURGE"):
            StampIndex(table.open, folder).catch_up("q/1")

    def test_it_answers_for_no_batch_that_it_was_not_caught_up_for(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        with pytest.raises(ValueError, match="q/3, not for q/4"):
            asked(index, IDS, "q/4")

    def test_a_table_that_cannot_be_read_is_named(self, table: StampTable, folder: Path) -> None:
        for file in table.path.glob("*.parquet"):
            file.write_bytes(b"no parquet")
        with pytest.raises(SoundlakeError, match="silver/stamps cannot be read"):
            StampIndex(table.open, folder).catch_up("q/3")


class TestOwnBatch:
    """A batch that is done again must be judged as the first time."""

    def test_what_a_batch_wrote_is_left_out_when_it_is_done_again(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        check(index, table, "q/3")
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        check(index, table, "q/3")

    def test_so_is_what_it_wrote_before_a_start(self, table: StampTable, saved: Path) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        check(StampIndex(table.open, saved), table, "q/3")

    def test_so_it_is_by_an_index_that_is_made_anew(self, table: StampTable, folder: Path) -> None:
        check(StampIndex(table.open, folder), table, "q/2")

    def test_the_next_batch_knows_it(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        check(index, table, "q/2")
        check(index, table, "q/3")

    def test_it_is_left_out_after_more_was_read_than_stays_in_memory(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder, SMALL)
        check(index, table, "q/3")
        for hour in range(5):
            table.append("q/3", [Stamp(id_, hour) for id_ in IDS])
            check(index, table, "q/3")
        index.close()
        check(StampIndex(table.open, folder, SMALL), table, "q/3")

    def test_it_is_left_out_though_another_query_has_been_at_work_since(self, table: StampTable, folder: Path) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        other = StampIndex(table.open, folder)
        check(other, table, "replay/0")
        other.close()
        check(StampIndex(table.open, folder), table, "q/3")

    def test_it_is_left_out_though_it_was_known_to_another_query_between(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder)
        for batch in ("q/2", "replay/0", "q/2"):
            check(index, table, batch)


class TestFollowing:
    """What happens to the table while it is followed, and between two starts."""

    @pytest.fixture(params=["running", "started again"])
    def again(self, request: pytest.FixtureRequest, table: StampTable, folder: Path) -> Open:
        """An index that knows the table as it was; it goes on, or is opened anew after a crash."""
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        return lambda: index if request.param == "running" else StampIndex(table.open, folder)

    def test_new_commits_are_read_and_no_others(self, table: StampTable, again: Open, read: list[str]) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        table.append("q/4", [Stamp(IDS[1], hour=4), Stamp(IDS[11], hour=4)])
        read.clear()
        check(again(), table)
        assert len(read) == 2

    def test_nothing_is_read_where_nothing_is_new(self, table: StampTable, again: Open, read: list[str]) -> None:
        read.clear()
        check(again(), table)
        assert read == []

    def test_files_that_were_joined_are_not_read_again(self, table: StampTable, again: Open, read: list[str]) -> None:
        table.compact()
        table.vacuum()
        read.clear()
        check(again(), table)
        assert read == []

    def test_commits_whose_files_are_gone_are_known(self, table: StampTable, again: Open) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        table.append("q/4", [Stamp(IDS[1], hour=4)])
        table.compact()
        table.vacuum()
        check(again(), table)

    def test_a_deletion_that_says_the_same_changes_nothing(
        self, table: StampTable, again: Open, read: list[str]
    ) -> None:
        table.delete(IDS[2], note=ONLY_DOMINATED)
        read.clear()
        check(again(), table)
        assert read == []

    @pytest.mark.parametrize("note", [None, "soundlake: only dominated stamps removed or not"])
    def test_stamps_that_were_deleted_are_not_known(self, table: StampTable, again: Open, note: str | None) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        table.delete(IDS[0], note)
        table.append("q/4", [Stamp(IDS[1], hour=4)])
        check(again(), table)

    def test_a_table_that_was_made_anew_is_read_anew(self, table: StampTable, again: Open) -> None:
        table.make_anew()
        for number in range(5):
            table.append(f"p/{number}", [Stamp(IDS[number], hour=9)])
        check(again(), table)

    def test_a_table_that_is_gone_is_forgotten(self, table: StampTable, again: Open) -> None:
        table.make_anew()
        check(again(), table)

    def test_a_table_that_was_set_back_is_read_anew(self, table: StampTable, again: Open, tmp_path: Path) -> None:
        kept, stamps = tmp_path / "kept", list(table.stamps)
        index = again()
        shutil.copytree(table.path, kept)
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        check(index, table, "q/4")
        index.close()
        shutil.rmtree(table.path)
        kept.rename(table.path)
        table.stamps = stamps
        check(again(), table)

    def test_a_table_that_was_set_back_and_went_on_is_read_anew(self, table: StampTable, again: Open) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        index = again()
        check(index, table, "q/4")
        index.close()
        for file in table.commit_file(3), *table.path.glob("*.checkpoint.parquet"):
            file.unlink(missing_ok=True)
        table.stamps = table.stamps[:-1]
        table.append("q/3", [Stamp(IDS[1], hour=4)])
        check(again(), table)

    def test_a_commit_that_gives_the_table_another_id_is_read_anew(
        self, table: StampTable, again: Open, read: list[str]
    ) -> None:
        (metadata,) = (line for line in table.commit_file(0).read_text().splitlines() if '"metaData"' in line)
        action = json.loads(metadata)
        table.commit_file(3).write_text(json.dumps({"metaData": action["metaData"] | {"id": "another"}}))
        read.clear()
        check(again(), table)
        assert len(read) == 3

    def test_commits_that_expired_leave_nothing_out(self, table: StampTable, again: Open) -> None:
        self.lose_commits(table, range(5))
        check(again(), table)

    def test_a_commit_that_is_gone_leaves_nothing_out_after_a_start(self, table: StampTable, saved: Path) -> None:
        self.lose_commits(table, range(3, 5))
        check(StampIndex(table.open, saved), table)

    @staticmethod
    def lose_commits(table: StampTable, versions: range) -> None:
        """Go on to version 5, behind which these commits are gone."""
        for number in range(3, 6):
            table.append(f"q/{number}", [Stamp(IDS[0], hour=number)])
        opened = table.open()
        assert opened is not None
        opened.create_checkpoint()
        for version in versions:
            table.commit_file(version).unlink()


class TestReopening:
    """What the table was opened with may be too old."""

    def test_a_reading_that_fails_is_done_again_with_the_table_opened_anew(
        self, table: StampTable, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        read, expired = StampLog.read, index._log

        def refused(log: StampLog, file: str) -> Iterator[pa.Table]:
            if log is expired:
                raise PermissionError("the token has expired")
            return read(log, file)

        monkeypatch.setattr(StampLog, "read", refused)
        check(index, table)

    def test_files_that_go_while_it_is_made_are_no_failure(self, table: StampTable, folder: Path) -> None:
        opened = table.open()
        table.compact()
        table.vacuum()
        answers = iter([opened])
        check(StampIndex(lambda: next(answers, None) or table.open(), folder), table)

    def test_nothing_is_believed_when_the_table_is_gone_then(
        self, table: StampTable, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        table.make_anew()

        def refused(log: StampLog, position: TablePosition) -> Iterator[tuple[TablePosition, list[str]]]:
            raise PermissionError("the token has expired")

        monkeypatch.setattr(StampLog, "since", refused)
        check(index, table)


class TestFolder:
    """What happens to the folder between two starts."""

    def test_what_was_saved_is_not_read_again(self, table: StampTable, saved: Path, read: list[str]) -> None:
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        check(StampIndex(table.open, saved), table)
        assert len(read) == 1

    def test_a_deleted_index_is_made_anew(self, table: StampTable, saved: Path) -> None:
        shutil.rmtree(saved)
        check(StampIndex(table.open, saved), table)

    def test_what_was_read_since_is_saved_at_the_end(self, table: StampTable, folder: Path, read: list[str]) -> None:
        index = StampIndex(table.open, folder)
        index.catch_up("q/3")
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        index.catch_up("q/4")
        index.close()
        read.clear()
        check(StampIndex(table.open, folder), table)
        assert read == []

    def test_one_of_a_table_with_another_id_is_made_anew(self, table: StampTable, saved: Path, read: list[str]) -> None:
        opened = table.open()
        assert opened is not None
        first = table.commit_file(0)
        first.write_text(first.read_text().replace(str(opened.metadata().id), "another"))
        read.clear()
        check(StampIndex(table.open, saved), table)
        assert len(read) == 3

    def test_one_of_another_lake_is_made_anew(self, table: StampTable, saved: Path, tmp_path: Path) -> None:
        other = StampTable(tmp_path / "other")
        for number in range(3):
            other.append(f"q/{number}", [Stamp(IDS[11], hour=number)])
        check(StampIndex(other.open, saved), other)

    @pytest.mark.parametrize("pattern", ["manifest.json", "*.segment"])
    @pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
    def test_one_that_was_cut_off_is_made_anew(
        self, table: StampTable, saved: Path, pattern: str, share: float, caplog: pytest.LogCaptureFixture
    ) -> None:
        (file,) = saved.glob(pattern)
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * share)])
        check(StampIndex(table.open, saved), table)
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    def test_one_whose_manifest_tells_of_another_batch_is_made_anew(
        self, table: StampTable, saved: Path, read: list[str]
    ) -> None:
        manifest = saved / "manifest.json"
        content = manifest.read_text()
        assert content.count('"q":2') == 1
        manifest.write_text(content.replace('"q":2', '"q":1'))
        check(StampIndex(table.open, saved), table)
        assert len(read) == 3

    def test_one_without_a_segment_is_made_anew(self, table: StampTable, saved: Path) -> None:
        (file,) = saved.glob("*.segment")
        file.unlink()
        check(StampIndex(table.open, saved), table)

    def test_one_of_another_format_is_made_anew(
        self, table: StampTable, saved: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
    ) -> None:
        monkeypatch.setattr("soundlake.refine.index_folder._FORMAT", 3)
        check(StampIndex(table.open, saved), table)
        assert len(read) == 3

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(["manifest.json", "*.segment"]), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
    def test_a_damaged_byte_anywhere_never_gives_a_wrong_answer(
        self, table: StampTable, saved: Path, read: list[str], pattern: str, place: float, damage: int
    ) -> None:
        (file,) = saved.glob(pattern)
        data = bytearray(file.read_bytes())
        data[int(len(data) * place)] ^= damage
        file.write_bytes(data)
        read.clear()
        index = StampIndex(table.open, saved)
        check(index, table)
        index.close()
        assert len(read) == 3

    def test_files_that_a_crash_has_left_are_removed(self, table: StampTable, saved: Path) -> None:
        (saved / "left.segment").write_bytes(b"half a segm")
        StampIndex(table.open, saved).catch_up("q/3")
        assert not (saved / "left.segment").exists()

    def test_an_index_that_is_mostly_of_dropped_stamps_is_made_anew(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder, SMALL)
        for number in range(3, 9):
            table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS[1:]])
        index.catch_up("q/9")
        index.close()
        for id_ in IDS[1:]:
            table.delete(id_, note=ONLY_DOMINATED)
        again = StampIndex(table.open, folder, SMALL)
        again.catch_up("q/9")
        assert asked(again, IDS, "q/9") == [Stamp(IDS[0]).known]

    def test_so_is_one_that_is_in_use_while_they_are_dropped(self, table: StampTable, folder: Path) -> None:
        index = StampIndex(table.open, folder, SMALL)
        for number in range(3, 9):
            table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS[1:]])
            index.catch_up(f"q/{number + 1}")
        for id_ in IDS[1:]:
            table.delete(id_, note=ONLY_DOMINATED)
        for number in range(9, 20):
            table.append(f"q/{number}", [Stamp(IDS[0], hour=number)])
            index.catch_up(f"q/{number + 1}")
        assert asked(index, IDS[1:], "q/20") == []
        check(index, StampTable(table.path, [(b, s) for b, s in table.stamps if s.id == IDS[0]]), "q/20")


class TestWriting:
    """Memory is written to files, and files are merged."""

    @pytest.mark.parametrize("limits", [IndexLimits(memory_rows=9), IndexLimits(commits=3)], ids=["rows", "commits"])
    def test_what_is_much_is_written_before_the_end(
        self, table: StampTable, folder: Path, read: list[str], limits: IndexLimits
    ) -> None:
        index = StampIndex(table.open, folder, limits)
        index.catch_up("q/3")
        for number in range(3, 7):
            table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS[:4]])
            index.catch_up(f"q/{number + 1}")
        read.clear()
        check(StampIndex(table.open, folder, limits), table)  # the other one was never closed
        assert len(read) == 1

    def test_few_segments_are_searched(self, table: StampTable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        searched: list[int] = []

        def counting(segments: list[Segment], keys: Keys) -> pa.Table:
            searched.append(len(segments))
            return look_up(segments, keys)

        monkeypatch.setattr("soundlake.refine.index.look_up", counting)
        index = StampIndex(table.open, folder)
        for number in range(3, 36):
            table.append(f"q/{number}", [Stamp(IDS[0], hour=number)])
            check(index, table, f"q/{number + 1}")
        assert max(searched) <= (FANOUT - 1) * 4  # of up to 34

    def test_files_are_few(self, tmp_path: Path, folder: Path) -> None:
        table = StampTable(tmp_path / "many")
        limits = IndexLimits(memory_rows=1, segment_rows=1000)
        index = StampIndex(table.open, folder, limits)
        for number in range(65):
            table.append(f"q/{number}", [Stamp(IDS[0], hour=2 * number), Stamp(IDS[1], hour=2 * number)])
            index.catch_up(f"q/{number + 1}")
        assert asked(index, IDS, "q/65") == table.known(IDS, "q/65")
        assert len(list(folder.glob("*.segment"))) <= 4 * 3  # of 64 and more

    def test_no_segment_grows_beyond_the_bound(self, table: StampTable, folder: Path) -> None:
        for number in range(3, 20):
            table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS])
        index = StampIndex(table.open, folder, SMALL)
        check(index, table, "q/20")
        sizes = [each["rows"] for each in json.loads((folder / "manifest.json").read_text())["content"]["segments"]]
        assert sum(sizes) == len(table.stamps)
        assert max(sizes) <= SMALL.segment_rows

    def test_a_folder_that_cannot_be_written_costs_memory_and_a_warning(
        self, table: StampTable, folder: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder.write_text("no folder")
        index = StampIndex(table.open, folder)
        check(index, table, "q/3")
        assert "cannot be written and stays in memory" in caplog.text
        table.append("q/3", [Stamp(IDS[0], hour=3)])
        check(index, table, "q/4")
        assert len(caplog.records) == 2  # that it is made anew and that it is not written, once

    def test_it_is_written_when_that_is_possible_again(self, table: StampTable, folder: Path) -> None:
        folder.write_text("no folder")
        index = StampIndex(table.open, folder, SMALL)
        check(index, table, "q/3")
        folder.unlink()
        for number in range(3, 6):
            table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS])
            check(index, table, f"q/{number + 1}")
        assert (folder / "manifest.json").exists()

    def test_a_full_disk_leaves_what_was_saved_before(self, table: StampTable, saved: Path, read: list[str]) -> None:
        index = StampIndex(table.open, saved, SMALL)
        for number in range(3, 9):
            table.append(f"q/{number}", [Stamp(id_, hour=number) for id_ in IDS])
        before = sorted(saved.iterdir())
        with no_file_longer_than(3000):
            check(index, table, "q/9")
            index.close()
        assert sorted(saved.iterdir()) == before
        read.clear()
        check(StampIndex(table.open, saved), table)
        assert len(read) == 6


def deletion_vector(*rows: int) -> str:
    """A deletion vector of an even number of rows, as it stands in a log: a bitmap of Roaring's, in Z85."""
    bitmap = struct.pack(f"<IIHHI{len(rows)}H", 12346, 1, 0, len(rows) - 1, 16, *rows)
    text = b85encode(struct.pack("<IQI", 1681511377, 1, 0) + bitmap).decode()
    return text.translate(str.maketrans(_BASE85, _Z85))


_BASE85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


@contextmanager
def no_file_longer_than(limit: int) -> Iterator[None]:
    """What writes more gets an OSError, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


_STAMPS = st.lists(
    st.builds(Stamp, st.sampled_from(IDS), st.integers(0, 50), st.integers(1, 9), st.none() | st.integers(0, 2)),
    min_size=1,
    max_size=12,
)
_STEPS = st.one_of(
    st.tuples(st.just("append"), _STAMPS),
    st.tuples(st.just("dying append"), _STAMPS),
    st.tuples(st.just("delete"), st.sampled_from(IDS)),
    st.tuples(st.sampled_from(["compact", "close", "crash"]), st.none()),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_STEPS, min_size=1, max_size=10))
def test_any_commits_and_starts_give_what_the_table_says(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    table = StampTable(folder / "stamps")
    index = StampIndex(table.open, folder / "index", SMALL)
    batches = count()
    batch = f"q/{next(batches)}"
    table.append("other/0", [Stamp(id_) for id_ in IDS[:3]])
    for step, said in steps:
        match step:
            case "append":
                table.append(batch, said)  # type: ignore[arg-type]
                batch = f"q/{next(batches)}"
            case "dying append":  # the same batch is done again
                table.append(batch, said)  # type: ignore[arg-type]
            case "delete":
                table.delete(said)  # type: ignore[arg-type]
            case "compact":
                table.compact()
            case _:
                if step == "close":
                    index.close()
                index = StampIndex(table.open, folder / "index", SMALL)
        check(index, table, batch)
