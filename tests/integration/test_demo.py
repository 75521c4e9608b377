"""The demo: what it prints is in the tables, a second run adds nothing, and no layout of the records matters."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from pyspark.sql import SparkSession

from helpers.asking import answers, tables_of
from helpers.charts import GLOBAL, JAPAN, charts, lives
from helpers.demo import demo
from helpers.reading import rows, silver
from soundlake import stream
from soundlake.insights import Insight, load_insights
from soundlake.kinds import KINDS
from soundlake.lake import Lake
from soundlake.launch.paths import ROOT
from soundlake.ops.maintenance import catch_up
from soundlake.settings import load_settings
from soundlake.tables import (
    BATCHES,
    CLUSTER_MODELS,
    CLUSTER_PROFILES,
    EVENTS,
    PLAYS,
    REJECTED,
    TABLES,
    TRACK_CLUSTERS,
    TRACKS,
)

RECORDS = ROOT / "sample" / "records"
COUNTED = ("read", "accepted", "duplicate", "stale", "rejected")


@pytest.fixture(scope="module")
def lake(demo_lake: Path) -> Path:
    return demo_lake


@pytest.fixture(scope="module")
def printed(demo_lake: Path) -> str:
    return (demo_lake.parent / "printed").read_text()


@pytest.fixture(scope="module")
def run_again(lake: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A lake on which the demo ran a second time, and what that run prints; a copy, as other tests read the first."""
    again = tmp_path_factory.mktemp("again") / "lake"
    copytree(lake, again)
    return again, demo(again)


def cells(printed: str, title: str) -> list[list[str]]:
    """The rows of the printed table under a title."""
    lines = printed.split(title, 1)[1].splitlines()
    end = next(number for number, line in enumerate(lines) if line.startswith("└"))
    return [[cell.strip() for cell in line.strip("│┃").split("│")] for line in lines[:end] if line.startswith("│")]


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_counts_of_tables_are_those_another_reader_finds(printed: str, lake: Path) -> None:
    by_path = {table.path: table for table in TABLES}
    said = {path: number(count) for path, count in cells(printed, "Tables in")}
    found = {path: len(rows(lake, by_path[path])) for path in said if path in by_path}
    assert found == {path: count for path, count in said.items() if path in by_path}
    assert set(said) - set(found) == {insight.table.path for insight in load_insights()}
    assert all(said.values())


def test_the_readme_shows_what_the_demo_prints(printed: str) -> None:
    title = "Records of this run"
    assert cells((ROOT / "README.md").read_text(), title) == cells(printed, title)


def test_who_is_made_up_is_called_so(printed: str) -> None:
    assert "Made-up listeners: the sample's plays are generated." in printed


def test_every_record_of_the_sample_is_counted_once_under_its_kind(printed: str, lake: Path) -> None:
    in_files = Counter[str]()
    for file in RECORDS.glob("*/*.gz"):
        in_files["all"] += sum(1 for line in gzip.decompress(file.read_bytes()).splitlines() if line.strip())
    said = {kind: [number(count) for count in counts] for kind, *counts in cells(printed, "Records of this run")}
    account = rows(lake, BATCHES)[0]
    for kind, counts in dict(account["by_kind"]).items():
        assert said[kind] == [counts[name] for name in COUNTED]
    assert said["all"][0] == in_files["all"] == len(rows(lake, EVENTS))
    assert said["all"][0] == sum(said["all"][1:])
    assert said["all"][4] == len(rows(lake, REJECTED))


def test_the_clusters_have_their_sizes_and_three_of_their_tracks(printed: str, lake: Path) -> None:
    sizes = Counter(row["cluster"] for row in rows(lake, TRACK_CLUSTERS))
    (model,) = [row["model_version"] for row in rows(lake, CLUSTER_MODELS) if row["is_current"]]
    profiles = {row["cluster"]: row for row in rows(lake, CLUSTER_PROFILES) if row["model_version"] == model}
    names = {row["track_id"]: row["track_name"] for row in rows(lake, TRACKS)}
    shown = cells(printed, "Clusters")
    heads = {int(row[0]): row for row in shown if row[0]}
    assert {cluster: (row[1], number(row[2])) for cluster, row in heads.items()} == {
        cluster: (profile["cluster_name"], sizes[cluster]) for cluster, profile in profiles.items()
    }
    examples: dict[int, list[str]] = {}
    for row in shown:  # the rows below a cluster's first go on with its examples
        cluster = int(row[0]) if row[0] else max(examples)
        examples.setdefault(cluster, []).append(row[3])
    for cluster, titles in examples.items():
        nearest = [names[track][:40] for track in profiles[cluster]["exemplar_track_ids"][:3]]
        assert [title.startswith(name) for title, name in zip(titles, nearest, strict=True)] == [True] * 3


