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
_FUNCTIONS = {"sum": "SUM", "max": "MAX", "count": "COUNT", "distinct": "DISTINCT_COUNT"}
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
        "Definition": {
            "DataSetIdentifierDeclarations": sets,
            "CalculatedFields": [field for insight in insights for field in _calculated(insight)],
            "Sheets": sheets,
        },
        "Permissions": [{"Principal": user, "Actions": _VIEWS}],
    }
    return {"Type": "AWS::QuickSight::Dashboard", "Properties": properties}


def _visual(insight: Insight) -> Document:
    """The chart that the insight's header declares, bars or lines."""
    chart = insight.drawn_as
    is_bar = chart.kind == "bar"
    wells: Document = {
        "Category": [_dimension(insight, chart.y if is_bar else chart.x)],
        "Values": [_measure(insight)],
        "Colors": [_dimension(insight, chart.colour)] if chart.colour else [],
    }
    common = {
        "VisualId": f"{_dashed(insight)}-chart",
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": insight.question}},
    }
    if not is_bar:
        configuration = {"Type": "LINE", "FieldWells": {"LineChartAggregatedFieldWells": wells}}
        return {"LineChartVisual": {**common, "ChartConfiguration": configuration}}
    sort: Document = {"CategorySort": [{"FieldSort": {"FieldId": _field(insight, chart.measure), "Direction": "DESC"}}]}
    if chart.top:
        sort["CategoryItemsLimit"] = {"ItemsLimit": chart.top, "OtherCategories": "EXCLUDE"}
    configuration = {
        "Orientation": "HORIZONTAL",
        "FieldWells": {"BarChartAggregatedFieldWells": wells},
        "SortConfiguration": sort,
    }
    return {"BarChartVisual": {**common, "ChartConfiguration": configuration}}


def _dimension(insight: Insight, name: str) -> Document:
    field = {"FieldId": _field(insight, name), "Column": _column(insight, name)}
    types = {column.name: column.type for column in insight.columns}
    if types[name] in _DATES:
        return {"DateDimensionField": {**field, "DateGranularity": "MONTH" if name == "month" else "DAY"}}
    return {"CategoricalDimensionField": field}


def _measure(insight: Insight) -> Document:
    chart = insight.drawn_as
    field: Document = {"FieldId": _field(insight, chart.measure)}
    if function := _FUNCTIONS.get(chart.aggregate.function):
        field["Column"] = _column(insight, chart.aggregate.value)
        field["AggregationFunction"] = {"SimpleNumericalAggregation": function}
    else:
        field["Column"] = _column(insight, chart.label)  # the calculated field, which aggregates by itself
    return {"NumericalMeasureField": field}


def _calculated(insight: Insight) -> list[Document]:
    """The field of an aggregate of two columns, a weighted mean or a ratio, named by the chart's label."""
    chart, aggregate = insight.drawn_as, insight.drawn_as.aggregate
    if aggregate.function in _FUNCTIONS:
        return []
    value, weight = f"{{{aggregate.value}}}", f"{{{aggregate.weight}}}"
    total = f"{value} * {weight}" if aggregate.function == "mean" else value
    expression = f"sum({total}) / sum(ifelse(isNotNull({value}), {weight}, 0))"
    return [{"DataSetIdentifier": insight.name, "Name": chart.label, "Expression": expression}]


def _column(insight: Insight, name: str) -> Document:
    return {"DataSetIdentifier": insight.name, "ColumnName": name}


def _type(type_: str) -> str | None:
    """QuickSight's name of a type; None for what it cannot show, such as arrays."""
    return "DATETIME" if type_ in _DATES else _TYPES.get(type_)


def _field(insight: Insight, name: str) -> str:
    return f"{insight.name}.{name}"


def _dashed(insight: Insight) -> str:
    return insight.name.replace("_", "-")


def _set_id(insight: Insight) -> str:
    return "QuickSight" + "".join(part.capitalize() for part in insight.name.split("_"))
