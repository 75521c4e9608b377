"""The dashboard in a real browser on the lake of the demo, for the tests of its pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from playwright.sync_api import Browser
from pyspark.sql import SparkSession
from services.browser import chromium
from services.dashboard import SIZES, Ask, Shown, dashboard

from soundlake.settings import load_settings


@pytest.fixture(scope="session")
def shown_lake(request: pytest.FixtureRequest, demo_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's lake, with every table that pages show."""
    copy = tmp_path_factory.mktemp("dashboard") / "lake"
    shutil.copytree(demo_lake, copy)
    if not (copy / "gold" / "recommendations").exists():
        from soundlake.lake import Lake
        from soundlake.recommend.job import recommend

        spark: SparkSession = request.getfixturevalue("spark")
        recommend(spark, Lake(str(copy)), load_settings(lake=str(copy), env={}))
    return copy


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
    yield Shown(page, dashboard_url)
    page.close()


@pytest.fixture(scope="session")
def ask(shown_lake: Path) -> Ask:
    """Another way to the same tables: DuckDB over what delta-rs reads."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            for layer in ("gold", "silver", "ops"):
                for folder in (shown_lake / layer).iterdir():
                    if f"{layer}_{folder.name}" in sql:
                        connection.register(f"{layer}_{folder.name}", DeltaTable(folder).to_pyarrow_table())
            return connection.sql(sql).fetchall()

    return run
