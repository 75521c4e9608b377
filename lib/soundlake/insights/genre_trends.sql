-- title: Trends of genres
-- question: Which genres rise and which fall, from week to week and month to month?
-- grain: one row for each week and month, genre and source of the genre of which a track was played or observed in it
-- key: period, starts_on, genre, genre_source
-- chart: line; x: starts_on; y: plays; colour: genre; top: 8; one: period = month, genre_source; until: gold_listening_by_content_type.day
-- column period string: week or month
-- column starts_on date: Monday of the week, or first day of the month; of plays in insights.time_zone, of observations in UTC
-- column rank int: 1 for the most played of the period; by plays, listeners, popularity, then id
-- column genre string: genre of the first artist of the tracks; an artist of several genres counts in each
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column popularity double: mean over its observed tracks of each one's mean in the period, 0 to 100
-- column tracks_observed bigint: tracks whose popularity was observed
-- column plays bigint: plays in the period
-- column listeners bigint: users who played it
-- column previous_popularity double: popularity in the last period before in which it was observed
-- column popularity_change double: popularity less previous_popularity
-- column previous_plays bigint: plays in the period before; null for the first period that has plays of anything
-- column plays_change bigint: plays less previous_plays
-- column trend string: rise, fall or steady, by popularity where it was observed twice, else by plays; new in its first period; null where nothing says
WITH genres_of_tracks AS (
    SELECT t.track_id, g.genre, g.genre_source
    FROM silver_tracks AS t
    JOIN gold_artist_genres AS g ON g.artist_id = t.artist_id
),
played AS (
    SELECT
        'week' AS period,
        p.week AS starts_on,
        g.genre, g.genre_source,
        CAST(sum(p.plays) AS bigint) AS plays,
        count(DISTINCT p.user_id) AS listeners
    FROM gold_weekly_plays AS p
    JOIN genres_of_tracks AS g ON g.track_id = p.track_id
    GROUP BY p.week, g.genre, g.genre_source
    UNION ALL
    SELECT 'month' AS period, p.month, g.genre, g.genre_source, CAST(sum(p.plays) AS bigint), count(DISTINCT p.user_id)
    FROM gold_weekly_plays AS p
    JOIN genres_of_tracks AS g ON g.track_id = p.track_id
    GROUP BY p.month, g.genre, g.genre_source
),
{include observed_tracks},
observed AS (
    SELECT o.period, o.starts_on, g.genre, g.genre_source, count(*) AS observations, avg(o.popularity) AS popularity
    FROM observed_tracks AS o
    JOIN genres_of_tracks AS g ON g.track_id = o.track_id
    GROUP BY o.period, o.starts_on, g.genre, g.genre_source
),
{include compared: key = genre, genre_source}
SELECT
    period,
    starts_on,
    row_number() OVER (
        PARTITION BY period, starts_on
        ORDER BY plays DESC, listeners DESC, popularity DESC NULLS LAST, genre, genre_source
    ) AS rank,
    genre,
    genre_source,
    popularity,
    observations AS tracks_observed,
    plays,
    listeners,
    previous_popularity,
    popularity_change,
    previous_plays,
    plays_change,
    trend
FROM compared
