"""gold/play_matches: the tracks of plays with names but no id, matched again when plays, tracks or rules change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial, reduce
from hashlib import sha256
from importlib.resources import files
from operator import and_

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from soundlake import matching
from soundlake.core.schema import arrow_type, table_of
from soundlake.frames import collect, frame_of
from soundlake.insights.build_record import BuildRecord, read_build_record, write_with_record
from soundlake.lake import Lake
from soundlake.matching.tracks import PlayedTrack, Track, TrackMatcher, Wanted
from soundlake.tables import PLAY_MATCHES, PLAYS, TRACKS, Table

_HEARD = ("track_name", "artist_name", "album_name", "isrc")
_OF_TRACK = ("track_id", "track_name", "artist_names", "artist_id", "album_name", "isrc", "duration_ms")
_FOUND = ("track_id", "method", "confidence")


def write_play_matches(spark: SparkSession, lake: Lake) -> int | None:
    """Bring gold/play_matches up to date; returns its rows, None where there is no such table as nothing needs one.

    What was heard is never rewritten: a play keeps its names in silver/plays, and readers join the table by `play_id`.
    """
    versions = {table: _version(spark, lake, table) for table in (PLAYS, TRACKS)}
    inputs = {table.view: _name(spark, lake, table, version) for table, version in versions.items()}
    record = BuildRecord(_digest_of_rules(), inputs)
    if read_build_record(spark, lake, PLAY_MATCHES) != record:
        plays, tracks = (lake.read(spark, table, version) for table, version in versions.items())
        without_id = plays.where("content_type = 'track' AND track_id IS NULL")
        found = _matches(without_id, tracks)
        if not found.num_rows and not lake.exists(spark, PLAY_MATCHES):
            return None
        write_with_record(_of_plays(without_id, found), lake, PLAY_MATCHES, record)
    return lake.read(spark, PLAY_MATCHES).count()


def _matches(plays: DataFrame, tracks: DataFrame) -> pa.Table:
    """What was heard, once for each way to say it, and the track that it is; without what was not found.

    What was heard is in the driver's memory, and of the tracks those that may be it.
    """
    heard = [PlayedTrack(**row) for row in collect(plays.select(*_HEARD).distinct()).to_pylist()]
    named = tracks.where("track_name IS NOT NULL").select(*_OF_TRACK)
    candidates = collect(named.mapInArrow(partial(_candidates, Wanted(heard)), named.schema)) if heard else None
    catalogue = TrackMatcher([] if candidates is None else map(_track, candidates.to_pylist()))
    rows = [
        {
            **{name: getattr(one, name) for name in _HEARD},
            "track_id": match.track_id,
            "method": match.way.method,
            "confidence": match.way.confidence,
        }
        for one in heard
        if (match := catalogue.match(one)) is not None
    ]
    types = [(name, arrow_type(PLAYS.type_of(name))) for name in _HEARD]
    types += [(name, arrow_type(PLAY_MATCHES.type_of(name))) for name in _FOUND]
    return table_of(pa.schema(types), rows)


def _candidates(wanted: Wanted, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        pairs = zip(batch["track_name"].to_pylist(), batch["isrc"].to_pylist(), strict=True)
        yield batch.filter(pa.array([wanted.has(name, isrc) for name, isrc in pairs], pa.bool_()))


def _track(row: dict[str, object]) -> Track:
    names = row.pop("artist_names") or ()
    assert isinstance(names, list | tuple)
    return Track(artist_names=tuple(name for name in names if name is not None), **row)  # type: ignore[arg-type]


def _of_plays(plays: DataFrame, found: pa.Table) -> DataFrame:
    """The matches of plays, from those of what is said in them."""
    ddl = ", ".join(f"{name} {PLAYS.type_of(name)}" for name in _HEARD)
    ddl += "".join(f", {name} {PLAY_MATCHES.type_of(name)}" for name in _FOUND)
    matched = frame_of(plays.sparkSession, found, ddl)
    same = reduce(and_, [plays[name].eqNullSafe(matched[name]) for name in _HEARD])
    return plays.join(matched, same, how="inner").select(
        plays["play_id"], plays["user_id"], *[matched[name] for name in _FOUND]
    )


def _version(spark: SparkSession, lake: Lake, table: Table) -> int | None:
    return lake.version(spark, table) if lake.exists(spark, table) else None


def _name(spark: SparkSession, lake: Lake, table: Table, version: int | None) -> str | None:
    return None if version is None else f"{lake.identity(spark, table)}@{version}"


def _digest_of_rules() -> str:
    """A digest of the matching code, so that plays are matched again when its rules change."""
    sources = sorted(file.name for file in files(matching).iterdir() if file.name.endswith(".py"))
    return sha256(b"\n".join((files(matching) / name).read_bytes() for name in sources)).hexdigest()
