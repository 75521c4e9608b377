-- title: Data quality
-- question: How many records were rejected on each day, and why?
-- grain: one row for each day, kind and reason for which records were rejected
-- key: day, kind, reason
-- chart: column; x: day; y: records; colour: reason
-- incremental: day = CAST({local:arrived_at} AS date) of silver_rejected
-- column day date: day on which the records arrived, in insights.time_zone
-- column kind string: kind of the records; unknown where it is not known
-- column reason string: short code, see gold_data_quality.example
-- column records bigint: rejected records
-- column first_arrived_at timestamp: when the first of them arrived
-- column last_arrived_at timestamp: when the last of them arrived
-- column example string: what exactly was wrong with one of them
WITH days AS (
    SELECT
        CAST({local:arrived_at} AS date) AS day,
        coalesce(kind, 'unknown') AS kind,
        reason,
        detail,
        arrived_at
    FROM silver_rejected
)
SELECT
    day,
    kind,
    reason,
    count(*) AS records,
    min(arrived_at) AS first_arrived_at,
    max(arrived_at) AS last_arrived_at,
    min(detail) AS example
FROM days
GROUP BY day, kind, reason
