"""A stream goes on only with the checkpoints that belong to its tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from helpers.landing import land, settings_of
from helpers.reading import rows
from soundlake import stream
from soundlake.errors import SoundlakeError
from soundlake.tables import EVENTS, TRACKS

QUERIES = ("ingest", "refine")


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landed")
    land(folder, "a.ndjson", "t1", "t2")
    return folder


@pytest.fixture(scope="module")
def first(spark: SparkSession, landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after one run."""
    lake = tmp_path_factory.mktemp("first") / "lake"
    stream.run(spark, settings_of(lake, landed), once=True)
    return lake


@pytest.fixture(scope="module")
def second(spark: SparkSession, first: Path, landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same lake after another file was taken."""
    lake = tmp_path_factory.mktemp("second") / "lake"
    shutil.copytree(first, lake)
    land(landed, "b.ndjson", "t3")
    stream.run(spark, settings_of(lake, landed), once=True)
    return lake


@pytest.fixture
def lake(second: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(second, tmp_path / "lake"))


def refusal(spark: SparkSession, lake: Path, landed: Path) -> str:
    """What a start is refused with; nothing may have been written."""
    before = rows(lake, EVENTS)
    with pytest.raises(SoundlakeError) as refused:
        stream.run(spark, settings_of(lake, landed), once=True)
    assert rows(lake, EVENTS) == before
    return str(refused.value)


def test_a_lake_goes_on_where_it_was(second: Path) -> None:
    assert sorted(row["track_id"] for row in rows(second, TRACKS)) == ["t1", "t2", "t3"]
    assert len(rows(second, EVENTS)) == 3


@pytest.mark.parametrize("query", QUERIES)
def test_a_deleted_checkpoint_is_refused(spark: SparkSession, lake: Path, landed: Path, query: str) -> None:
    shutil.rmtree(lake / "_checkpoints" / query)
    message = refusal(spark, lake, landed)
    assert message.startswith(f"{query}: the checkpoint")
    assert "is gone" in message
    assert "docs/operations.md" in message


@pytest.mark.parametrize("query", QUERIES)
def test_the_checkpoint_of_another_lake_is_refused(
    spark: SparkSession, lake: Path, landed: Path, query: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    stream.run(spark, settings_of(other, landed), once=True)
    shutil.rmtree(lake / "_checkpoints" / query)
    shutil.copytree(other / "_checkpoints" / query, lake / "_checkpoints" / query)
    assert "is another one" in refusal(spark, lake, landed)


def test_swapped_checkpoints_are_refused(spark: SparkSession, lake: Path, landed: Path) -> None:
    checkpoints = lake / "_checkpoints"
    (checkpoints / "ingest").rename(checkpoints / "moved")
    (checkpoints / "refine").rename(checkpoints / "ingest")
    (checkpoints / "moved").rename(checkpoints / "refine")
    assert "is another one" in refusal(spark, lake, landed)


@pytest.mark.parametrize("query", QUERIES)
def test_an_older_copy_of_a_checkpoint_is_refused(
    spark: SparkSession, first: Path, lake: Path, landed: Path, query: str
) -> None:
    shutil.rmtree(lake / "_checkpoints" / query)
    shutil.copytree(first / "_checkpoints" / query, lake / "_checkpoints" / query)
    assert "cut off or an older copy" in refusal(spark, lake, landed)


def test_a_table_that_is_an_older_copy_is_refused(spark: SparkSession, first: Path, lake: Path, landed: Path) -> None:
    shutil.rmtree(lake / EVENTS.path)
    shutil.copytree(first / EVENTS.path, lake / EVENTS.path)
    assert "the table is an older copy" in refusal(spark, lake, landed)


def test_a_checkpoint_without_its_table_is_refused(spark: SparkSession, lake: Path, landed: Path) -> None:
    shutil.rmtree(lake / EVENTS.path)
    assert "the table it fed is gone" in refusal(spark, lake, landed)


def test_a_checkpoint_that_is_cut_off_is_refused(spark: SparkSession, lake: Path, landed: Path) -> None:
    metadata = lake / "_checkpoints" / "ingest" / "metadata"
    metadata.write_text(metadata.read_text()[:7])
    metadata.with_name(".metadata.crc").unlink(missing_ok=True)
    assert "cut off" in refusal(spark, lake, landed)


def test_a_start_that_died_between_table_and_checkpoint_is_completed(
    spark: SparkSession, landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"

    def die(*_: object) -> None:
        raise OSError("the process is gone")

    with monkeypatch.context() as patched:
        patched.setattr("soundlake.storage.Storage.write", die)
        with pytest.raises(OSError, match="gone"):
            stream.run(spark, settings_of(lake, landed), once=True)
    stream.run(spark, settings_of(lake, landed), once=True)
    assert len(rows(lake, EVENTS)) == len(rows(lake, TRACKS)) == 3
