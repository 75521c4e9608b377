# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Asking Athena
#
# With a lake on S3 whose tables are registered (`./spark-submit.sh register_tables`), the same questions go to Athena:
#
#     lake = open_lake("s3://bucket/lake", sets=["catalog.type=glue", "catalog.database=soundlake"])
#
# Without that, as here, DuckDB answers on the lake itself. The SQL is the same: insights and this notebook stay within what
# both understand. Athena charges for what it scans, with a least amount for each question; `soundlake query` tells the price.

# %%
from soundlake.notebooks import open_lake

lake = open_lake()
lake.engine

# %%
lake.sql(
    "SELECT release_year, count(*) AS tracks FROM gold_tracks_wide GROUP BY release_year ORDER BY 1 DESC", limit=10
)

# %% [markdown]
# ## An insight by its name
# The very SQL that built the mart is asked again, of silver as it is now.

# %%
lake.sql("genre_popularity", limit=10)

# %% [markdown]
# ## What both engines understand
# `strpos`, `date_trunc`, `element_at`, `cardinality`, windows. Not `ILIKE`, `list_contains` or `QUALIFY`, which only DuckDB has.

# %%
lake.sql(
    """
    SELECT CAST(date_trunc('month', played_date) AS date) AS month, content_type, count(*) AS plays
    FROM silver_plays GROUP BY CAST(date_trunc('month', played_date) AS date), content_type ORDER BY 1, 2
""",
    limit=12,
)
