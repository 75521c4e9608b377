-- The rows that are `described`, ranked by plays within each week and month, overall and in their genre.
ranked AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY period, starts_on
            ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, {key}
        ) AS rank,
        row_number() OVER (
            PARTITION BY period, starts_on, genre
            ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, {key}
        ) AS rank_in_genre
    FROM described
)
