-- title: Trends of genres
-- question: Which genres rise and which fall, from week to week and month to month?
-- grain: one row for each week and month, genre and source of the genre of which a track was played or observed in it
-- key: period, starts_on, genre, genre_source
-- chart: line; x: starts_on; y: plays; colour: genre; top: 8; one: period = month, genre_source; until: gold_listening_by_content_type.day
-- column period string: week or month
-- column starts_on date: Monday of the week, or first day of the month; of plays in insights.time_zone, of observations in UTC
-- column rank int: 1 for the most played of the period; by plays, listeners, popularity, then id
-- column genre string: genre of the first artist of the tracks; an artist of several genres counts in each
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column popularity double: mean over its observed tracks of each one's mean in the period, 0 to 100
-- column tracks_observed bigint: tracks whose popularity was observed
-- column plays bigint: plays in the period
-- column listeners bigint: users who played it
-- column previous_popularity double: popularity in the last period before in which it was observed
-- column popularity_change double: popularity less previous_popularity
-- column previous_plays bigint: plays in the period before; null for the first period that has plays of anything
-- column plays_change bigint: plays less previous_plays
-- column trend string: rise, fall or steady, by popularity where it was observed twice, else by plays; new in its first period; null where nothing says
WITH genres_of_tracks AS (
    SELECT t.track_id, g.genre, g.genre_source
    FROM silver_tracks AS t
    JOIN gold_artist_genres AS g ON g.artist_id = t.artist_id
),
played AS (
    SELECT
        'week' AS period,
        p.week AS starts_on,
        g.genre, g.genre_source,
        CAST(sum(p.plays) AS bigint) AS plays,
        count(DISTINCT p.user_id) AS listeners
    FROM gold_weekly_plays AS p
    JOIN genres_of_tracks AS g ON g.track_id = p.track_id
    GROUP BY p.week, g.genre, g.genre_source
    UNION ALL
    SELECT 'month' AS period, p.month, g.genre, g.genre_source, CAST(sum(p.plays) AS bigint), count(DISTINCT p.user_id)
    FROM gold_weekly_plays AS p
    JOIN genres_of_tracks AS g ON g.track_id = p.track_id
    GROUP BY p.month, g.genre, g.genre_source
),
track_periods AS (
    SELECT
        'week' AS period,
        week AS starts_on,
        id AS track_id,
        CAST(sum(popularity_total) AS double) / sum(observations) AS popularity
    FROM gold_weekly_popularity
    WHERE entity = 'track'
    GROUP BY week, id
    UNION ALL
    SELECT 'month' AS period, month, id, CAST(sum(popularity_total) AS double) / sum(observations)
    FROM gold_weekly_popularity
    WHERE entity = 'track'
    GROUP BY month, id
),
observed AS (
    SELECT o.period, o.starts_on, g.genre, g.genre_source, count(*) AS tracks_observed, avg(o.popularity) AS popularity
    FROM track_periods AS o
    JOIN genres_of_tracks AS g ON g.track_id = o.track_id
    GROUP BY o.period, o.starts_on, g.genre, g.genre_source
),
observed_before AS (
    SELECT
        *,
        lag(popularity) OVER (PARTITION BY period, genre, genre_source ORDER BY starts_on) AS previous_popularity
    FROM observed
),
first_plays AS (
    SELECT period, min(starts_on) AS starts_on FROM played GROUP BY period
),
played_before AS (
    SELECT
        n.*,
        CASE WHEN n.starts_on > f.starts_on THEN coalesce(b.plays, 0) END AS previous_plays
    FROM played AS n
    JOIN first_plays AS f ON f.period = n.period
    LEFT JOIN played AS b
        ON b.period = n.period
        AND b.genre = n.genre AND b.genre_source = n.genre_source
        AND b.starts_on = CASE
            WHEN n.period = 'week' THEN CAST(n.starts_on - INTERVAL '7' DAY AS date)
            ELSE CAST(n.starts_on - INTERVAL '1' MONTH AS date)
        END
),
merged AS (
    SELECT
        coalesce(o.period, p.period) AS period,
        coalesce(o.starts_on, p.starts_on) AS starts_on,
        coalesce(o.genre, p.genre) AS genre,
        coalesce(o.genre_source, p.genre_source) AS genre_source,
        coalesce(o.tracks_observed, 0) AS tracks_observed,
        round(o.popularity, 4) AS popularity,
        round(o.previous_popularity, 4) AS previous_popularity,
        coalesce(p.plays, 0) AS plays,
        coalesce(p.listeners, 0) AS listeners,
        p.previous_plays
    FROM observed_before AS o
    FULL OUTER JOIN played_before AS p ON p.period = o.period AND p.starts_on = o.starts_on AND p.genre = o.genre AND p.genre_source = o.genre_source
),
dated AS (
    SELECT *, min(starts_on) OVER (PARTITION BY period, genre, genre_source) AS first_period FROM merged
)
SELECT
    d.period,
    d.starts_on,
    row_number() OVER (
        PARTITION BY d.period, d.starts_on
        ORDER BY d.plays DESC, d.listeners DESC, d.popularity DESC NULLS LAST, d.genre, d.genre_source
    ) AS rank,
    d.genre,
    d.genre_source,
    d.popularity,
    d.tracks_observed,
    d.plays,
    d.listeners,
    d.previous_popularity,
    round(d.popularity - d.previous_popularity, 4) AS popularity_change,
    d.previous_plays,
    d.plays - d.previous_plays AS plays_change,
    CASE
        WHEN d.popularity > d.previous_popularity THEN 'rise'
        WHEN d.popularity < d.previous_popularity THEN 'fall'
        WHEN d.popularity = d.previous_popularity THEN 'steady'
        WHEN d.first_period = d.starts_on THEN 'new'
        WHEN d.plays > d.previous_plays THEN 'rise'
        WHEN d.plays < d.previous_plays THEN 'fall'
        WHEN d.plays = d.previous_plays THEN 'steady'
    END AS trend
FROM dated AS d
