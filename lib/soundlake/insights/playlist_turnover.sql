-- title: Turnover of playlists
-- question: How many tracks enter and leave each playlist from one snapshot to the next?
-- grain: one row for each playlist and day on which it was seen with a track on it
-- key: playlist_id, snapshot_date
-- chart: line; x: snapshot_date; y: turnover; colour: playlist_name; each: playlist_id; aggregate: entered / tracks; label: Share of tracks that are new; top: 8; every: week; until: gold_playlist_turnover.snapshot_date
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column snapshot_date date: UTC date of the snapshot
-- column previous_date date: date of the snapshot before; null for the first
-- column tracks bigint: different tracks on it
-- column previous_tracks bigint: different tracks on the snapshot before
-- column entered bigint: tracks that were not on the snapshot before
-- column left_behind bigint: tracks of the snapshot before that are gone
-- column stayed bigint: tracks that are on both
-- column turnover double: part of its tracks that entered, 0 to 1; null for the first snapshot
WITH {include listed},
sizes AS (
    SELECT
        playlist_id,
        snapshot_date,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        count(*) AS tracks
    FROM listed
    GROUP BY playlist_id, snapshot_date
),
snapshots AS (
    SELECT
        playlist_id,
        playlist_name,
        market,
        snapshot_date,
        tracks,
        lag(snapshot_date) OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS previous_date,
        lag(tracks) OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS previous_tracks
    FROM sizes
),
-- Of each track on a snapshot: the snapshot on which it was seen before.
seen AS (
    SELECT
        playlist_id,
        snapshot_date,
        lag(snapshot_date) OVER (PARTITION BY playlist_id, track_id ORDER BY snapshot_date) AS seen_before
    FROM listed
),
stays AS (
    SELECT n.playlist_id, n.snapshot_date, count(*) AS stayed
    FROM seen AS n
    JOIN snapshots AS s
        ON s.playlist_id = n.playlist_id AND s.snapshot_date = n.snapshot_date AND s.previous_date = n.seen_before
    GROUP BY n.playlist_id, n.snapshot_date
)
SELECT
    s.playlist_id,
    s.playlist_name,
    s.market,
    s.snapshot_date,
    s.previous_date,
    s.tracks,
    s.previous_tracks,
    CASE WHEN s.previous_date IS NOT NULL THEN s.tracks - coalesce(n.stayed, 0) END AS entered,
    CASE WHEN s.previous_date IS NOT NULL THEN s.previous_tracks - coalesce(n.stayed, 0) END AS left_behind,
    CASE WHEN s.previous_date IS NOT NULL THEN coalesce(n.stayed, 0) END AS stayed,
    CASE WHEN s.previous_date IS NOT NULL THEN CAST(s.tracks - coalesce(n.stayed, 0) AS double) / s.tracks END
        AS turnover
FROM snapshots AS s
LEFT JOIN stays AS n ON n.playlist_id = s.playlist_id AND n.snapshot_date = s.snapshot_date
