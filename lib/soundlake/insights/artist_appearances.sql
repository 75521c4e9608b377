-- title: Artists on playlists
-- question: How often does each artist appear on each playlist, and is it becoming more or less?
-- grain: one row for each week and month, playlist and artist that was on it
-- key: period, starts_on, playlist_id, artist_id
-- chart: line; x: starts_on; y: tracks_per_snapshot; colour: artist_name; each: artist_id; aggregate: entries / playlist_snapshots; label: Tracks on an average day; top: 8; one: period = month, playlist_name; until: gold_playlist_turnover.snapshot_date
-- column period string: week or month
-- column starts_on date: Monday of the week, or first day of the month
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: market of the playlist; null where it has none, as the global charts
-- column artist_id string: id of the first artist of the tracks
-- column artist_name string: name of the artist
-- column rank int: 1 for the artist with the most entries on the playlist in the period
-- column tracks bigint: different tracks of the artist
-- column entries bigint: places that they had, over all days
-- column best_position int: best of these places, 1 for the top
-- column playlist_snapshots bigint: days on which the playlist was seen
-- column tracks_per_snapshot double: places of the artist on a mean day
-- column previous_tracks_per_snapshot double: the same in the period before; 0 where the playlist did not have the artist then, null where it was not seen
-- column change double: tracks_per_snapshot less previous_tracks_per_snapshot
-- column trend string: new where the artist was never on the playlist before, else rise, fall or steady by change; null where the playlist was not seen in the period before
WITH parts AS (
    SELECT 'week' AS period, week AS starts_on, week, month, playlist_id, playlist_name, market, playlist_snapshots, track_id, artist_id, artist_name,
        entries, best_position
    FROM gold_weekly_playlist_tracks
    UNION ALL
    SELECT 'month' AS period, month AS starts_on, week, month, playlist_id, playlist_name, market, playlist_snapshots, track_id, artist_id, artist_name,
        entries, best_position
    FROM gold_weekly_playlist_tracks
),
{include playlists},
artists AS (
    SELECT
        period,
        starts_on,
        playlist_id,
        artist_id,
        max(artist_name) AS artist_name,
        count(DISTINCT track_id) AS tracks,
        CAST(sum(entries) AS bigint) AS entries,
        min(best_position) AS best_position
    FROM parts
    WHERE artist_id IS NOT NULL
    GROUP BY period, starts_on, playlist_id, artist_id
),
rates AS (
    SELECT
        a.*,
        p.playlist_name,
        p.market,
        p.snapshots AS playlist_snapshots,
        CAST(a.entries AS double) / p.snapshots AS rate,
        min(a.starts_on) OVER (PARTITION BY a.period, a.playlist_id, a.artist_id) AS first_period,
        CASE
            WHEN a.period = 'week' THEN CAST(a.starts_on - INTERVAL '7' DAY AS date)
            ELSE CAST(a.starts_on - INTERVAL '1' MONTH AS date)
        END AS before
    FROM artists AS a
    JOIN playlists AS p ON p.period = a.period AND p.starts_on = a.starts_on AND p.playlist_id = a.playlist_id
),
compared AS (
    SELECT
        r.*,
        CASE WHEN p.playlist_id IS NOT NULL THEN coalesce(b.rate, CAST(0 AS double)) END AS previous_rate
    FROM rates AS r
    LEFT JOIN playlists AS p
        ON p.period = r.period AND p.starts_on = r.before AND p.playlist_id = r.playlist_id
    LEFT JOIN rates AS b
        ON b.period = r.period
        AND b.starts_on = r.before
        AND b.playlist_id = r.playlist_id
        AND b.artist_id = r.artist_id
)
SELECT
    period,
    starts_on,
    playlist_id,
    playlist_name,
    market,
    artist_id,
    artist_name,
    row_number() OVER (
        PARTITION BY period, starts_on, playlist_id ORDER BY entries DESC, tracks DESC, best_position, artist_id
    ) AS rank,
    tracks,
    entries,
    best_position,
    playlist_snapshots,
    rate AS tracks_per_snapshot,
    previous_rate AS previous_tracks_per_snapshot,
    rate - previous_rate AS change,
    CASE
        WHEN previous_rate IS NULL THEN NULL
        WHEN starts_on = first_period THEN 'new'
        WHEN rate > previous_rate THEN 'rise'
        WHEN rate < previous_rate THEN 'fall'
        ELSE 'steady'
    END AS trend
FROM compared
