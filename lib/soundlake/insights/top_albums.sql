-- title: Top albums
-- question: Which albums of the last five years are the most popular?
-- grain: one row for each album released in the five years up to the newest release, or up to insights.as_of
-- key: album_id
-- chart: bar; x: score; y: album_name; each: album_id; beside: artist_name; aggregate: max; label: Popularity, 0 to 100; order: rank; top: 20
-- column rank int: 1 for the top album; by score, then plays, then album_id
-- column album_id string: Spotify id of the album
-- column album_name string: name
-- column artist_id string: id of the first artist; null where only its tracks are known, and they are by several
-- column artist_name string: name of the first artist
-- column album_type string: album, single or compilation
-- column label string: record label
-- column release_date date: release date; first day of the period where only month or year is known
-- column score double: album_popularity, or mean_track_popularity where that is not known; 0 to 100
-- column album_popularity int: popularity of the album, 0 to 100
-- column mean_track_popularity double: mean popularity of its known tracks, 0 to 100
-- column max_track_popularity int: popularity of its most popular track, 0 to 100
-- column tracks_known bigint: its tracks in silver_tracks
-- column plays bigint: plays of its tracks
WITH plays_of_tracks AS (
    SELECT track_id, CAST(sum(plays) AS bigint) AS plays
    FROM gold_weekly_plays
    WHERE track_id IS NOT NULL
    GROUP BY track_id
),
-- What the tracks say of their albums.
from_tracks AS (
    SELECT
        t.album_id,
        max(t.album_name) AS album_name,
        CASE WHEN min(t.artist_id) = max(t.artist_id) THEN min(t.artist_id) END AS artist_id,
        CASE WHEN min(t.artist_id) = max(t.artist_id) THEN max(t.artist_name) END AS artist_name,
        min(t.release_date) AS release_date,
        avg(CAST(t.popularity AS double)) AS mean_popularity,
        max(t.popularity) AS max_popularity,
        count(*) AS tracks,
        CAST(sum(coalesce(p.plays, 0)) AS bigint) AS plays
    FROM silver_tracks AS t
    LEFT JOIN plays_of_tracks AS p ON p.track_id = t.track_id
    WHERE t.album_id IS NOT NULL
    GROUP BY t.album_id
),
albums AS (
    SELECT
        coalesce(a.album_id, t.album_id) AS album_id,
        coalesce(a.album_name, t.album_name) AS album_name,
        CASE WHEN a.artist_id IS NULL AND a.artist_name IS NULL THEN t.artist_id ELSE a.artist_id END AS artist_id,
        CASE WHEN a.artist_id IS NULL AND a.artist_name IS NULL THEN t.artist_name ELSE a.artist_name END AS artist_name,
        a.album_type,
        a.label,
        coalesce(a.release_date, t.release_date) AS release_date,
        a.popularity AS album_popularity,
        round(t.mean_popularity, 4) AS mean_track_popularity,
        t.max_popularity AS max_track_popularity,
        coalesce(t.tracks, 0) AS tracks_known,
        coalesce(t.plays, 0) AS plays
    FROM silver_albums AS a
    FULL OUTER JOIN from_tracks AS t ON t.album_id = a.album_id
),
newest_fetch AS (
    SELECT CAST(max(fetched_at) AS date) AS day
    FROM (SELECT fetched_at FROM silver_albums UNION ALL SELECT fetched_at FROM silver_tracks) AS fetches
),
-- Announced releases lie after the newest fetch: they do not move the five years.
newest_release AS (
    SELECT coalesce({as_of}, max(a.release_date)) AS day
    FROM albums AS a
    CROSS JOIN newest_fetch AS f
    WHERE a.release_date <= f.day
)
SELECT
    row_number() OVER (
        ORDER BY
            coalesce(CAST(a.album_popularity AS double), a.mean_track_popularity) DESC NULLS LAST,
            a.plays DESC,
            a.album_id
    ) AS rank,
    a.album_id,
    a.album_name,
    a.artist_id,
    a.artist_name,
    a.album_type,
    a.label,
    a.release_date,
    coalesce(CAST(a.album_popularity AS double), a.mean_track_popularity) AS score,
    a.album_popularity,
    a.mean_track_popularity,
    a.max_track_popularity,
    a.tracks_known,
    a.plays
FROM albums AS a
CROSS JOIN newest_release AS n
WHERE a.release_date > CAST(n.day - INTERVAL '5' YEAR AS date) AND a.release_date <= n.day
