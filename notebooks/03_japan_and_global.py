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
# # The charts of Japan against Global
#
# The bundled archive has the daily Top 50 of 2021: one snapshot a day in `silver_playlist_items`, position 0 on top.

# %%
from itertools import pairwise

import altair as alt

from soundlake.notebooks import open_lake

lake = open_lake()
lake.require("silver_playlist_items")
entries = lake.sql("""
    SELECT playlist_name, snapshot_date, position, track_id, track_name, artist_name
    FROM silver_playlist_items
    WHERE track_id IS NOT NULL AND playlist_name IN ('Top 50 - Japan', 'Top 50 - Global')
""")
entries.groupby("playlist_name").agg(
    days=("snapshot_date", "nunique"), tracks=("track_id", "nunique"), artists=("artist_name", "nunique")
)

# %% [markdown]
# ## How much do they have in common?

# %%
lists = dict(list(entries.groupby("playlist_name")))
japan, world = lists["Top 50 - Japan"], lists["Top 50 - Global"]
both = japan.merge(world, on=["snapshot_date", "track_id"], suffixes=("_japan", "_global"))
# A day on which both were seen without a common track is a zero, not a gap.
days = sorted(set(japan["snapshot_date"]) & set(world["snapshot_date"]))
shared = both.groupby("snapshot_date").size().reindex(days, fill_value=0).rename("shared")
shared = shared.rename_axis("snapshot_date").reset_index()
alt.Chart(shared).mark_line().encode(x="snapshot_date:T", y=alt.Y("shared:Q", title="tracks on both"))

# %% [markdown]
# ## Who is big in Japan only?

# %%
days_in_japan = japan.groupby(["track_id", "track_name", "artist_name"])["snapshot_date"].nunique().rename("days")
only = days_in_japan[~days_in_japan.index.get_level_values("track_id").isin(world["track_id"])]
only.sort_values(ascending=False).head(10).reset_index()[["track_name", "artist_name", "days"]]

# %% [markdown]
# ## Songs on both: where do they stand?

# %%
both.groupby("track_name_japan").agg(
    japan=("position_japan", "mean"), world=("position_global", "mean"), days=("track_id", "size")
).sort_values("days", ascending=False).head(10).round(1)

# %% [markdown]
# ## Which chart changes faster?


# %%
def turnover(rows):
    """The share of new tracks from one snapshot to the next."""
    days = [set(day) for _, day in rows.sort_values("snapshot_date").groupby("snapshot_date")["track_id"]]
    changes = [len(now - before) / len(now) for before, now in pairwise(days)]
    return sum(changes) / len(changes)


{"Japan": round(turnover(japan), 4), "Global": round(turnover(world), 4)}
