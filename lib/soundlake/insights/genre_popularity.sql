-- title: Popularity of genres over time
-- question: How popular is each genre in each month, and how much is it played?
-- grain: one row for each genre, source of the genre and month in which one of its tracks was observed or played
-- key: genre, genre_source, month
-- chart: line; x: month; y: avg_popularity; colour: genre
-- column genre string: genre of the first artist of the tracks; an artist of several genres counts in each
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column month date: first day of the month; of plays in insights.time_zone, of observations in UTC
-- column tracks_observed bigint: tracks whose popularity was observed in the month
-- column avg_popularity double: mean over these tracks of each one's mean popularity in the month, 0 to 100
-- column plays bigint: plays of the genre's tracks in the month
-- column listeners bigint: users who played them
WITH digits AS (
    SELECT d FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS v (d)
),
numbers AS (
    -- 1 to 100: artists have a handful of genres.
    SELECT tens.d * 10 + ones.d + 1 AS i FROM digits AS tens CROSS JOIN digits AS ones
),
genres_of_artists AS (
    SELECT DISTINCT
        a.artist_id,
        coalesce(a.genre_source, 'artist') AS genre_source,
        CASE WHEN n.i <= cardinality(a.genres) THEN element_at(a.genres, n.i) END AS genre
    FROM silver_artists AS a
    JOIN numbers AS n ON n.i <= cardinality(a.genres)
),
genres_of_tracks AS (
    SELECT t.track_id, g.genre, g.genre_source
    FROM silver_tracks AS t
    JOIN genres_of_artists AS g ON g.artist_id = t.artist_id
    WHERE g.genre IS NOT NULL
),
track_months AS (
    SELECT
        id AS track_id,
        CAST(date_trunc('month', observed_on) AS date) AS month,
        avg(CAST(popularity AS double)) AS popularity
    FROM silver_popularity_history
    WHERE entity = 'track' AND popularity IS NOT NULL
    GROUP BY id, CAST(date_trunc('month', observed_on) AS date)
),
observed AS (
    SELECT g.genre, g.genre_source, m.month, count(*) AS tracks_observed, avg(m.popularity) AS avg_popularity
    FROM track_months AS m
    JOIN genres_of_tracks AS g ON g.track_id = m.track_id
    GROUP BY g.genre, g.genre_source, m.month
),
plays_of_tracks AS (
    SELECT track_id, user_id, CAST(date_trunc('month', CAST(played_at AS date)) AS date) AS month
    FROM silver_plays
    WHERE content_type = 'track'
),
played AS (
    SELECT g.genre, g.genre_source, p.month, count(*) AS plays, count(DISTINCT p.user_id) AS listeners
    FROM plays_of_tracks AS p
    JOIN genres_of_tracks AS g ON g.track_id = p.track_id
    GROUP BY g.genre, g.genre_source, p.month
)
SELECT
    coalesce(o.genre, p.genre) AS genre,
    coalesce(o.genre_source, p.genre_source) AS genre_source,
    coalesce(o.month, p.month) AS month,
    coalesce(o.tracks_observed, 0) AS tracks_observed,
    round(o.avg_popularity, 4) AS avg_popularity,
    coalesce(p.plays, 0) AS plays,
    coalesce(p.listeners, 0) AS listeners
FROM observed AS o
FULL OUTER JOIN played AS p
    ON p.genre = o.genre AND p.genre_source = o.genre_source AND p.month = o.month
