-- title: Top tracks of playlists
-- question: Which tracks led each playlist and market in each week?
-- grain: one row for each week, playlist and track that was on it
-- key: week, playlist_id, rank
-- chart: bar; x: points; y: track_name; each: track_id; beside: artist_name; top: 20; one: playlist_name
-- column week date: Monday of the week
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column rank int: 1 for the top track of the week; by streams where a source has them, then points, then track_id
-- column previous_rank int: its rank in the week before; null where it was not on the playlist then
-- column track_id string: id of the track
-- column track_name string: title
-- column artist_id string: id of the first artist
-- column artist_name string: name of the first artist
-- column album_id string: id of the album
-- column album_name string: name of the album
-- column genre string: first genre of the first artist
-- column snapshots bigint: days on which the track was on the playlist
-- column playlist_snapshots bigint: days on which the playlist was seen
-- column best_position int: its best place, 1 for the top
-- column mean_position double: mean of its places
-- column points bigint: sum over its places of the number of places from there down: 50 for the top of fifty, 1 for the last
-- column streams bigint: streams on these days; null where no source says
WITH playlists AS (
    SELECT
        week,
        playlist_id,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        CAST(sum(snapshots) AS bigint) AS snapshots
    FROM (
        SELECT week, month, playlist_id, max(playlist_name) AS playlist_name, max(market) AS market,
            max(playlist_snapshots) AS snapshots
        FROM gold_weekly_playlist_tracks
        GROUP BY week, month, playlist_id
    ) AS parts
    GROUP BY week, playlist_id
),
tracks AS (
    SELECT
        week,
        playlist_id,
        track_id,
        max(track_name) AS track_name,
        CAST(sum(snapshots) AS bigint) AS snapshots,
        min(best_position) AS best_position,
        CAST(sum(position_total) AS double) / sum(entries) AS mean_position,
        CAST(sum(points) AS bigint) AS points,
        CAST(sum(streams) AS bigint) AS streams,
        max(artist_id) AS artist_id,
        nullif(max_by(coalesce(artist_name, ''), coalesce(artist_id, '') || ' ' || coalesce(artist_name, '')), '') AS artist_name,
        max(album_id) AS album_id,
        nullif(max_by(coalesce(album_name, ''), coalesce(album_id, '') || ' ' || coalesce(album_name, '')), '') AS album_name
    FROM gold_weekly_playlist_tracks
    GROUP BY week, playlist_id, track_id
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY week, playlist_id ORDER BY streams DESC NULLS LAST, points DESC, track_id
        ) AS rank
    FROM tracks
)
SELECT
    t.week,
    t.playlist_id,
    p.playlist_name,
    p.market,
    t.rank,
    b.rank AS previous_rank,
    t.track_id,
    t.track_name,
    t.artist_id,
    t.artist_name,
    t.album_id,
    t.album_name,
    w.genre,
    t.snapshots,
    p.snapshots AS playlist_snapshots,
    t.best_position,
    t.mean_position,
    t.points,
    t.streams
FROM ranked AS t
JOIN playlists AS p ON p.week = t.week AND p.playlist_id = t.playlist_id
LEFT JOIN ranked AS b
    ON b.playlist_id = t.playlist_id
    AND b.track_id = t.track_id
    AND b.week = CAST(t.week - INTERVAL '7' DAY AS date)
LEFT JOIN gold_tracks_wide AS w ON w.track_id = t.track_id
