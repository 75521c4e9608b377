-- title: Plays by week
-- question: How often did each user play each track in each week?
-- grain: one row for each week (cut at the turn of the month), user and track that was played
-- key: starts_on, track_id, track_name, artist_name, user_id
-- chart: column; x: week; y: plays; until: gold_listening_by_content_type.day
-- incremental: starts_on = greatest(CAST(date_trunc('week', CAST({local:played_at} AS date)) AS date), CAST(date_trunc('month', CAST({local:played_at} AS date)) AS date)) of gold_matched_listening
-- column starts_on date: first day of the week, or of the month that began within it; in insights.time_zone
-- column week date: Monday of the week
-- column month date: first day of the month
-- column user_id string: the listener
-- column track_id string: id of the track, of plays without one that of their match; null where it is not known
-- column track_name string: title of a track whose id is not known; null where it is
-- column artist_name string: name of the artist, as the plays tell it
-- column plays bigint: plays
-- column ms_played bigint: milliseconds listened; null where no source says
WITH days AS (
    SELECT
        CAST({local:played_at} AS date) AS day,
        user_id,
        track_id,
        CASE WHEN track_id IS NULL THEN track_name END AS track_name,
        artist_name,
        ms_played
    FROM gold_matched_listening
    WHERE content_type = 'track' AND NOT coalesce(private_session, false)
),
weeks AS (
    SELECT
        CAST(date_trunc('week', day) AS date) AS week,
        CAST(date_trunc('month', day) AS date) AS month,
        user_id,
        track_id,
        track_name,
        artist_name,
        ms_played
    FROM days
)
SELECT
    greatest(week, month) AS starts_on,
    week,
    month,
    user_id,
    track_id,
    track_name,
    artist_name,
    count(*) AS plays,
    CAST(sum(ms_played) AS bigint) AS ms_played
FROM weeks
GROUP BY week, month, user_id, track_id, track_name, artist_name
