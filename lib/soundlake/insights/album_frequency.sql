-- title: Albums on playlists
-- question: Which albums do the tracks of each playlist come from, and how often?
-- grain: one row for each week and month, playlist and album that had a track on it
-- key: period, starts_on, playlist_id, album_id
-- chart: bar; x: entries; y: album_name; each: album_id; beside: artist_name; top: 20; one: period = month
-- column period string: week or month
-- column starts_on date: Monday of the week, or first day of the month
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column album_id string: id of the album
-- column album_name string: name of the album
-- column artist_id string: id of the first artist of its tracks; of one of them where they differ
-- column artist_name string: name of this artist
-- column rank int: 1 for the album with the most entries on the playlist in the period
-- column tracks bigint: different tracks of the album
-- column entries bigint: places that they had, over all days
-- column playlist_snapshots bigint: days on which the playlist was seen
-- column tracks_per_snapshot double: places of the album on a mean day
-- column share double: its part of all entries of the playlist that have an album, 0 to 1
WITH placed AS (
    -- Entries of playlists often leave the album out: what is known of the track fills in.
    SELECT
        p.week,
        p.month,
        p.playlist_id,
        p.playlist_name,
        p.market,
        p.playlist_snapshots,
        p.track_id,
        p.artist_id,
        p.artist_name,
        coalesce(p.album_id, t.album_id) AS album_id,
        coalesce(CASE WHEN p.album_id IS NOT NULL THEN p.album_name ELSE t.album_name END, '') AS album_name,
        p.entries
    FROM gold_weekly_playlist_tracks AS p
    LEFT JOIN silver_tracks AS t ON t.track_id = p.track_id
),
parts AS (
    SELECT 'week' AS period, week AS starts_on, p.* FROM placed AS p
    UNION ALL
    SELECT 'month' AS period, month AS starts_on, p.* FROM placed AS p
),
{include playlists},
albums AS (
    SELECT
        period,
        starts_on,
        playlist_id,
        album_id,
        nullif(max(album_name), '') AS album_name,
        max(artist_id) AS artist_id,
        nullif(max_by(coalesce(artist_name, ''), coalesce(artist_id, '') || ' ' || coalesce(artist_name, '')), '') AS artist_name,
        count(DISTINCT track_id) AS tracks,
        CAST(sum(entries) AS bigint) AS entries
    FROM parts
    WHERE album_id IS NOT NULL
    GROUP BY period, starts_on, playlist_id, album_id
)
SELECT
    a.period,
    a.starts_on,
    a.playlist_id,
    p.playlist_name,
    p.market,
    a.album_id,
    a.album_name,
    a.artist_id,
    a.artist_name,
    row_number() OVER (
        PARTITION BY a.period, a.starts_on, a.playlist_id ORDER BY a.entries DESC, a.tracks DESC, a.album_id
    ) AS rank,
    a.tracks,
    a.entries,
    p.snapshots AS playlist_snapshots,
    CAST(a.entries AS double) / p.snapshots AS tracks_per_snapshot,
    CAST(a.entries AS double) / sum(a.entries) OVER (PARTITION BY a.period, a.starts_on, a.playlist_id) AS share
FROM albums AS a
JOIN playlists AS p ON p.period = a.period AND p.starts_on = a.starts_on AND p.playlist_id = a.playlist_id
