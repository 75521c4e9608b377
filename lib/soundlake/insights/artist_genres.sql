-- title: Genres of artists
-- question: Which genres does each artist have?
-- grain: one row for each artist and genre
-- key: artist_id, genre
-- chart: bar; x: artist_id; y: genre; aggregate: distinct; label: Artists; top: 30
-- column artist_id string: id of the artist
-- column genre string: genre of the artist
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
WITH digits AS (
    SELECT d FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS v (d)
),
numbers AS (
    -- 1 to 100: artists have a handful of genres.
    SELECT tens.d * 10 + ones.d + 1 AS i FROM digits AS tens CROSS JOIN digits AS ones
),
listed AS (
    SELECT DISTINCT
        a.artist_id,
        coalesce(a.genre_source, 'artist') AS genre_source,
        CASE WHEN n.i <= cardinality(a.genres) THEN element_at(a.genres, n.i) END AS genre
    FROM silver_artists AS a
    JOIN numbers AS n ON n.i <= cardinality(a.genres)
)
SELECT artist_id, genre, genre_source
FROM listed
WHERE genre IS NOT NULL
