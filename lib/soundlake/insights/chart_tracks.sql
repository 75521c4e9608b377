-- title: Tracks on the charts
-- question: When did each track come on a playlist, how high did it climb, and how long did it stay?
-- grain: one row for each playlist and track that was ever on it
-- key: playlist_id, track_id
-- chart: scatter; x: days; y: peak_position; colour: on_chart; beside: track_name; order: days; top: 2000; one: playlist_name; reverse: y
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column track_id string: id of the track
-- column track_name string: title
-- column artist_id string: id of the first artist
-- column artist_name string: name of the first artist
-- column genre string: first genre of the first artist
-- column first_on date: date of the first snapshot that has it
-- column last_on date: date of the last snapshot that has it
-- column days bigint: snapshots that have it
-- column weeks bigint: weeks with such a snapshot
-- column entries bigint: times that it came on
-- column re_entries bigint: times that it came on again
-- column entry_position int: place on the first snapshot that has it, 1 for the top
-- column peak_position int: best place
-- column peak_on date: date on which it reached its best place first
-- column days_at_peak bigint: snapshots on which it had its best place
-- column last_position int: place on the last snapshot that has it
-- column on_chart boolean: whether the playlist's newest snapshot has it
-- column streams bigint: sum of its streams on these days; null where no source says
WITH {include listed},
numbered AS (
    SELECT
        *,
        dense_rank() OVER (PARTITION BY playlist_id ORDER BY snapshot_date) AS snapshot,
        max(snapshot_date) OVER (PARTITION BY playlist_id) AS newest,
        min(position) OVER (PARTITION BY playlist_id, track_id) AS peak
    FROM listed
),
seen AS (
    SELECT
        *,
        lag(snapshot) OVER (PARTITION BY playlist_id, track_id ORDER BY snapshot_date) AS seen_snapshot
    FROM numbered
),
lives AS (
    SELECT
        playlist_id,
        track_id,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        max(track_name) AS track_name,
        max(artist_id) AS artist_id,
        nullif(max_by(coalesce(artist_name, ''), coalesce(artist_id, '') || ' ' || coalesce(artist_name, '')), '') AS artist_name,
        min(snapshot_date) AS first_on,
        max(snapshot_date) AS last_on,
        count(*) AS days,
        count(DISTINCT date_trunc('week', snapshot_date)) AS weeks,
        count(CASE WHEN seen_snapshot IS NULL OR seen_snapshot < snapshot - 1 THEN 1 END) AS entries,
        min_by(position, snapshot_date) AS entry_position,
        min(peak) AS peak_position,
        min(CASE WHEN position = peak THEN snapshot_date END) AS peak_on,
        count(CASE WHEN position = peak THEN 1 END) AS days_at_peak,
        max_by(position, snapshot_date) AS last_position,
        max(snapshot_date) = max(newest) AS on_chart,
        CAST(sum(streams) AS bigint) AS streams
    FROM seen
    GROUP BY playlist_id, track_id
)
SELECT
    l.playlist_id,
    l.playlist_name,
    l.market,
    l.track_id,
    l.track_name,
    l.artist_id,
    l.artist_name,
    w.genre,
    l.first_on,
    l.last_on,
    l.days,
    l.weeks,
    l.entries,
    l.entries - 1 AS re_entries,
    l.entry_position,
    l.peak_position,
    l.peak_on,
    l.days_at_peak,
    l.last_position,
    l.on_chart,
    l.streams
FROM lives AS l
LEFT JOIN gold_tracks_wide AS w ON w.track_id = l.track_id
