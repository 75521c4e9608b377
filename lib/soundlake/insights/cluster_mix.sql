-- title: Clusters over time
-- question: How much of what is played, and of what is on playlists, is of each cluster, from month to month?
-- grain: one row for each month and cluster of the current model of which a track was played or on a playlist
-- key: month, cluster
-- chart: area; x: month; y: share_of_plays; colour: cluster_name; each: cluster; until: gold_listening_by_content_type.day
-- column month date: first day of the month; of plays in insights.time_zone, of snapshots in UTC
-- column cluster int: label of the cluster
-- column cluster_name string: readable name
-- column model_version string: the current model
-- column plays bigint: plays of its tracks
-- column listeners bigint: users who played them
-- column share_of_plays double: its part of the plays of all tracks that have a cluster, 0 to 1; null in a month without any
-- column entries bigint: entries of its tracks on playlists, over all days
-- column share_of_entries double: its part of the entries of all tracks that have a cluster, 0 to 1; null in a month without any
WITH members AS (
    SELECT c.track_id, c.cluster
    FROM gold_track_clusters AS c
    JOIN gold_cluster_models AS m ON m.model_version = c.model_version
    WHERE m.is_current
),
played AS (
    SELECT p.month, c.cluster, CAST(sum(p.plays) AS bigint) AS plays, count(DISTINCT p.user_id) AS listeners
    FROM gold_weekly_plays AS p
    JOIN members AS c ON c.track_id = p.track_id
    GROUP BY p.month, c.cluster
),
listed AS (
    SELECT p.month, c.cluster, CAST(sum(p.entries) AS bigint) AS entries
    FROM gold_weekly_playlist_tracks AS p
    JOIN members AS c ON c.track_id = p.track_id
    GROUP BY p.month, c.cluster
),
mix AS (
    SELECT
        coalesce(p.month, l.month) AS month,
        coalesce(p.cluster, l.cluster) AS cluster,
        coalesce(p.plays, 0) AS plays,
        coalesce(p.listeners, 0) AS listeners,
        coalesce(l.entries, 0) AS entries
    FROM played AS p
    FULL OUTER JOIN listed AS l ON l.month = p.month AND l.cluster = p.cluster
)
SELECT
    x.month,
    x.cluster,
    f.cluster_name,
    f.model_version,
    x.plays,
    x.listeners,
    CAST(x.plays AS double) / nullif(sum(x.plays) OVER (PARTITION BY x.month), 0) AS share_of_plays,
    x.entries,
    CAST(x.entries AS double) / nullif(sum(x.entries) OVER (PARTITION BY x.month), 0) AS share_of_entries
FROM mix AS x
JOIN gold_cluster_profiles AS f ON f.cluster = x.cluster
JOIN gold_cluster_models AS m ON m.model_version = f.model_version
WHERE m.is_current
