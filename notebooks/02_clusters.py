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
# # Exploring the clusters
#
# KMeans groups tracks by nine measured audio features. What is here is what `train_clusters` published: how it chose the
# number of groups, what they sound like, and where tracks lie.

# %%
import altair as alt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from soundlake.clusters.learnable import FEATURES
from soundlake.clusters.projection import principal_components
from soundlake.notebooks import findings, open_lake

alt.renderers.enable("svg")  # drawn here: no server is asked for anything

lake = open_lake()
lake.require("gold_cluster_models")
model = lake.sql("SELECT * FROM gold_cluster_models WHERE is_current").iloc[0]
model[["model_version", "k", "silhouette", "inertia", "n_tracks"]]

# %% [markdown]
# ## How many?
# The number with the highest silhouette on a sample was taken. Inertia always falls with more clusters: look for the bend.

# %%
tried = pd.DataFrame(list(model["candidates"]), columns=["k", "silhouette", "inertia", "stability"])
base = alt.Chart(tried).mark_line(point=True).encode(x=alt.X("k:O", title="Number of clusters"))
units = {"silhouette": "Mean silhouette, -1 to 1", "inertia": "Squared deviations from the centroids, summed"}
alt.hconcat(
    *[base.encode(y=alt.Y(f"{name}:Q", title=unit).scale(zero=False)) for name, unit in units.items()],
    title="Which number of clusters fits best",
)

# %% [markdown]
# ## What they sound like
# In deviations from the mean track.

# %%
centroids = pd.DataFrame(np.vstack(model["centroids"]), columns=list(model["features"]), index=list(model["names"]))
centroids.round(2)

# %%
overview = lake.table(
    "gold_cluster_overview", ["cluster_name", "size", "share", "mean_popularity", "plays", "top_genre"]
)
overview

# %% [markdown]
# ## Examples
# The tracks that are nearest to the middle of each.

# %%
lake.sql("""
    SELECT cluster_name, track_name, artist_name, distance FROM (
        SELECT c.cluster_name, t.track_name, t.artist_name, c.distance,
               row_number() OVER (PARTITION BY c.cluster ORDER BY c.distance, c.track_id) AS place
        FROM gold_track_clusters AS c JOIN silver_tracks AS t ON t.track_id = c.track_id) AS ranked
    WHERE place <= 3 ORDER BY cluster_name, distance
""")

# %% [markdown]
# ## Where they lie
# Nine dimensions in two: the first two principal components of the standardised features.

# %%
tracks = lake.table("gold_tracks_wide").dropna(subset=[*FEATURES, "cluster"])
tracks = tracks.sample(min(2500, len(tracks)), random_state=1)
points = (tracks[list(FEATURES)].to_numpy(dtype=float) - model["means"]) / model["deviations"]
projection = principal_components(points)
x, y = projection.place(points).T
map_of_sound = tracks.assign(x=x, y=y)[["x", "y", "cluster_name", "track_name"]].head(600)
alt.Chart(map_of_sound, title=f"{len(map_of_sound)} tracks by sound").mark_circle(size=25).encode(
    x=alt.X("x:Q", title=f"First component, {projection.shares[0]:.0%} of the variance"),
    y=alt.Y("y:Q", title=f"Second component, {projection.shares[1]:.0%} of the variance"),
    color=alt.Color("cluster_name:N", title="Cluster", scale=alt.Scale(scheme="tableau20")).legend(labelLimit=300),
    tooltip=["track_name:N", "cluster_name:N"],
)

# %%
pd.DataFrame(projection.axes.T, index=list(FEATURES), columns=["x", "y"]).round(2), projection.shares

# %% [markdown]
# ## Would other seeds find the same groups?
# The adjusted Rand index is 1 for the same grouping and about 0 for one by chance.

# %%
groups = [KMeans(int(model["k"]), n_init=1, random_state=seed).fit_predict(points) for seed in range(4)]
agreement = [round(adjusted_rand_score(groups[0], other), 3) for other in groups[1:]]
agreement

# %% [markdown]
# ## Findings

# %%
best = tried.sort_values("silhouette", ascending=False)
chosen = f"{model['k']} clusters with a silhouette of {model['silhouette']:.3f}"
second = f", {best.iloc[1]['k']:.0f} would have {best.iloc[1]['silhouette']:.3f} on the sample" if len(best) > 1 else ""
largest = overview.loc[overview["size"].idxmax()]
heard = (overview["plays"] / overview["plays"].sum()) - overview["share"]
liked = overview.loc[heard.idxmax()]
gaps = np.linalg.norm(centroids.to_numpy()[:, None] - centroids.to_numpy()[None], axis=-1)
far = np.unravel_index(gaps.argmax(), gaps.shape)
findings(
    f"The model has {chosen}{second}. "
    + (
        "They stand apart."
        if model["silhouette"] >= 0.5
        else "Below 0.5, sounds blend: clusters are regions, not islands."
    ),
    f"The largest is {largest['cluster_name']}: {largest['size']:,} tracks, {largest['share']:.0%} of all.",
    f"{liked['cluster_name']} is played the most above its share of the tracks: by {heard.max() * 100:+.1f} percentage points.",
    f"The two that differ most are {centroids.index[far[0]]} and {centroids.index[far[1]]}, "
    f"{gaps.max():.1f} deviations apart.",
    f"The map shows {sum(projection.shares[:2]):.0%} of the variance: neighbours on it need not sound alike.",
    f"Other seeds agree with the first by an adjusted Rand index of {min(agreement):.2f} to {max(agreement):.2f}.",
)
