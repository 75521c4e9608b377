-- title: Popularity of artists over time
-- question: Which artists rise and which fall, from week to week and month to month?
-- grain: one row for each week and month and artist of whom a track was played or observed in it: the first 2,000 artists, and the first 100 of each genre
-- key: period, starts_on, artist_id
-- chart: line; x: starts_on; y: plays; colour: artist_name; each: artist_id; top: 8; one: period = month; until: gold_listening_by_content_type.day
-- column period string: week or month
-- column starts_on date: Monday of the week, or first day of the month; of plays in insights.time_zone, of observations in UTC
-- column rank int: 1 for the most played of the period; by plays, listeners, popularity, then id
-- column artist_id string: id of the artist: the first one of the tracks
-- column artist_name string: name of the artist
-- column genre string: first genre of the artist
-- column popularity double: mean over its observed tracks of each one's mean in the period, 0 to 100
-- column tracks_observed bigint: tracks whose popularity was observed
-- column plays bigint: plays in the period
-- column listeners bigint: users who played it
-- column previous_popularity double: popularity in the last period before in which it was observed
-- column popularity_change double: popularity less previous_popularity
-- column previous_plays bigint: plays in the period before; null for the first period that has plays of anything
-- column plays_change bigint: plays less previous_plays
-- column trend string: rise, fall or steady, by popularity where it was observed twice, else by plays; new in its first period; null where nothing says
WITH names AS (
    SELECT artist_id, max(artist_name) AS artist_name FROM silver_tracks WHERE artist_id IS NOT NULL GROUP BY artist_id
),
played AS (
    SELECT
        'week' AS period,
        p.week AS starts_on,
        t.artist_id,
        CAST(sum(p.plays) AS bigint) AS plays,
        count(DISTINCT p.user_id) AS listeners
    FROM gold_weekly_plays AS p
    JOIN silver_tracks AS t ON t.track_id = p.track_id AND t.artist_id IS NOT NULL
    GROUP BY p.week, t.artist_id
    UNION ALL
    SELECT 'month' AS period, p.month, t.artist_id, CAST(sum(p.plays) AS bigint), count(DISTINCT p.user_id)
    FROM gold_weekly_plays AS p
    JOIN silver_tracks AS t ON t.track_id = p.track_id AND t.artist_id IS NOT NULL
    GROUP BY p.month, t.artist_id
),
{include observed_tracks},
observed AS (
    SELECT o.period, o.starts_on, t.artist_id, count(*) AS observations, avg(o.popularity) AS popularity
    FROM observed_tracks AS o
    JOIN silver_tracks AS t ON t.track_id = o.track_id AND t.artist_id IS NOT NULL
    GROUP BY o.period, o.starts_on, t.artist_id
),
{include compared: key = artist_id},
described AS (
    SELECT
        d.*,
        coalesce(a.artist_name, n.artist_name) AS artist_name,
        CASE WHEN cardinality(a.genres) > 0 THEN element_at(a.genres, 1) END AS genre
    FROM compared AS d
    LEFT JOIN silver_artists AS a ON a.artist_id = d.artist_id
    LEFT JOIN names AS n ON n.artist_id = d.artist_id
),
{include ranked: key = artist_id}
SELECT
    period,
    starts_on,
    rank,
    artist_id,
    artist_name,
    genre,
    popularity,
    observations AS tracks_observed,
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
