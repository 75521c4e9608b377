-- The popularity of each track in each week and month in which it was observed.
observed_tracks AS (
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
)
