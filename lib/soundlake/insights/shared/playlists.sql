-- The playlists of `parts`, by week and month, with the number of days on which each was seen.
snapshots_of_parts AS (
    SELECT DISTINCT period, starts_on, week, month, playlist_id, playlist_name, market, playlist_snapshots
    FROM parts
),
playlists AS (
    SELECT
        period,
        starts_on,
        playlist_id,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        CAST(sum(playlist_snapshots) AS bigint) AS snapshots
    FROM snapshots_of_parts
    GROUP BY period, starts_on, playlist_id
)