def test_the_top_artists_are_those_of_the_plays(printed: str, lake: Path) -> None:
    plays = Counter(
        row["artist_name"] for row in rows(lake, PLAYS) if row["content_type"] == "track" and row["artist_name"]
    )
    said = [(row[1], number(row[2])) for row in cells(printed, "Top 10 artists")]
    assert [count for _, count in said] == [count for _, count in plays.most_common(10)]
    assert all(plays[artist] == count for artist, count in said)


@pytest.mark.slow
@pytest.mark.nightly
def test_a_second_run_adds_nothing(printed: str, run_again: tuple[Path, str], lake: Path) -> None:
    again, second = run_again
    assert "Records of this run: nothing new" in second
    assert silver(again) == silver(lake)
    changing = r"gold/cluster_(models|profiles|choices|map|axes)|ops/(batches|maintenance)"  # another training, upkeep
    unchanged = [row for row in cells(printed, "Tables in") if not re.match(changing, row[0])]
    assert unchanged == [row for row in cells(second, "Tables in") if not re.match(changing, row[0])]


@pytest.mark.slow
def test_the_marts_are_what_another_engine_makes_of_the_same_tables(lake: Path) -> None:
    expected = answers(tables_of(lake))
    for insight in load_insights():
        found = in_order(rows(lake, insight.table), insight)
        assert found == [about(row) for row in in_order(expected[insight.name].to_pylist(), insight)]


def about(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose doubles need not be the same to the last digit: engines add them in another order."""
    return {k: pytest.approx(v, abs=1e-5) if isinstance(v, float) else v for k, v in row.items()}


def in_order(mart: list[dict[str, Any]], insight: Insight) -> list[dict[str, Any]]:
    return sorted(mart, key=lambda row: repr([row[name] for name in insight.key]))


@pytest.mark.parametrize("name", [JAPAN, GLOBAL])
def test_the_charts_have_the_history_that_the_records_tell(printed: str, lake: Path, name: str) -> None:
    (mart,) = [insight.table for insight in load_insights() if insight.name == "chart_tracks"]
    found = {row["track_id"]: row for row in rows(lake, mart) if row["playlist_name"] == name}
    expected = {track: life.summary for track, life in lives(charts()[name]).items()}
    assert {track: {key: row[key] for key in expected[track]} for track, row in found.items()} == expected


@pytest.mark.slow
@pytest.mark.nightly
def test_other_orders_other_batches_and_repeats_give_the_same_silver(
    spark: SparkSession, printed: str, lake: Path, tmp_path: Path
) -> None:
    landed, other = tmp_path / "landed", tmp_path / "lake"
    chance = random.Random(7)  # noqa: S311 - shuffles, no secrets
    settings = load_settings(None, [f"source.files.path={landed}"], lake=str(other), env={})
    parts = [_dealt(file, chance) for file in sorted(RECORDS.glob("*/*.gz"))]
    for turn in range(2):
        chance.shuffle(parts)
        for place, (file, dealt) in enumerate(parts):
            _write(landed / file.parent.name / f"turn-{turn}-{place}.ndjson", dealt[turn], file.stat().st_mtime_ns)
        stream.run(spark, settings, once=True)
    for kind in KINDS.values():
        if "fetched_at" in kind.volatile:
            catch_up(spark, Lake(str(other)), kind)
    assert len(rows(other, BATCHES)) == 2
    assert silver(other) == silver(lake)
    assert set(map(_flaw, rows(other, REJECTED))) == set(map(_flaw, rows(lake, REJECTED)))


def _dealt(file: Path, chance: random.Random) -> tuple[Path, tuple[list[bytes], list[bytes]]]:
    """The records of a file in another order, over two turns; a fifth of the first turn comes again in the second."""
    lines = [line for line in gzip.decompress(file.read_bytes()).splitlines() if line.strip()]
    chance.shuffle(lines)
    good = [line for line in lines if _is_record(line)]
    half = len(lines) // 2
    again = good[: len(good) // 5]
    return file, (lines[:half], lines[half:] + again)


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _write(file: Path, lines: list[bytes], mtime: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_name(f"_{file.name}")
    whole.write_bytes(b"\n".join(lines) + b"\n")
    os.utime(whole, ns=(mtime, mtime))
    whole.rename(file)


def _flaw(row: dict[str, object]) -> str:
    return repr([row[name] for name in ("kind", "reason", "detail", "value")])
