"""The QuickSight dashboard draws the charts that the insights' headers declare."""

from __future__ import annotations

from typing import Any

from soundlake.insights import load_insights
from soundlake.launch.aws import quicksight

Document = dict[str, Any]
DEFINITION: Document = quicksight.resources(load_insights(), "analysts")["QuickSightDashboard"]["Properties"][
    "Definition"
]


def chart(title: str) -> Document:
    (sheet,) = [one for one in DEFINITION["Sheets"] if one["Name"] == title]
    ((visual,),) = [one.values() for one in sheet["Visuals"]]
    configuration: Document = visual["ChartConfiguration"]
    return configuration


def wells(title: str) -> Document:
    (found,) = chart(title)["FieldWells"].values()
    return {
        place: [(next(iter(field.values()))["Column"]["ColumnName"]) for field in fields]
        for place, fields in found.items()
    }


def function(title: str) -> str | None:
    (found,) = chart(title)["FieldWells"].values()
    (field,) = [one["NumericalMeasureField"] for one in found["Values"]]
    used = field.get("AggregationFunction", {})
    name: str | None = used.get("SimpleNumericalAggregation")
    return name


def title(name: str) -> str:
    return next(one.title for one in load_insights() if one.name == name)


def test_a_bar_has_a_name_and_the_measure() -> None:
    assert wells(title("most_streamed_artists")) == {"Category": ["artist_name"], "Values": ["plays"], "Colors": []}
    assert function(title("most_streamed_artists")) == "SUM"


def test_a_score_of_several_rows_is_their_highest_as_declared() -> None:
    assert function(title("top_albums")) == "MAX"


def test_as_many_bars_are_drawn_as_declared() -> None:
    assert chart(title("top_albums"))["SortConfiguration"]["CategoryItemsLimit"]["ItemsLimit"] == 20
    assert "CategoryItemsLimit" not in chart(title("cluster_overview"))["SortConfiguration"]


def test_a_mean_is_weighted_by_the_column_that_the_header_names() -> None:
    drawn = wells(title("genre_popularity"))
    (calculated,) = DEFINITION["CalculatedFields"]
    assert drawn == {"Category": ["month"], "Values": [calculated["Name"]], "Colors": ["genre"]}
    assert calculated["DataSetIdentifier"] == "genre_popularity"
    assert calculated["Expression"].startswith("sum({avg_popularity} * {tracks_observed}) / ")
    assert function(title("genre_popularity")) is None
