-- title: Genres that gain and lose
-- question: Which genres are heard clearly more or less than four weeks ago, and did it last?
-- grain: one row for each genre, source of the genre and week with plays, from the eighth week on; none where the four weeks before had no plays
-- key: genre, genre_source, week
-- chart: line; x: week; y: share; colour: genre; top: 8; label: Share of four weeks' plays; one: genre_source; until: gold_listening_by_content_type.day
-- column week date: Monday of the week, in insights.time_zone
-- column genre string: genre of the first artist of the track; an artist of several genres counts in each
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column plays bigint: plays of the genre in the four weeks that end with this one
-- column share double: share of these weeks' plays of artists with a genre from this source; an artist may have several genres, so shares add up to more than 1
-- column share_before double: the same share in the four weeks before these
-- column z double: how many standard errors the two shares lie apart (two-proportion z test)
-- column momentum string: gaining or losing where z is beyond 3, else steady
-- column share_after double: the share in the four weeks after these; null where they are not over yet
-- column lasted boolean: whether the share after is still on the same side of the share before; null where steady or not over
WITH heard AS (
    SELECT p.week, t.artist_id, sum(p.plays) AS plays
    FROM gold_weekly_plays AS p
    JOIN silver_tracks AS t ON t.track_id = p.track_id
    GROUP BY p.week, t.artist_id
),
genre_weeks AS (
    SELECT h.week, g.genre, g.genre_source, sum(h.plays) AS plays
    FROM heard AS h
    JOIN gold_artist_genres AS g ON g.artist_id = h.artist_id
    GROUP BY h.week, g.genre, g.genre_source
),
source_weeks AS (
    -- A play of an artist of several genres is one play.
    SELECT h.week, g.genre_source, sum(h.plays) AS plays
    FROM heard AS h
    JOIN (SELECT DISTINCT artist_id, genre_source FROM gold_artist_genres) AS g ON g.artist_id = h.artist_id
    GROUP BY h.week, g.genre_source
),
every_week AS (
    -- A week in which nobody heard a genre counts as none. `heard` are the plays of all genres of the source.
    SELECT w.week, g.genre, g.genre_source, coalesce(n.plays, 0) AS plays, w.plays AS heard
    FROM source_weeks AS w
    JOIN (SELECT DISTINCT genre, genre_source FROM genre_weeks) AS g ON g.genre_source = w.genre_source
    LEFT JOIN genre_weeks AS n ON n.week = w.week AND n.genre = g.genre AND n.genre_source = g.genre_source
),
sums AS (
    -- By time and not by rows: there may be weeks in which nothing was heard.
    SELECT
        week,
        genre,
        genre_source,
        sum(plays) OVER these AS now,
        sum(heard) OVER these AS all_now,
        sum(plays) OVER earlier AS before,
        sum(heard) OVER earlier AS all_before,
        sum(plays) OVER later AS after,
        sum(heard) OVER later AS all_after,
        min(week) OVER () AS first_week,
        max(week) OVER () AS last_week
    FROM every_week
    WINDOW
        these AS (
            PARTITION BY genre, genre_source ORDER BY CAST(week AS timestamp)
            RANGE BETWEEN INTERVAL '21' DAY PRECEDING AND CURRENT ROW
        ),
        earlier AS (
            PARTITION BY genre, genre_source ORDER BY CAST(week AS timestamp)
            RANGE BETWEEN INTERVAL '49' DAY PRECEDING AND INTERVAL '28' DAY PRECEDING
        ),
        later AS (
            PARTITION BY genre, genre_source ORDER BY CAST(week AS timestamp)
            RANGE BETWEEN INTERVAL '7' DAY FOLLOWING AND INTERVAL '28' DAY FOLLOWING
        )
),
shares AS (
    SELECT
        week,
        genre,
        genre_source,
        now AS plays,
        CAST(now AS double) / all_now AS share,
        CAST(before AS double) / all_before AS share_before,
        -- The fourth week after is surely over when another one has begun.
        CASE
            WHEN last_week >= CAST(week + INTERVAL '35' DAY AS date) AND all_after > 0
                THEN CAST(after AS double) / all_after
        END AS share_after,
        CAST(now + before AS double) / (all_now + all_before) AS pooled,
        CAST(1 AS double) / all_now + CAST(1 AS double) / all_before AS widening
    FROM sums
    WHERE week >= CAST(first_week + INTERVAL '49' DAY AS date) AND all_before > 0 AND now + before > 0
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
