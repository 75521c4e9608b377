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
from soundlake.notebooks import open_lake

lake = open_lake()
lake.require("gold_cluster_models")
model = lake.sql("SELECT * FROM gold_cluster_models WHERE is_current").iloc[0]
model[["model_version", "k", "silhouette", "inertia", "n_tracks"]]

# %% [markdown]
# ## How many?
# The number with the highest silhouette on a sample was taken. Inertia always falls with more clusters: look for the bend.

# %%
tried = pd.DataFrame(list(model["candidates"]))
base = alt.Chart(tried).mark_line(point=True).encode(x="k:O")
alt.hconcat(*[base.encode(y=alt.Y(f"{name}:Q", scale=alt.Scale(zero=False))) for name in ("silhouette", "inertia")])

# %% [markdown]
# ## What they sound like
# In deviations from the mean track.

# %%
centroids = pd.DataFrame(np.vstack(model["centroids"]), columns=list(model["features"]), index=list(model["names"]))
centroids.round(2)

# %%
lake.table("gold_cluster_overview", ["cluster_name", "size", "share", "mean_popularity", "plays", "top_genre"])

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
tracks = lake.table("gold_tracks_wide").dropna(subset=[*FEATURES, "cluster"]).head(2500)
points = (tracks[list(FEATURES)].to_numpy(dtype=float) - model["means"]) / model["deviations"]
projection = principal_components(points)
x, y = projection.place(points).T
alt.Chart(tracks.assign(x=x, y=y)[["x", "y", "cluster_name", "track_name"]]).mark_circle(size=18).encode(
    x="x:Q", y="y:Q", color="cluster_name:N", tooltip=["track_name:N", "cluster_name:N"]
)

# %%
pd.DataFrame(projection.axes.T, index=list(FEATURES), columns=["x", "y"]).round(2), projection.shares

# %% [markdown]
# ## Would other seeds find the same groups?
# The adjusted Rand index is 1 for the same grouping and about 0 for one by chance.

# %%
groups = [KMeans(int(model["k"]), n_init=1, random_state=seed).fit_predict(points) for seed in range(4)]
[round(adjusted_rand_score(groups[0], other), 3) for other in groups[1:]]
