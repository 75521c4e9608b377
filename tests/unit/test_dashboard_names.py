"""One thing has one name and one colour on every page, two things never share a line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers.marts import small_lake, write, write_mart
from helpers.pages import draw, table, told, well
from soundlake import tables
from soundlake.dashboard import charts
from soundlake.dashboard.labels import told_apart

pytestmark = pytest.mark.heavy

CLUSTERS = ["calm", "loud", "odd"]
TITLES = {"n": "Number", "cluster": "Cluster"}


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return small_lake(tmp_path / "lake")


def colours(chart: charts.Chart) -> dict[str, str]:
    """The colour of each name, wherever in the chart it is said."""
    found: list[dict[str, Any]] = []

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if isinstance(part.get("color"), dict) and "range" in part["color"].get("scale", {}):
                found.append(part["color"]["scale"])
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    look(json.loads(chart.to_json()))
    return {name: colour for scale in found for name, colour in zip(scale["domain"], scale["range"], strict=True)}


def test_a_cluster_has_one_colour_whatever_else_is_drawn() -> None:
    frame = pd.DataFrame({"cluster": ["loud", "odd"], "n": [1, 2], "day": pd.to_datetime(["2021-01-01"] * 2)})
    drawn = [
        charts.bars(frame, "n", "cluster", TITLES, known=CLUSTERS),
        charts.scatter(frame, "n", "n", "cluster", TITLES, known=CLUSTERS),
        charts.stacked(frame.head(1), "day", "n", "cluster", TITLES, known=CLUSTERS),
        charts.areas(frame.tail(1), "day", "n", "cluster", TITLES, known=CLUSTERS),
    ]
    assert len({json.dumps(colours(chart)) for chart in drawn}) == 1
    assert len(set(colours(drawn[0]).values())) == len(CLUSTERS)


def test_a_name_that_is_alone_stands_alone_and_others_say_more() -> None:
    names = pd.DataFrame(
        {
            "id": ["1", "2", "3", "4"],
            "name": ["Sour", "Justice", "Justice", "Justice"],
            "beside": ["Olivia", "Justin", "Justin", "Band"],
        }
    )
    assert told_apart(names) == {
        "1": "Sour",
        "2": "Justice – Justin (…2)",
        "3": "Justice – Justin (…3)",
        "4": "Justice – Band",
    }


def test_two_artists_of_one_name_are_two_bars_and_two_lines(lake: Path) -> None:
    months = [date(2021, 1, 1), date(2021, 2, 1)]
    rows = [("one", 5), ("two", 3), (None, 1)]
    write_mart(
        lake,
        "most_streamed_artists",
        *[
            {"artist_name": "Ana", "artist_id": id_, "month": month, "rank": 1, "plays": plays, "listeners": 1}
            for month in months
            for id_, plays in rows
        ],
    )
    page = draw("artists", lake)
    assert page.multiselect[0].options == ["Ana (…two)", "Ana (…one)"] or page.multiselect[0].options == [
        "Ana (…one)",
        "Ana (…two)",
    ]
    assert sorted(row["plays"] for row in table(page)) == [8, 10]  # who has no id belongs to one of them
    assert len({row["artist_name"] for row in table(page, 1)}) == 2


def test_two_albums_of_one_name_are_two_lines(lake: Path) -> None:
    page = draw("playlists", lake)
    page.button_group[0].set_value("Albums")
    page = well(page.run())
    page.radio[0].set_value("month")
    page = well(page.run())
    albums = page.multiselect[1].options
    assert albums == ["Justice – Ana (…lbum-2)", "Justice – Ana (…lbum-1)"]
    assert {row["album_name"] for row in table(page)} == set(albums)


def test_a_number_of_clusters_that_was_given_explains_itself(lake: Path) -> None:
    write(lake, tables.CLUSTER_MODELS, {"model_version": "m", "is_current": True, "k": 2})
    write(lake, tables.CLUSTER_CHOICES)
    assert "`train.k` sets the number of clusters, so no other was tried." in told(draw("clusters", lake))
