-- The tracks on each playlist on each day, each once, at its best place.
listed AS (
    SELECT
        playlist_id,
        snapshot_date,
        track_id,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        max(track_name) AS track_name,
        max(artist_id) AS artist_id,
        nullif(max_by(coalesce(artist_name, ''), coalesce(artist_id, '') || ' ' || coalesce(artist_name, '')), '') AS artist_name,
        CAST(min(position) + 1 AS integer) AS position,
        CAST(sum(streams) AS bigint) AS streams
    FROM silver_playlist_items
    WHERE track_id IS NOT NULL
    GROUP BY playlist_id, snapshot_date, track_id
)
