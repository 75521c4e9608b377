-- title: Listeners
-- question: How much has each listener played, and how long?
-- grain: one row for each user who played a track outside of a private session
-- key: user_id
-- chart: bar; x: plays; y: user_id; top: 20
-- column user_id string: the listener
-- column plays bigint: plays of tracks
-- column tracks bigint: different tracks among them whose id is known
-- column ms_played bigint: milliseconds listened; null where no source says
-- column first_month date: first day of the month of the first play, in insights.time_zone
-- column last_month date: first day of the month of the last play
SELECT
    user_id,
    CAST(sum(plays) AS bigint) AS plays,
    count(DISTINCT track_id) AS tracks,
    CAST(sum(ms_played) AS bigint) AS ms_played,
    min(month) AS first_month,
    max(month) AS last_month
FROM gold_weekly_plays
GROUP BY user_id
