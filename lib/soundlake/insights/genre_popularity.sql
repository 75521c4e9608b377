-- title: Popularity of genres over time
-- question: How popular is each genre in each month, and how much is it played?
-- grain: one row for each genre, source of the genre and month in which one of its tracks was observed or played
-- key: genre, genre_source, month
-- chart: line; x: month; y: avg_popularity; colour: genre; aggregate: mean by tracks_observed; n: tracks_observed; label: Mean popularity, 0 to 100; top: 8; one: genre_source
-- column genre string: genre of the first artist of the tracks; an artist of several genres counts in each
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column month date: first day of the month; of plays in insights.time_zone, of observations in UTC
-- column tracks_observed bigint: tracks whose popularity was observed in the month
-- column avg_popularity double: mean over these tracks of each one's mean popularity in the month, 0 to 100
-- column plays bigint: plays of the genre's tracks in the month
-- column listeners bigint: users who played them
SELECT
    genre,
    genre_source,
    starts_on AS month,
    tracks_observed,
    popularity AS avg_popularity,
    plays,
    listeners
FROM gold_genre_trends
WHERE period = 'month'
