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
# # Recommendations and how to judge them
#
# The plays of the demo are generated: they show that everything works, not that listeners would be pleased. The playlists
# are real. So the judging here is done on them: take tracks out of a real playlist and see who finds them again.

# %%
import altair as alt
import numpy as np
import pandas as pd

from soundlake.clusters.learnable import FEATURES
from soundlake.notebooks import findings, open_lake

alt.renderers.enable("svg")  # drawn here: no server is asked for anything

lake = open_lake()

# %% [markdown]
# ## What is recommended to a listener
# `./spark-submit.sh recommend` makes the table; before it there are no rows.

# %%
lake.sql("""
    SELECT r.user_id, r.rank, t.track_name, t.artist_name, r.reason
    FROM gold_recommendations AS r JOIN silver_tracks AS t ON t.track_id = r.track_id
    WHERE r.user_id = (SELECT min(user_id) FROM gold_recommendations) ORDER BY r.rank LIMIT 10
""")

# %% [markdown]
# ## The experiment
# Of each real playlist a fifth is hidden. Three ways guess it: at random, by popularity (how many other playlists have the
# track), and by sound (distance to the middle of what is left of the playlist). Recall at 20 is the part of the hidden
# tracks among the first twenty guesses.

# %%
items = lake.sql("""
    SELECT DISTINCT i.playlist_id, i.track_id FROM silver_playlist_items AS i
    JOIN silver_audio_features AS f ON f.track_id = i.track_id
    WHERE i.playlist_id IN (
        SELECT playlist_id FROM silver_playlist_items GROUP BY playlist_id HAVING count(DISTINCT snapshot_date) = 1)
""")
features = lake.sql(f"SELECT track_id, {', '.join(FEATURES)} FROM silver_audio_features").dropna().set_index("track_id")
sound = (features - features.mean()) / features.std()
members = {name: sorted(set(rows) & set(sound.index)) for name, rows in items.groupby("playlist_id")["track_id"]}
members = {name: tracks for name, tracks in members.items() if len(tracks) >= 20}
len(members), len(sound)

# %%
generator = np.random.default_rng(7)
hidden = {name: set(generator.choice(tracks, len(tracks) // 5, replace=False)) for name, tracks in members.items()}
seen = {name: [track for track in tracks if track not in hidden[name]] for name, tracks in members.items()}
popularity = pd.Series([track for tracks in seen.values() for track in tracks]).value_counts()
catalogue = sound.index.to_numpy()


def at_random(name):
    return generator.permutation(catalogue)


def by_popularity(name):
    return popularity.sort_values(ascending=False, kind="stable").index.to_numpy()


def by_sound(name):
    middle = sound.loc[seen[name]].mean()
    return catalogue[np.argsort(((sound - middle) ** 2).sum(axis=1).to_numpy())]


def recall(way, at=20):
    found = []
    for name in members:
        known = set(seen[name])
        guesses = [track for track in way(name)[: at + len(known)] if track not in known][:at]
        found.append(len(hidden[name] & set(guesses)) / min(at, len(hidden[name])))
    return np.array(found)


# %%
def with_interval(values):
    """The mean, and where it lies in 95 of 100 draws of the playlists."""
    draws = generator.choice(values, (1000, len(values))).mean(axis=1)
    return {"recall@20": values.mean(), "low": np.quantile(draws, 0.025), "high": np.quantile(draws, 0.975)}


found = pd.DataFrame({way.__name__: with_interval(recall(way)) for way in (at_random, by_popularity, by_sound)}).T
found.round(4)

# %%
judged = found.rename_axis("way").reset_index()
base = alt.Chart(judged, title=f"Who finds the hidden tracks of {len(members)} playlists", width=500, height=150)
way = alt.Y("way:N", sort=None, title=None)
bars = base.mark_bar().encode(
    x=alt.X("recall@20:Q", title="Recall at 20, with its 95 % interval").axis(format=".1%"), y=way
)
bars + base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", y=way)

# %% [markdown]
# ## Findings

# %%
chance, popular, alike = (found.loc[name] for name in ("at_random", "by_popularity", "by_sound"))
is_clear = popular["low"] > alike["high"] or alike["low"] > popular["high"]
better = "Popularity" if popular["recall@20"] > alike["recall@20"] else "Sound"
findings(
    f"By chance {chance['recall@20']:.1%} of the hidden tracks are found; by popularity {popular['recall@20']:.1%} "
    f"({popular['low']:.1%} to {popular['high']:.1%}), by sound {alike['recall@20']:.1%} "
    f"({alike['low']:.1%} to {alike['high']:.1%}).",
    f"{better} finds more, and the intervals {'do not overlap' if is_clear else 'overlap: the difference may be chance'}.",
    f"{len(members)} playlists are few: their intervals are wide, and none of it says what listeners would like.",
)
