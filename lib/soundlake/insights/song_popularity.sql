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
observed AS (
    SELECT
        'week' AS period,
        week AS starts_on,
        id AS track_id,
        CAST(sum(observations) AS bigint) AS observations,
        CAST(sum(popularity_total) AS double) / sum(observations) AS popularity
    FROM gold_weekly_popularity
    WHERE entity = 'track'
    GROUP BY week, id
    UNION ALL
    SELECT
        'month' AS period,
        month,
        id,
        CAST(sum(observations) AS bigint),
        CAST(sum(popularity_total) AS double) / sum(observations)
    FROM gold_weekly_popularity
    WHERE entity = 'track'
    GROUP BY month, id
),
observed_before AS (
    SELECT
        *,
        lag(popularity) OVER (PARTITION BY period, track_id ORDER BY starts_on) AS previous_popularity
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
        AND b.track_id = n.track_id
        AND b.starts_on = CASE
            WHEN n.period = 'week' THEN CAST(n.starts_on - INTERVAL '7' DAY AS date)
            ELSE CAST(n.starts_on - INTERVAL '1' MONTH AS date)
        END
),
merged AS (
    SELECT
        coalesce(o.period, p.period) AS period,
        coalesce(o.starts_on, p.starts_on) AS starts_on,
        coalesce(o.track_id, p.track_id) AS track_id,
        coalesce(o.observations, 0) AS observations,
        round(o.popularity, 4) AS popularity,
        round(o.previous_popularity, 4) AS previous_popularity,
        coalesce(p.plays, 0) AS plays,
        coalesce(p.listeners, 0) AS listeners,
        p.previous_plays
    FROM observed_before AS o
    FULL OUTER JOIN played_before AS p ON p.period = o.period AND p.starts_on = o.starts_on AND p.track_id = o.track_id
),
described AS (
    SELECT
        d.*,
        w.track_name,
        w.artist_id,
        w.artist_name,
        w.genre,
        min(d.starts_on) OVER (PARTITION BY d.period, d.track_id) AS first_period
    FROM merged AS d
    LEFT JOIN gold_tracks_wide AS w ON w.track_id = d.track_id
),
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY period, starts_on
            ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, track_id
        ) AS rank,
        row_number() OVER (
            PARTITION BY period, starts_on, genre
            ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, track_id
        ) AS rank_in_genre
    FROM described
)
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
