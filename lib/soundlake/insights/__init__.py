"""Insights: questions to the lake. One .sql file is one insight and one table, gold/<file name>."""

from __future__ import annotations

from soundlake.insights.chart import Chart
from soundlake.insights.insight import Engine, Insight, all_tables, load_insights, local_time, render

__all__ = ["Chart", "Engine", "Insight", "all_tables", "load_insights", "local_time", "render"]
