"""QuickSight over Athena: a data source, a data set and a chart for each of a few insights, and their dashboard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from soundlake.insights.insight import Insight

# Albums, genres, artists, clusters.
SHOWN = ("top_albums", "genre_popularity", "most_streamed_artists", "cluster_overview")
_TYPES = {"string": "STRING", "int": "INTEGER", "bigint": "INTEGER", "double": "DECIMAL", "boolean": "BOOLEAN"}
_DATES = ("date", "timestamp")
_READS = [
    "quicksight:DescribeDataSet",
    "quicksight:DescribeDataSetPermissions",
    "quicksight:PassDataSet",
    "quicksight:DescribeIngestion",
    "quicksight:ListIngestions",
]
_VIEWS = ["quicksight:DescribeDashboard", "quicksight:ListDashboardVersions", "quicksight:QueryDashboard"]
_MOST_BARS = 20
Document = dict[str, Any]


def resources(insights: Iterable[Insight], user: str) -> dict[str, Document]:
    """Return the resources of the QuickSight part, for the insights of SHOWN; the user may read and view them."""
    by_name = {insight.name: insight for insight in insights}
    shown = [by_name[name] for name in SHOWN]
    found = {"QuickSightSource": _source()}
    found |= {_set_id(insight): _data_set(insight, user) for insight in shown}
    return {**found, "QuickSightDashboard": _dashboard(shown, user)}


def _source() -> Document:
    properties = {
        "AwsAccountId": {"Ref": "AWS::AccountId"},
        "DataSourceId": {"Fn::Sub": "${AWS::StackName}-athena"},
        "Name": "Soundlake",
        "Type": "ATHENA",
        "DataSourceParameters": {"AthenaParameters": {"WorkGroup": {"Ref": "WorkGroup"}}},
    }
    return {"Type": "AWS::QuickSight::DataSource", "Properties": properties}


def _data_set(insight: Insight, user: str) -> Document:
    columns = [{"Name": column.name, "Type": _type(column.type)} for column in insight.columns]
    table = {
        "DataSourceArn": {"Fn::GetAtt": ["QuickSightSource", "Arn"]},
        "Catalog": "AwsDataCatalog",
        "Schema": {"Ref": "GlueDatabase"},
        "Name": insight.table.view,
        "InputColumns": [column for column in columns if column["Type"]],
    }
    properties = {
        "AwsAccountId": {"Ref": "AWS::AccountId"},
        "DataSetId": {"Fn::Sub": f"${{AWS::StackName}}-{_dashed(insight)}"},
        "Name": insight.title,
        "ImportMode": "DIRECT_QUERY",
        "PhysicalTableMap": {_dashed(insight): {"RelationalTable": table}},
        "Permissions": [{"Principal": user, "Actions": _READS}],
    }
    return {"Type": "AWS::QuickSight::DataSet", "Properties": properties}


def _dashboard(insights: list[Insight], user: str) -> Document:
    sets = [
        {"Identifier": insight.name, "DataSetArn": {"Fn::GetAtt": [_set_id(insight), "Arn"]}} for insight in insights
    ]
    sheets = [
        {"SheetId": _dashed(insight), "Name": insight.title, "Visuals": [_visual(insight)]} for insight in insights
    ]
    properties = {
        "AwsAccountId": {"Ref": "AWS::AccountId"},
        "DashboardId": {"Fn::Sub": "${AWS::StackName}-overview"},
        "Name": "Soundlake: albums, genres, artists, clusters",
        "Definition": {"DataSetIdentifierDeclarations": sets, "Sheets": sheets},
        "Permissions": [{"Principal": user, "Actions": _VIEWS}],
    }
    return {"Type": "AWS::QuickSight::Dashboard", "Properties": properties}


def _visual(insight: Insight) -> Document:
    """The chart that the insight's header asks for: bars for values of names, a line for values over time."""
    kind, _, rest = insight.chart.partition(";")
    axes = dict(part.strip().split(": ") for part in rest.split(";"))
    types = {column.name: column.type for column in insight.columns}
    named, measured = sorted((axes["x"], axes["y"]), key=lambda name: types[name] in ("double", "bigint", "int"))
    wells: Document = {
        "Category": [_dimension(insight, named, types[named])],
        "Values": [_measure(insight, measured, "AVERAGE" if types[measured] == "double" else "SUM")],
        "Colors": [_dimension(insight, axes["colour"], types[axes["colour"]])] if "colour" in axes else [],
    }
    sort = {"FieldSort": {"FieldId": _field(insight, measured), "Direction": "DESC"}}
    common = {
        "VisualId": f"{_dashed(insight)}-chart",
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": insight.question}},
    }
    if kind == "line":
        configuration = {"Type": "LINE", "FieldWells": {"LineChartAggregatedFieldWells": wells}}
        return {"LineChartVisual": {**common, "ChartConfiguration": configuration}}
    limit = {"ItemsLimit": _MOST_BARS, "OtherCategories": "EXCLUDE"}
    configuration = {
        "Orientation": "HORIZONTAL",
        "FieldWells": {"BarChartAggregatedFieldWells": wells},
        "SortConfiguration": {"CategorySort": [sort], "CategoryItemsLimit": limit},
    }
    return {"BarChartVisual": {**common, "ChartConfiguration": configuration}}


def _dimension(insight: Insight, name: str, type_: str) -> Document:
    field = {"FieldId": _field(insight, name), "Column": {"DataSetIdentifier": insight.name, "ColumnName": name}}
    if type_ in _DATES:
        return {"DateDimensionField": {**field, "DateGranularity": "MONTH" if name == "month" else "DAY"}}
    return {"CategoricalDimensionField": field}


def _measure(insight: Insight, name: str, function: str) -> Document:
    column = {"DataSetIdentifier": insight.name, "ColumnName": name}
    aggregation = {"SimpleNumericalAggregation": function}
    return {
        "NumericalMeasureField": {
            "FieldId": _field(insight, name),
            "Column": column,
            "AggregationFunction": aggregation,
        }
    }


def _type(type_: str) -> str | None:
    """QuickSight's name of a type; None for what it cannot show, such as arrays."""
    return "DATETIME" if type_ in _DATES else _TYPES.get(type_)


def _field(insight: Insight, name: str) -> str:
    return f"{insight.name}.{name}"


def _dashed(insight: Insight) -> str:
    return insight.name.replace("_", "-")


def _set_id(insight: Insight) -> str:
    return "QuickSight" + "".join(part.capitalize() for part in insight.name.split("_"))
