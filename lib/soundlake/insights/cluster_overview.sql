-- title: Clusters
-- question: What does each cluster of the current model sound like, and how much is it heard?
-- grain: one row for each cluster of the current model
-- key: cluster
-- chart: bar; x: plays; y: cluster_name; each: cluster
-- column cluster int: label of the cluster
-- column cluster_name string: readable name
-- column model_version string: the current model
-- column size bigint: tracks in the cluster now
-- column share double: its part of all tracks that have a cluster, 0 to 1
-- column trained_on bigint: tracks in the cluster when the model was trained
-- column mean_popularity double: mean popularity of its tracks, 0 to 100
-- column plays bigint: plays of its tracks
-- column top_genre string: genre that most of its tracks have, see gold_tracks_wide.genre
-- column danceability double: centroid: how suitable for dancing, 0 to 1
-- column energy double: centroid: intensity and activity, 0 to 1
-- column loudness double: centroid: overall loudness in dB
-- column speechiness double: centroid: share of spoken words, 0 to 1
-- column acousticness double: centroid: confidence that the track is acoustic, 0 to 1
-- column instrumentalness double: centroid: confidence that there are no vocals, 0 to 1
-- column liveness double: centroid: confidence that an audience is present, 0 to 1
-- column valence double: centroid: musical positiveness, 0 to 1
-- column tempo double: centroid: beats a minute
WITH members AS (
    SELECT c.cluster, w.genre, w.popularity, w.plays
    FROM gold_track_clusters AS c
    JOIN gold_cluster_models AS m ON m.model_version = c.model_version
    LEFT JOIN gold_tracks_wide AS w ON w.track_id = c.track_id
    WHERE m.is_current
),
totals AS (
    SELECT
        cluster,
        count(*) AS size,
        CAST(count(*) AS double) / sum(count(*)) OVER () AS share,
        avg(CAST(popularity AS double)) AS mean_popularity,
        CAST(sum(plays) AS bigint) AS plays
    FROM members
    GROUP BY cluster
),
genres AS (
    SELECT cluster, genre, row_number() OVER (PARTITION BY cluster ORDER BY count(*) DESC, genre) AS place
    FROM members
    WHERE genre IS NOT NULL
    GROUP BY cluster, genre
)
SELECT
    p.cluster,
    p.cluster_name,
    p.model_version,
    coalesce(t.size, 0) AS size,
    coalesce(t.share, CAST(0 AS double)) AS share,
    p.size AS trained_on,
    round(t.mean_popularity, 4) AS mean_popularity,
    coalesce(t.plays, 0) AS plays,
    g.genre AS top_genre,
    p.danceability,
    p.energy,
    p.loudness,
    p.speechiness,
    p.acousticness,
    p.instrumentalness,
    p.liveness,
    p.valence,
    p.tempo
FROM gold_cluster_profiles AS p
JOIN gold_cluster_models AS m ON m.model_version = p.model_version
LEFT JOIN totals AS t ON t.cluster = p.cluster
LEFT JOIN genres AS g ON g.cluster = p.cluster AND g.place = 1
WHERE m.is_current
