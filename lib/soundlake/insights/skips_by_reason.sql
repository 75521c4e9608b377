-- title: Skips by reason
-- question: Why do plays end, and how many are skipped?
-- grain: one row for each day, type of content and reason for the end of plays
-- key: day, content_type, reason
-- chart: bar; x: plays; y: reason; colour: content_type
-- incremental: day = CAST({local:played_at} AS date) of gold_matched_listening
-- column day date: day of the plays, in insights.time_zone
-- column content_type string: track, episode, chapter or video
-- column reason string: why the plays ended, as the export tells it; unknown where no source says
-- column plays bigint: plays that ended so
-- column skipped bigint: those that were skipped
-- column not_skipped bigint: those that were not; of the others no source says
-- column ms_played bigint: milliseconds listened; null where no source says
WITH days AS (
    SELECT
        CAST({local:played_at} AS date) AS day,
        content_type,
        coalesce(reason_end, 'unknown') AS reason,
        skipped,
        ms_played
    FROM gold_matched_listening
    WHERE NOT coalesce(private_session, false)
)
SELECT
    day,
    content_type,
    reason,
    count(*) AS plays,
    count(CASE WHEN skipped THEN 1 END) AS skipped,
    count(CASE WHEN NOT skipped THEN 1 END) AS not_skipped,
    CAST(sum(ms_played) AS bigint) AS ms_played
FROM days
GROUP BY day, content_type, reason
