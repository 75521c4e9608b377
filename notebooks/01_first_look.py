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

from soundlake.notebooks import findings, open_lake

alt.renderers.enable("svg")  # drawn here: no server is asked for anything

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
outcomes = lake.sql(
    "SELECT sum(read) AS read, sum(accepted) AS accepted, sum(duplicate) AS duplicate, sum(stale) AS stale, "
    "sum(rejected) AS rejected FROM ops_batches WHERE query = 'refine'"
)
outcomes

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
STEP = 0.05
sound = tracks[["energy", "valence"]].dropna()
places = (sound // STEP * STEP).round(2).value_counts().rename("tracks").reset_index()
alt.Chart(places, title="How energetic and how cheerful the tracks are").transform_calculate(
    energy_to=f"datum.energy + {STEP}", valence_to=f"datum.valence + {STEP}"
).mark_rect().encode(
    x=alt.X("energy:Q", title="Energy, 0 calm to 1 intense").bin("binned"),
    x2="energy_to:Q",
    y=alt.Y("valence:Q", title="Valence, 0 sad to 1 cheerful").bin("binned"),
    y2="valence_to:Q",
    color=alt.Color("tracks:Q", title="Tracks"),
)

# %% [markdown]
# ## When was it listened to?

# %%
months = lake.sql("""
    SELECT CAST(date_trunc('month', played_date) AS date) AS month, count(*) AS plays,
           count(DISTINCT user_id) AS listeners
    FROM silver_listening GROUP BY CAST(date_trunc('month', played_date) AS date) ORDER BY 1
""")
alt.Chart(months, title="Plays in each month").mark_bar().encode(
    x=alt.X("yearmonth(month):O", title="Month"), y=alt.Y("plays:Q", title="Plays")
)

# %% [markdown]
# ## Insights
# A question that has a name can be asked by it; `soundlake query` lists them.

# %%
lake.sql("top_albums", limit=10)

# %% [markdown]
# ## Findings

# %%
read, accepted = int(outcomes["read"].sum()), int(outcomes["accepted"].sum())
lively = ((sound["energy"] >= 0.5) & (sound["valence"] >= 0.5)).mean()
crowded = places.iloc[0]
most = months.loc[months["plays"].idxmax()]
played = tracks.loc[tracks["plays"].idxmax()]
findings(
    f"Of {read:,} records {accepted:,} were accepted ({accepted / read:.1%}).",
    f"{lively:.0%} of the {len(sound):,} tracks with a sound are both intense and cheerful (energy and valence from 0.5 on); "
    f"the fullest square, {crowded['tracks']:.0f} tracks, begins at energy {crowded['energy']:.2f} "
    f"and valence {crowded['valence']:.2f}.",
    f"Most was played in {most['month']:%B %Y}: {most['plays']:,} plays by {most['listeners']:,} listeners.",
    f"The track with the most plays is {played['track_name']} by {played['artist_name']}: {played['plays']:.0f}.",
)
