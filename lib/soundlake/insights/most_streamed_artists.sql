-- title: Most streamed artists
-- question: Which artists are played most in each month?
-- grain: one row for each artist and month in which it was played
-- key: month, rank
-- chart: bar; x: plays; y: artist_name; each: artist_id; top: 20
-- column month date: first day of the month of the plays, in insights.time_zone
-- column rank int: 1 for the most played artist of the month; by plays, listeners, time, then name
-- column artist_id string: id of the first artist; null where the track is not known, only the artist's name
-- column artist_name string: name of the artist
-- column plays bigint: plays of the artist's tracks
-- column listeners bigint: users who played them
-- column ms_played bigint: milliseconds listened; null where no source says
WITH named AS (
    SELECT
        t.artist_id,
        CASE WHEN t.artist_id IS NULL THEN coalesce(t.artist_name, p.artist_name) END AS name_only,
        coalesce(ar.artist_name, t.artist_name, p.artist_name) AS artist_name,
        p.month,
        p.user_id,
        p.plays,
        p.ms_played
    FROM gold_weekly_plays AS p
    LEFT JOIN silver_tracks AS t ON t.track_id = p.track_id
    LEFT JOIN silver_artists AS ar ON ar.artist_id = t.artist_id
),
counted AS (
    SELECT
        month,
        artist_id,
        max(artist_name) AS artist_name,
        CAST(sum(plays) AS bigint) AS plays,
        count(DISTINCT user_id) AS listeners,
        CAST(sum(ms_played) AS bigint) AS ms_played
    FROM named
    WHERE artist_id IS NOT NULL OR name_only IS NOT NULL
    GROUP BY month, artist_id, name_only
)
SELECT
    month,
    row_number() OVER (
        PARTITION BY month
        ORDER BY plays DESC, listeners DESC, coalesce(ms_played, 0) DESC, artist_name NULLS LAST, artist_id NULLS LAST
    ) AS rank,
    artist_id,
    artist_name,
    plays,
    listeners,
    ms_played
FROM counted
