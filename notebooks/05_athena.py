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
import altair as alt

from soundlake.notebooks import findings, open_lake

alt.renderers.enable("svg")  # drawn here: no server is asked for anything

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
months = lake.sql(
    """
    SELECT CAST(date_trunc('month', played_date) AS date) AS month, content_type, count(*) AS plays
    FROM silver_plays GROUP BY CAST(date_trunc('month', played_date) AS date), content_type ORDER BY 1, 2
"""
)
alt.Chart(months, title="Plays in each month, by what was played").mark_bar().encode(
    x=alt.X("yearmonth(month):O", title="Month"),
    y=alt.Y("plays:Q", title="Plays"),
    color=alt.Color("content_type:N", title="Content"),
)

# %% [markdown]
# ## Findings

# %%
kinds = months.groupby("content_type")["plays"].sum().sort_values(ascending=False)
busiest = months.groupby("month")["plays"].sum()
findings(
    f"{lake.engine} answered: the lake holds {kinds.sum():,} plays of {len(busiest)} months.",
    f"{kinds.iloc[0] / kinds.sum():.1%} of them are of the kind {kinds.index[0]}"
    + (f", {kinds.iloc[1] / kinds.sum():.1%} of {kinds.index[1]}." if len(kinds) > 1 else "."),
    f"The fullest month is {busiest.idxmax():%B %Y} with {busiest.max():,} plays, {busiest.max() / busiest.mean():.1f} "
    "times the mean month.",
)
