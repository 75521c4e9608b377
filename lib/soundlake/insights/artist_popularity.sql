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
    SELECT o.period, o.starts_on, t.artist_id, count(*) AS tracks_observed, avg(o.popularity) AS popularity
    FROM track_periods AS o
    JOIN silver_tracks AS t ON t.track_id = o.track_id AND t.artist_id IS NOT NULL
    GROUP BY o.period, o.starts_on, t.artist_id
),
observed_before AS (
    SELECT
        *,
        lag(popularity) OVER (PARTITION BY period, artist_id ORDER BY starts_on) AS previous_popularity
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
        AND b.artist_id = n.artist_id
        AND b.starts_on = CASE
            WHEN n.period = 'week' THEN CAST(n.starts_on - INTERVAL '7' DAY AS date)
            ELSE CAST(n.starts_on - INTERVAL '1' MONTH AS date)
        END
),
merged AS (
    SELECT
        coalesce(o.period, p.period) AS period,
        coalesce(o.starts_on, p.starts_on) AS starts_on,
        coalesce(o.artist_id, p.artist_id) AS artist_id,
        coalesce(o.tracks_observed, 0) AS tracks_observed,
        round(o.popularity, 4) AS popularity,
        round(o.previous_popularity, 4) AS previous_popularity,
        coalesce(p.plays, 0) AS plays,
        coalesce(p.listeners, 0) AS listeners,
        p.previous_plays
    FROM observed_before AS o
    FULL OUTER JOIN played_before AS p ON p.period = o.period AND p.starts_on = o.starts_on AND p.artist_id = o.artist_id
),
described AS (
    SELECT
        d.*,
        coalesce(a.artist_name, n.artist_name) AS artist_name,
        CASE WHEN cardinality(a.genres) > 0 THEN element_at(a.genres, 1) END AS genre,
        min(d.starts_on) OVER (PARTITION BY d.period, d.artist_id) AS first_period
    FROM merged AS d
    LEFT JOIN silver_artists AS a ON a.artist_id = d.artist_id
    LEFT JOIN names AS n ON n.artist_id = d.artist_id
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY period, starts_on
            ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, artist_id
        ) AS rank,
        row_number() OVER (
            PARTITION BY period, starts_on, genre
            ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, artist_id
        ) AS rank_in_genre
    FROM described
)
SELECT
    period,
    starts_on,
    rank,
    artist_id,
    artist_name,
    genre,
    popularity,
    tracks_observed,
    plays,
    listeners,
    previous_popularity,
    round(popularity - previous_popularity, 4) AS popularity_change,
    previous_plays,
    plays - previous_plays AS plays_change,
    CASE
        WHEN popularity > previous_popularity THEN 'rise'
        WHEN popularity < previous_popularity THEN 'fall'
        WHEN popularity = previous_popularity THEN 'steady'
        WHEN first_period = starts_on THEN 'new'
        WHEN plays > previous_plays THEN 'rise'
        WHEN plays < previous_plays THEN 'fall'
        WHEN plays = previous_plays THEN 'steady'
    END AS trend
FROM ranked
-- All there are would be as many as plays.
WHERE rank <= 2000 OR rank_in_genre <= 100
