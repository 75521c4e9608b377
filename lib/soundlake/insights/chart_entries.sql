-- title: Entries and re-entries
-- question: Which tracks came on a playlist on which day, for the first time or again?
-- grain: one row for each playlist, day and track that was not on the playlist's snapshot before
-- key: playlist_id, snapshot_date, track_id
-- chart: column; x: snapshot_date; y: track_id; colour: entry; aggregate: count; label: Entries; every: week; one: playlist_name; until: gold_playlist_turnover.snapshot_date
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column snapshot_date date: UTC date on which the track came on
-- column entry string: new, re-entry, or first snapshot where the playlist was not seen before
-- column position int: place at which it came on, 1 for the top
-- column track_id string: id of the track
-- column track_name string: title
-- column artist_id string: id of the first artist
-- column artist_name string: name of the first artist
-- column left_on date: date of the last snapshot before that had the track; null unless it is a re-entry
-- column snapshots_away bigint: snapshots in between that did not have it; null unless it is a re-entry
WITH {include listed},
numbered AS (
    SELECT *, dense_rank() OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS snapshot
    FROM listed
),
seen AS (
    SELECT
        *,
        lag(snapshot) OVER (PARTITION BY playlist_id, track_id ORDER BY snapshot_date) AS seen_snapshot,
        lag(snapshot_date) OVER (PARTITION BY playlist_id, track_id ORDER BY snapshot_date) AS seen_on
    FROM numbered
)
SELECT
    playlist_id,
    playlist_name,
    market,
    snapshot_date,
    CASE WHEN snapshot = 1 THEN 'first snapshot' WHEN seen_snapshot IS NULL THEN 'new' ELSE 're-entry' END AS entry,
    position,
    track_id,
    track_name,
    artist_id,
    artist_name,
    seen_on AS left_on,
    snapshot - seen_snapshot - 1 AS snapshots_away
FROM seen
WHERE seen_snapshot IS NULL OR seen_snapshot < snapshot - 1
