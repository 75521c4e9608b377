"""How the marts and the dashboard bear many plays: building all marts, building them again after a day, each page.

    .venv/bin/python tests/bench/many_plays.py --lake lake --plays 10000000

Takes a lake with tracks and marts (`demo`, then `recommend`), works on a copy, and adds made-up plays: of 50,000 users
over two years, few tracks being played by many. The same plays at each run. Pages are drawn in Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from deltalake import DeltaTable
from pyspark import __version__ as spark_version
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

sys.path.insert(0, str(Path(__file__).parents[1]))

from helpers.services.browser import chromium
from helpers.services.dashboard import Shown, dashboard
from soundlake.dashboard.app import PAGES, THINGS
from soundlake.insights.builder import Built, build
from soundlake.lake import Lake, conform
from soundlake.launch.local import spark_environment
from soundlake.session import open_session
from soundlake.settings import load_settings
from soundlake.tables import PLAYS, TRACKS

# What pages answer beside their first question.
QUESTIONS = (
    "search?q=love",
    "search?q=yoasbi",
    "artist?name=YOASOBI",
    "compare?period=all",
    "compare?compare=Two%20listeners",
    "compare?compare=Two%20charts",
    "rising?of=Artists",
    "rising?of=Genres",
    "charts?question=Albums%20of%20a%20year",
    "charts?question=New%20entries",
    "insights?insight=Plays%20by%20week",
)
WANTED = 2.0  # seconds within which a page settles
USERS = 50_000
FIRST, DAYS = date(2024, 1, 1), 730
A_DAY = 24 * 3600


def made_plays(spark: SparkSession, lake: Lake, number: int, first: date, days: int, seed: int) -> DataFrame:
    """Plays at random, of which the first tracks get many and the last few, as in life."""
    names = ("track_id", "track_name", "artist_name", "album_name")
    tracks = lake.read(spark, TRACKS).select(*names)
    known = tracks.count()
    place = F.row_number().over(Window.orderBy("track_id")) - 1
    numbered = F.broadcast(tracks.withColumn("place", place))
    drawn = spark.range(number).withColumns(
        {
            "place": F.floor(F.lit(known) * F.pow(F.rand(seed), F.lit(3))).cast("int"),
            "listener": F.floor(F.lit(USERS) * F.rand(seed + 1)).cast("int"),
            "second": F.floor(F.lit(days * A_DAY) * F.rand(seed + 2)).cast("bigint"),
        }
    )
    start = F.lit(f"{first} 00:00:00").cast("timestamp")
    played_at = F.timestamp_seconds(F.unix_timestamp(start) + F.col("second"))
    plays = drawn.join(numbered, on="place", how="inner").withColumns(
        {
            "user_id": F.concat(F.lit("made-"), F.col("listener").cast("string")),
            "play_id": F.concat(F.lit(f"made-{seed}-"), F.col("id").cast("string")),
            "content_type": F.lit("track"),
            "played_at": played_at,
            "played_date": played_at.cast("date"),
            "ms_played": F.lit(180_000),
            "source": F.lit("made"),
        }
    )
    absent = [column.name for column in PLAYS.columns if column.name not in plays.columns]
    return conform(plays.withColumns({name: F.lit(None) for name in absent}), PLAYS)


def told(built: list[Built]) -> str:
    unchanged = sum(not one.computed for one in built)
    partly = [one for one in built if one.partitions > 1 and 0 < one.computed < one.partitions]
    partitions = ", ".join(f"{one.name} {one.computed} of {one.partitions}" for one in partly)
    return f"{unchanged} of {len(built)} unchanged; in part: {partitions or 'none'}"


@contextmanager
def timed(what: str) -> Iterator[list[str]]:
    began, notes = time.monotonic(), list[str]()
    yield notes
    print(f"{what}: {time.monotonic() - began:.1f} s{''.join(f'; {note}' for note in notes)}", flush=True)


def build_marts(lake: Lake, number: int) -> None:
    settings = load_settings(lake=lake.uri, env={})
    with open_session("bench many plays") as spark:
        with timed(f"{number:,} plays made and written"):
            plays = made_plays(spark, lake, number, FIRST, DAYS, 1)
            plays.write.format("delta").mode("append").save(lake.path(PLAYS))
        with timed("all marts, from the demo's to these") as notes:
            notes.append(told(build(spark, lake, settings)))
        with timed("nothing new") as notes:
            notes.append(told(build(spark, lake, settings)))
        day = FIRST + timedelta(days=DAYS)
        more = made_plays(spark, lake, number // DAYS, day, 1, 2)
        more.write.format("delta").mode("append").save(lake.path(PLAYS))
        with timed(f"one more day, {number // DAYS:,} plays") as notes:
            notes.append(told(build(spark, lake, settings)))


def draw_pages(lake: Path, log: Path) -> None:
    """How long each page takes from the click to the last chart: nothing remembered, then again within a minute."""
    slow = []
    with dashboard(lake, log) as url, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        Shown(page, url).open("")  # the server loads its libraries with the first page
        for path in (*PAGES, *THINGS, *QUESTIONS):
            took = []
            for _ in range(2):
                began = time.monotonic()
                shown = Shown(page, url).open("" if path == "overview" else path)
                took.append(time.monotonic() - began)
                assert shown.errors == [], path
            print(f"page {path}: {took[0]:.1f} s, again {took[1]:.1f} s", flush=True)
            slow += [path] if took[0] > WANTED else []
    print(f"slower than {WANTED} s at first: {', '.join(slow) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--plays", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, help="where to leave the lake that was made")
    options = parser.parse_args()
    os.environ |= spark_environment()
    with tempfile.TemporaryDirectory() as scratch:
        lake = options.keep or Path(scratch) / "lake"
        if not lake.exists():
            shutil.copytree(options.lake, lake)
            build_marts(Lake(str(lake)), options.plays)
        rows = Counter({one.name: DeltaTable(one).count() for one in (lake / "gold").iterdir()})
        print(f"Spark {spark_version}; largest marts: {', '.join(f'{n} {c:,}' for n, c in rows.most_common(5))}")
        draw_pages(lake, Path(scratch) / "dashboard.log")


if __name__ == "__main__":
    main()
