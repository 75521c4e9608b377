"""Publishing a model: its profiles and artifact first, then one commit that adds its row and makes it current."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.ml import PipelineModel
from pyspark.sql import DataFrame, SparkSession

from soundlake.clusters.model import ClusterModel, published_versions
from soundlake.lake import Lake, make_current
from soundlake.tables import CLUSTER_MODELS, CLUSTER_PROFILES, Table
from soundlake.writes import overwrite


def artifact_path(lake: Lake, version: str) -> str:
    """Where the spark.ml pipeline of a model stands; it predicts the position of a centroid in the model's row."""
    return f"{lake.root}/models/clusters/{version}"


def publish(
    spark: SparkSession,
    lake: Lake,
    model: ClusterModel,
    profiles: DataFrame,
    pipeline: PipelineModel,
    more: Mapping[Table, DataFrame] | None = None,
) -> None:
    """Publish a model and make it the current one; earlier ones are kept.

    `profiles` are its rows of gold/cluster_profiles, `pipeline` is the fitted spark.ml pipeline, `more` has its rows of
    other tables with a model_version. Until the last commit nothing refers to the new version: after a crash the
    earlier model stays current, leftover rows are deleted by the next publication, and a leftover artifact is unused.
    Publishing a version again changes nothing.
    """
    lake.create(spark, CLUSTER_MODELS)
    others = [version for version in published_versions(spark, lake) if version != model.version]
    for table, rows in {CLUSTER_PROFILES: profiles, **(more or {})}.items():
        lake.create(spark, table)
        _write_rows(lake, table, rows, others)
    lake.check()
    pipeline.write().overwrite().save(artifact_path(lake, model.version))
    make_current(spark, lake, CLUSTER_MODELS, model.to_row(is_current=True))


def _write_rows(lake: Lake, table: Table, rows: DataFrame, others: list[str]) -> None:
    # Replaces the version's own rows, and those of versions that were never published.
    listed = ", ".join(f"'{version}'" for version in others)
    replaced = f"model_version NOT IN ({listed})" if others else "model_version IS NOT NULL"
    overwrite(lake, table, rows.coalesce(1), replaced)
