-- title: Tracks of playlists by week
-- question: Which tracks did each playlist hold in each week, how often and how high?
-- grain: one row for each week (cut at the turn of the month), playlist and track that was on it
-- key: starts_on, playlist_id, track_id
-- chart: line; x: week; y: points; colour: track_name; each: track_id; beside: artist_name; top: 8; one: playlist_name; until: gold_playlist_turnover.snapshot_date
-- incremental: starts_on = greatest(CAST(date_trunc('week', snapshot_date) AS date), CAST(date_trunc('month', snapshot_date) AS date)) of silver_playlist_items
-- column starts_on date: first day of the week, or of the month that began within it; in UTC
-- column week date: Monday of the week
-- column month date: first day of the month
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column playlist_snapshots bigint: days on which the playlist was seen
-- column track_id string: id of the track
-- column track_name string: title
-- column artist_id string: id of the first artist
-- column artist_name string: name of the first artist
-- column album_id string: id of the album
-- column album_name string: name of the album
-- column snapshots bigint: days on which the track was on the playlist
-- column entries bigint: places that it had on these days; more than days where it is listed twice
-- column best_position int: its best place, 1 for the top
-- column position_total bigint: sum of its places
-- column points bigint: sum over its places of the number of places from there down: 50 for the top of fifty, 1 for the last
-- column streams bigint: streams on these days; null where no source says
WITH days AS (
    SELECT
        CAST(date_trunc('week', snapshot_date) AS date) AS week,
        CAST(date_trunc('month', snapshot_date) AS date) AS month,
        snapshot_date,
        playlist_id,
        playlist_name,
        market,
        track_id,
        track_name,
        artist_id,
        artist_name,
        album_id,
        album_name,
        streams,
        position + 1 AS place,
        max(position) OVER (PARTITION BY playlist_id, snapshot_date) + 1 AS places
    FROM silver_playlist_items
),
playlists AS (
    SELECT
        week,
        month,
        playlist_id,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        count(DISTINCT snapshot_date) AS snapshots
    FROM days
    GROUP BY week, month, playlist_id
),
tracks AS (
    SELECT
        week,
        month,
        playlist_id,
        track_id,
        max(track_name) AS track_name,
        -- The artist and the album of one entry each, not a mixture of several.
        max(artist_id) AS artist_id,
        nullif(max_by(coalesce(artist_name, ''), coalesce(artist_id, '') || ' ' || coalesce(artist_name, '')), '') AS artist_name,
        max(album_id) AS album_id,
        nullif(max_by(coalesce(album_name, ''), coalesce(album_id, '') || ' ' || coalesce(album_name, '')), '') AS album_name,
        count(DISTINCT snapshot_date) AS snapshots,
        count(*) AS entries,
        CAST(min(place) AS integer) AS best_position,
        CAST(sum(place) AS bigint) AS position_total,
        CAST(sum(places - place + 1) AS bigint) AS points,
        CAST(sum(streams) AS bigint) AS streams
    FROM days
    WHERE track_id IS NOT NULL
    GROUP BY week, month, playlist_id, track_id
)
SELECT
    greatest(t.week, t.month) AS starts_on,
    t.week,
    t.month,
    t.playlist_id,
    p.playlist_name,
    p.market,
    p.snapshots AS playlist_snapshots,
    t.track_id,
    t.track_name,
    t.artist_id,
    t.artist_name,
    t.album_id,
    t.album_name,
    t.snapshots,
    t.entries,
    t.best_position,
    t.position_total,
    t.points,
    t.streams
FROM tracks AS t
JOIN playlists AS p ON p.week = t.week AND p.month = t.month AND p.playlist_id = t.playlist_id
