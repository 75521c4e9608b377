-- title: Observed popularity by week
-- question: What popularity was observed of each thing in each week?
-- grain: one row for each week (cut at the turn of the month) and track, artist or album that was observed in it
-- key: starts_on, entity, id
-- chart: line; x: week; y: popularity_total; colour: entity; aggregate: popularity_total / observations; n: observations; label: Mean popularity, 0 to 100
-- incremental: starts_on = greatest(CAST(date_trunc('week', observed_on) AS date), CAST(date_trunc('month', observed_on) AS date)) of silver_popularity_history
-- column starts_on date: first day of the week, or of the month that began within it; in UTC
-- column week date: Monday of the week
-- column month date: first day of the month
-- column entity string: track, artist or album
-- column id string: id of the thing
-- column observations bigint: days on which its popularity was observed
-- column popularity_total bigint: sum of the popularity of these days
WITH weeks AS (
    SELECT
        CAST(date_trunc('week', observed_on) AS date) AS week,
        CAST(date_trunc('month', observed_on) AS date) AS month,
        entity,
        id,
        popularity
    FROM silver_popularity_history
    WHERE popularity IS NOT NULL
)
SELECT
    greatest(week, month) AS starts_on,
    week,
    month,
    entity,
    id,
    count(*) AS observations,
    CAST(sum(popularity) AS bigint) AS popularity_total
FROM weeks
GROUP BY week, month, entity, id
