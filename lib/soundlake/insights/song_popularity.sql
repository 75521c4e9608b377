-- title: Popularity of songs over time
-- question: Which songs rise and which fall, from week to week and month to month?
-- grain: one row for each week and month and track that was played or observed in it: the first 2,000 tracks, and the first 100 of each genre
-- key: period, starts_on, track_id
-- chart: line; x: starts_on; y: plays; colour: track_name; each: track_id; beside: artist_name; top: 8; one: period = month; until: gold_listening_by_content_type.day
-- column period string: week or month
-- column starts_on date: Monday of the week, or first day of the month; of plays in insights.time_zone, of observations in UTC
-- column rank int: 1 for the most played of the period; by plays, listeners, popularity, then id
-- column track_id string: id of the track
-- column track_name string: title
-- column artist_id string: id of the first artist
-- column artist_name string: name of the first artist
-- column genre string: first genre of the first artist
-- column popularity double: mean over the days on which its popularity was observed, 0 to 100; null where it was not
-- column observations bigint: these days
-- column plays bigint: plays in the period
-- column listeners bigint: users who played it
-- column previous_popularity double: popularity in the last period before in which it was observed
-- column popularity_change double: popularity less previous_popularity
-- column previous_plays bigint: plays in the period before; null for the first period that has plays of anything
-- column plays_change bigint: plays less previous_plays
-- column trend string: rise, fall or steady, by popularity where it was observed twice, else by plays; new in its first period; null where nothing says
WITH played AS (
    SELECT
        'week' AS period,
        week AS starts_on,
        track_id,
        CAST(sum(plays) AS bigint) AS plays,
        count(DISTINCT user_id) AS listeners
    FROM gold_weekly_plays
    WHERE track_id IS NOT NULL
    GROUP BY week, track_id
    UNION ALL
    SELECT 'month' AS period, month, track_id, CAST(sum(plays) AS bigint), count(DISTINCT user_id)
    FROM gold_weekly_plays
    WHERE track_id IS NOT NULL
    GROUP BY month, track_id
),
{include observed_tracks},
observed AS (
    SELECT * FROM observed_tracks
),
{include compared: key = track_id},
described AS (
    SELECT
        d.*,
        w.track_name,
        w.artist_id,
        w.artist_name,
        w.genre
    FROM compared AS d
    LEFT JOIN gold_tracks_wide AS w ON w.track_id = d.track_id
),
{include ranked: key = track_id}
SELECT
    period,
    starts_on,
    rank,
    track_id,
    track_name,
    artist_id,
    artist_name,
    genre,
    popularity,
    observations,
    plays,
    listeners,
    previous_popularity,
    popularity_change,
    previous_plays,
    plays_change,
    trend
FROM ranked
-- All there are would be as many as plays.
WHERE rank <= 2000 OR rank_in_genre <= 100
