-- title: Listening by hour and weekday
-- question: At which hours of which weekdays is how much listened to?
-- grain: one row for each day, hour and type of content in which something was played
-- key: day, hour, content_type
-- chart: heatmap; x: hour; y: weekday; colour: plays
-- incremental: day = CAST({local:played_at} AS date) of gold_matched_listening
-- column day date: day of the plays, in insights.time_zone
-- column weekday int: 1 for Monday to 7 for Sunday
-- column hour int: hour of the day, 0 to 23, in insights.time_zone
-- column content_type string: track, episode, chapter or video
-- column plays bigint: plays that began in the hour
-- column listeners bigint: users who played them
-- column ms_played bigint: milliseconds listened; null where no source says
WITH hours AS (
    SELECT
        CAST({local:played_at} AS date) AS day,
        CAST(extract(HOUR FROM {local:played_at}) AS integer) AS hour,
        content_type,
        user_id,
        ms_played
    FROM gold_matched_listening
    WHERE NOT coalesce(private_session, false)
)
SELECT
    day,
    -- Engines number weekdays differently, so they are counted from a Monday.
    CAST(mod(extract(DOW FROM day) - extract(DOW FROM DATE '1970-01-05') + 7, 7) + 1 AS integer) AS weekday,
    hour,
    content_type,
    count(*) AS plays,
    count(DISTINCT user_id) AS listeners,
    CAST(sum(ms_played) AS bigint) AS ms_played
FROM hours
GROUP BY day, hour, content_type
