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
# # A first look at the lake
#
# `./spark-submit.sh demo` makes the lake that this notebook looks at. `open_lake()` finds it in the folder above; it takes
# any other as `open_lake("s3://bucket/lake")`, and on EMR or Glue the session that the notebook has:
# `open_lake("s3://bucket/lake", spark=spark)`. The cells stay the same.

# %%
import altair as alt

from soundlake.notebooks import open_lake

lake = open_lake()
lake

# %% [markdown]
# ## What is there
# Bronze has every record as it came, silver the clean tables, gold what answers questions.

# %%
lake.tables()

# %%
lake.sql("""
    SELECT 'tracks' AS things, count(*) AS n FROM silver_tracks
    UNION ALL SELECT 'artists', count(*) FROM silver_artists
    UNION ALL SELECT 'albums', count(*) FROM silver_albums
    UNION ALL SELECT 'plays', count(*) FROM silver_plays
""")

# %% [markdown]
# ## What became of the records
# Each was accepted, known already, overtaken by a newer one, or rejected with a reason.

# %%
lake.sql(
    "SELECT sum(read) AS read, sum(accepted) AS accepted, sum(duplicate) AS duplicate, sum(stale) AS stale, "
    "sum(rejected) AS rejected FROM ops_batches WHERE query = 'refine'"
)

# %%
lake.sql(
    "SELECT reason, count(*) AS records, min(detail) AS example FROM silver_rejected GROUP BY reason ORDER BY 2 DESC"
)

# %% [markdown]
# ## Tracks, everything about each
# `gold_tracks_wide` has a row for each track: artist, album, genre, sound, cluster and plays.

# %%
tracks = lake.table("gold_tracks_wide")
shown = ["track_name", "artist_name", "genre", "cluster_name", "popularity", "plays"]
tracks.sort_values("plays", ascending=False)[shown].head(10)

# %%
alt.Chart(tracks[["energy", "valence"]].dropna().head(3000)).mark_rect().encode(
    x=alt.X("energy:Q", bin=alt.Bin(maxbins=30)), y=alt.Y("valence:Q", bin=alt.Bin(maxbins=30)), color="count()"
)

# %% [markdown]
# ## Insights
# A question that has a name can be asked by it; `soundlake query` lists them.

# %%
lake.sql("top_albums", limit=10)
