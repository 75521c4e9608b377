-- What was `observed` and `played` in each week and month, by {key}, compared with the period before.
observed_before AS (
    SELECT *, lag(popularity) OVER (PARTITION BY period, {key} ORDER BY starts_on) AS previous_popularity
    FROM observed
),
first_plays AS (
    SELECT period, min(starts_on) AS first_played_on FROM played GROUP BY period
),
played_before AS (
    SELECT
        p.*,
        f.first_played_on,
        lag(p.plays) OVER (PARTITION BY p.period, {key} ORDER BY p.starts_on) AS last_plays,
        lag(p.starts_on) OVER (PARTITION BY p.period, {key} ORDER BY p.starts_on) AS last_played_on,
        CASE
            WHEN p.period = 'week' THEN CAST(p.starts_on - INTERVAL '7' DAY AS date)
            ELSE CAST(p.starts_on - INTERVAL '1' MONTH AS date)
        END AS starts_before
    FROM played AS p
    JOIN first_plays AS f ON f.period = p.period
),
merged AS (
    SELECT
        period,
        starts_on,
        {key},
        coalesce(observations, 0) AS observations,
        round(popularity, 4) AS popularity,
        round(previous_popularity, 4) AS previous_popularity,
        coalesce(plays, 0) AS plays,
        coalesce(listeners, 0) AS listeners,
        CASE
            WHEN starts_on > first_played_on AND last_played_on = starts_before THEN last_plays
            WHEN starts_on > first_played_on THEN 0
        END AS previous_plays
    FROM observed_before
    FULL OUTER JOIN played_before USING (period, starts_on, {key})
),
compared AS (
    SELECT
        *,
        round(popularity - previous_popularity, 4) AS popularity_change,
        plays - previous_plays AS plays_change,
        CASE
            WHEN popularity > previous_popularity THEN 'rise'
            WHEN popularity < previous_popularity THEN 'fall'
            WHEN popularity = previous_popularity THEN 'steady'
            WHEN min(starts_on) OVER (PARTITION BY period, {key}) = starts_on THEN 'new'
            WHEN plays > previous_plays THEN 'rise'
            WHEN plays < previous_plays THEN 'fall'
            WHEN plays = previous_plays THEN 'steady'
        END AS trend
    FROM merged
)
