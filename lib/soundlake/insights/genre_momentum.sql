-- title: Genres that gain and lose
-- question: Which genres are heard clearly more or less than four weeks ago, and did it last?
-- grain: one row for each genre, source of the genre and week from the eighth week of plays on
-- key: genre, genre_source, week
-- chart: line; x: week; y: share; colour: genre; top: 8; label: Share of four weeks' plays; one: genre_source; until: gold_listening_by_content_type.day
-- column week date: Monday of the week, in insights.time_zone
-- column genre string: genre of the first artist of the track; an artist of several genres counts in each
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column plays bigint: plays of the genre in the four weeks that end with this one
-- column share double: share of these weeks' plays of tracks with a genre
-- column share_before double: the same share in the four weeks before these
-- column z double: how many standard errors the two shares lie apart (two-proportion z test)
-- column momentum string: gaining or losing where z is beyond 3, else steady
-- column share_after double: the share in the four weeks after these; null where they are not over yet
-- column lasted boolean: whether the share after is still on the same side of the share before; null where steady or not over
WITH genre_weeks AS (
    SELECT p.week, g.genre, g.genre_source, sum(p.plays) AS plays
    FROM gold_weekly_plays AS p
    JOIN silver_tracks AS t ON t.track_id = p.track_id
    JOIN gold_artist_genres AS g ON g.artist_id = t.artist_id
    GROUP BY p.week, g.genre, g.genre_source
),
weeks AS (
    SELECT
        week,
        row_number() OVER (ORDER BY week) AS number,
        sum(plays) OVER (ORDER BY week ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS now,
        sum(plays) OVER (ORDER BY week ROWS BETWEEN 7 PRECEDING AND 4 PRECEDING) AS before,
        sum(plays) OVER (ORDER BY week ROWS BETWEEN 1 FOLLOWING AND 4 FOLLOWING) AS after,
        count(*) OVER (ORDER BY week ROWS BETWEEN 1 FOLLOWING AND 4 FOLLOWING) AS weeks_after
    FROM (SELECT week, sum(plays) AS plays FROM genre_weeks GROUP BY week) AS totals
),
every_week AS (
    -- A week in which nobody heard a genre counts as none, so that four rows are four weeks.
    SELECT w.week, g.genre, g.genre_source, coalesce(n.plays, 0) AS plays
    FROM weeks AS w
    CROSS JOIN (SELECT DISTINCT genre, genre_source FROM genre_weeks) AS g
    LEFT JOIN genre_weeks AS n ON n.week = w.week AND n.genre = g.genre AND n.genre_source = g.genre_source
),
sums AS (
    SELECT
        week,
        genre,
        genre_source,
        sum(plays) OVER (
            PARTITION BY genre, genre_source ORDER BY week ROWS BETWEEN 3 PRECEDING AND CURRENT ROW
        ) AS now,
        sum(plays) OVER (
            PARTITION BY genre, genre_source ORDER BY week ROWS BETWEEN 7 PRECEDING AND 4 PRECEDING
        ) AS before,
        sum(plays) OVER (
            PARTITION BY genre, genre_source ORDER BY week ROWS BETWEEN 1 FOLLOWING AND 4 FOLLOWING
        ) AS after
    FROM every_week
),
shares AS (
    SELECT
        s.week,
        s.genre,
        s.genre_source,
        s.now AS plays,
        CAST(s.now AS double) / w.now AS share,
        CAST(s.before AS double) / w.before AS share_before,
        CASE WHEN w.weeks_after = 4 THEN CAST(s.after AS double) / w.after END AS share_after,
        CAST(s.now + s.before AS double) / (w.now + w.before) AS pooled,
        CAST(1 AS double) / w.now + CAST(1 AS double) / w.before AS widening
    FROM sums AS s
    JOIN weeks AS w ON w.week = s.week
    WHERE w.number >= 8 AND s.now + s.before > 0
),
tested AS (
    SELECT
        *,
        CASE
            WHEN pooled < 1.0 THEN (share - share_before) / sqrt(pooled * (1.0 - pooled) * widening)
            ELSE 0.0
        END AS z
    FROM shares
)
SELECT
    week,
    genre,
    genre_source,
    CAST(plays AS bigint) AS plays,
    round(share, 6) AS share,
    round(share_before, 6) AS share_before,
    round(z, 3) AS z,
    CASE WHEN z > 3.0 THEN 'gaining' WHEN z < -3.0 THEN 'losing' ELSE 'steady' END AS momentum,
    round(share_after, 6) AS share_after,
    CASE
        WHEN z > 3.0 THEN share_after > share_before
        WHEN z < -3.0 THEN share_after < share_before
    END AS lasted
FROM tested
