-- title: Listening by content type
-- question: How much music, how many podcasts, audiobooks and videos are played each day?
-- grain: one row for each day and type of content that was played
-- key: day, content_type
-- chart: area; x: day; y: plays; colour: content_type; every: week; until: gold_listening_by_content_type.day
-- incremental: day = CAST({local:played_at} AS date) of gold_matched_listening
-- column day date: day of the plays, in insights.time_zone
-- column content_type string: track, episode (podcast), chapter (audiobook) or video
-- column plays bigint: plays outside private sessions
-- column listeners bigint: users who played them
-- column titles bigint: different things that were played; what has no id, nor one of a match, counts by its name
-- column ms_played bigint: milliseconds listened; null where no source says
-- column private_plays bigint: plays in private sessions, which no mart counts in anything else
WITH days AS (
    SELECT
        CAST({local:played_at} AS date) AS day,
        content_type,
        coalesce(private_session, false) AS is_private,
        user_id,
        coalesce(track_id, content_uri, episode_name, track_name) AS title,
        ms_played
    FROM gold_matched_listening
)
SELECT
    day,
    content_type,
    count(CASE WHEN NOT is_private THEN 1 END) AS plays,
    count(DISTINCT CASE WHEN NOT is_private THEN user_id END) AS listeners,
    count(DISTINCT CASE WHEN NOT is_private THEN title END) AS titles,
    CAST(sum(CASE WHEN NOT is_private THEN ms_played END) AS bigint) AS ms_played,
    count(CASE WHEN is_private THEN 1 END) AS private_plays
FROM days
GROUP BY day, content_type
