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
import pandas as pd

from soundlake.notebooks import findings, open_lake

alt.renderers.enable("svg")  # drawn here: no server is asked for anything

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
alt.Chart(shared, title="Tracks on both charts", width=600).mark_line().encode(
    x=alt.X("snapshot_date:T", title="Day"), y=alt.Y("shared:Q", title="Tracks of 50")
)

# %% [markdown]
# ## Who is big in Japan only?

# %%
days_in_japan = japan.groupby(["track_id", "track_name", "artist_name"])["snapshot_date"].nunique().rename("days")
only = days_in_japan[~days_in_japan.index.get_level_values("track_id").isin(world["track_id"])]
only = only.sort_values(ascending=False).head(10).reset_index()[["track_name", "artist_name", "days"]]
alt.Chart(only, title="Longest on the chart of Japan, never on Global").mark_bar().encode(
    x=alt.X("days:Q", title="Days on the chart"),
    y=alt.Y("track_name:N", sort=None, title=None).axis(labelLimit=300),
    tooltip=["track_name:N", "artist_name:N", "days:Q"],
)

# %% [markdown]
# ## Songs on both: where do they stand?

# %%
# Positions begin at 0; a place is one more, as people count.
stand = both.groupby("track_name_japan").agg(
    japan=("position_japan", lambda places: places.mean() + 1),
    world=("position_global", lambda places: places.mean() + 1),
    days=("track_id", "size"),
)
stand = stand.sort_values("days", ascending=False).head(10).round(1)
stand

# %% [markdown]
# ## Which chart changes faster?


# %%
def turnover(rows):
    """The share of new tracks from one snapshot to the next."""
    days = [set(day) for _, day in rows.sort_values("snapshot_date").groupby("snapshot_date")["track_id"]]
    changes = [len(now - before) / len(now) for before, now in pairwise(days)]
    return sum(changes) / len(changes)


changes = {"Japan": turnover(japan), "Global": turnover(world)}
alt.Chart(
    pd.DataFrame({"chart": list(changes), "share": list(changes.values())}),
    title="New tracks from one day to the next",
    width=200,
).mark_bar().encode(
    x=alt.X("chart:N", title="Chart", sort=None).axis(labelAngle=0),
    y=alt.Y("share:Q", title="Mean share of the 50 tracks").axis(format=".1%"),
)

# %% [markdown]
# ## Findings

# %%
top, least = shared.loc[shared["shared"].idxmax()], shared.loc[shared["shared"].idxmin()]
longest, common = only.iloc[0], stand.iloc[0]
n_days = japan["snapshot_date"].nunique()
always = (days_in_japan == n_days).sum()
fast, slow = sorted(changes, key=changes.get, reverse=True)
findings(
    f"On a mean day {shared['shared'].mean():.1f} of 50 tracks are on both charts: {least['shared']} on "
    f"{least['snapshot_date']:%d %B %Y}, {top['shared']} on {top['snapshot_date']:%d %B %Y}.",
    f"{longest['track_name']} by {longest['artist_name']} was on the chart of Japan for {longest['days']} days and never "
    f"on Global; {always} tracks were there on all of its {n_days} days.",
    f"Of the tracks on both, {stand.index[0]} was there the longest, {common['days']:.0f} days: "
    f"at place {common['japan']:.0f} in Japan and {common['world']:.0f} on Global, on average.",
    f"{fast} changes faster: {changes[fast]:.1%} of its tracks are new each day, {changes[slow]:.1%} of {slow}'s.",
)
