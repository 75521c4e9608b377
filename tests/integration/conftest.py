"""The dashboard in a real browser on the lake of the demo, for the tests of its pages."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from playwright.sync_api import Browser
from pyspark.sql import SparkSession

from helpers.reading import rows
from helpers.records import envelope
from helpers.services.browser import chromium
from helpers.services.dashboard import SIZES, Ask, Shown, dashboard
from helpers.sharing import shared_folder
from soundlake.settings import load_settings
from soundlake.tables import ARTISTS, PLAYS
from soundlake.views import LISTENING

_DAY = 24 * 60 * 60


@pytest.fixture(scope="session")
def shown_lake(request: pytest.FixtureRequest, demo_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's lake, with every table that pages show, and at least two values of all they filter by."""
    from soundlake import stream
    from soundlake.forecast.job import forecast
    from soundlake.insights import builder
    from soundlake.lake import Lake
    from soundlake.recommend.job import recommend

    with shared_folder(tmp_path_factory, "dashboard") as folder:
        lake = folder / "lake"
        if (ready := folder / "ready").exists():
            return lake
        assert not lake.exists(), "another process failed to make this lake: see its tests"
        shutil.copytree(demo_lake, lake)
        land_what_the_sample_lacks(lake, folder / "records")
        spark: SparkSession = request.getfixturevalue("spark")
        settings = load_settings(sets=[f"source.files.path={folder / 'records'}"], lake=str(lake), env={})
        stream.run(spark, settings, once=True)
        builder.build(spark, Lake(str(lake)), settings, ["top_albums", "genre_popularity", "data_quality"])
        if not (lake / "gold" / "recommendations").exists():
            recommend(spark, Lake(str(lake)), settings)
        if not (lake / "gold" / "chart_forecasts").exists():
            forecast(spark, Lake(str(lake)), settings)
        ready.touch()
    return lake


def land_what_the_sample_lacks(lake: Path, folder: Path) -> None:
    """A single, an artist with genres of its own, and records of an earlier day that are not JSON."""
    artist = next(row for row in rows(lake, ARTISTS) if row["artist_name"] == "YOASOBI")
    single = {
        "id": "0singleofthesample00000",
        "name": "One More Song",
        "album_type": "single",
        "release_date": "2019-07-01",
        "popularity": 99,
        "artists": [{"id": artist["artist_id"], "name": artist["artist_name"]}],
    }
    itself = {"id": artist["artist_id"], "name": artist["artist_name"], "genres": ["city pop", "j-pop"]}
    for kind, lines in {
        "albums": [json.dumps(envelope("album", single))],
        "artists": [json.dumps(envelope("artist", itself))],
        "tracks": ["no JSON", "nor this"],
    }.items():
        file = folder / kind / "more.ndjson"
        file.parent.mkdir(parents=True)
        file.write_text("\n".join(lines))
        landed = file.stat().st_mtime - 2 * _DAY  # the sample may have been taken before midnight
        os.utime(file, (landed, landed))


@pytest.fixture(scope="session")
def dashboard_url(shown_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("server") / "log"
    with dashboard(shown_lake, log, "--set=dashboard.extract_now=true") as url:
        yield url


@pytest.fixture(scope="module")  # while it is open, nothing else in this process can run an event loop
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def shown(browser: Browser, dashboard_url: str) -> Iterator[Shown]:
    width, height = SIZES["desktop"]
    page = browser.new_page(viewport={"width": width, "height": height})
    shown = Shown(page, dashboard_url)
    yield shown
    page.close()
    assert shown.elsewhere == []


@pytest.fixture(scope="session")
def ask(shown_lake: Path) -> Ask:
    """Another way to the same tables: DuckDB over what delta-rs reads."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            for layer in ("gold", "silver", "ops"):
                for folder in (shown_lake / layer).iterdir():
                    if f"{layer}_{folder.name}" in sql:
                        connection.register(f"{layer}_{folder.name}", DeltaTable(folder).to_pyarrow_table())
            if LISTENING.view in sql:
                connection.register(PLAYS.view, DeltaTable(shown_lake / PLAYS.path).to_pyarrow_table())
                connection.execute(f"CREATE VIEW {LISTENING.view} AS {LISTENING.sql()}")
            return connection.sql(sql).fetchall()

    return run
