-- title: Tracks, everything about each
-- question: What is known of each track: its artist, album, genre, sound, cluster and plays?
-- grain: one row for each track of silver_tracks, and for each other that was played, with the names that its plays tell
-- key: track_id
-- chart: scatter; x: energy; y: valence; colour: cluster_name; beside: track_name; order: plays; top: 2000
-- column track_id string: Spotify id of the track
-- column track_name string: title
-- column artist_id string: id of the first artist
-- column artist_name string: name of the first artist
-- column artist_popularity int: popularity of the first artist, 0 to 100
-- column album_id string: id of the album
-- column album_name string: name of the album
-- column album_popularity int: popularity of the album, 0 to 100
-- column genre string: first genre of the first artist
-- column genre_source string: where the genre came from: artist, or what stood in for the artist's own genres
-- column release_date date: release date; first day of the period where only month or year is known
-- column release_year int: year of the release
-- column duration_ms bigint: length in milliseconds
-- column explicit boolean: whether the lyrics are explicit
-- column popularity int: popularity of the track, 0 to 100
-- column danceability double: how suitable for dancing, 0 to 1
-- column energy double: intensity and activity, 0 to 1
-- column loudness double: overall loudness in dB
-- column speechiness double: share of spoken words, 0 to 1
-- column acousticness double: confidence that the track is acoustic, 0 to 1
-- column instrumentalness double: confidence that there are no vocals, 0 to 1
-- column liveness double: confidence that an audience is present, 0 to 1
-- column valence double: musical positiveness, 0 to 1
-- column tempo double: beats a minute; 0 where none was found
-- column key int: pitch class, 0 = C to 11 = B; -1 where none was found
-- column mode int: 1 major, 0 minor
-- column time_signature int: beats in a bar; 0 where none was found
-- column cluster int: label of the track's cluster; null where it has no audio features
-- column cluster_name string: name of the cluster
-- column model_version string: model that assigned the cluster
-- column plays bigint: plays of the track
-- column listeners bigint: users who played it
WITH played AS (
    SELECT track_id, CAST(sum(plays) AS bigint) AS plays, count(DISTINCT user_id) AS listeners
    FROM gold_weekly_plays
    WHERE track_id IS NOT NULL
    GROUP BY track_id
),
played_only AS (
    SELECT
        p.track_id,
        max(s.track_name) AS track_name,
        max(s.artist_name) AS artist_name,
        max(s.album_name) AS album_name
    FROM played AS p
    LEFT JOIN silver_tracks AS t ON t.track_id = p.track_id
    LEFT JOIN silver_plays AS s ON s.track_id = p.track_id
    WHERE t.track_id IS NULL
    GROUP BY p.track_id
),
tracks AS (
    SELECT
        track_id,
        track_name,
        artist_id,
        artist_name,
        album_id,
        album_name,
        release_date,
        duration_ms,
        explicit,
        popularity
    FROM silver_tracks
    UNION ALL
    SELECT track_id, track_name, NULL, artist_name, NULL, album_name, NULL, NULL, NULL, NULL
    FROM played_only
)
SELECT
    t.track_id,
    t.track_name,
    t.artist_id,
    coalesce(t.artist_name, ar.artist_name) AS artist_name,
    ar.popularity AS artist_popularity,
    t.album_id,
    coalesce(t.album_name, al.album_name) AS album_name,
    al.popularity AS album_popularity,
    CASE WHEN cardinality(ar.genres) > 0 THEN element_at(ar.genres, 1) END AS genre,
    CASE WHEN cardinality(ar.genres) > 0 THEN coalesce(ar.genre_source, 'artist') END AS genre_source,
    coalesce(t.release_date, al.release_date) AS release_date,
    CAST(extract(YEAR FROM coalesce(t.release_date, al.release_date)) AS integer) AS release_year,
    coalesce(t.duration_ms, f.duration_ms) AS duration_ms,
    t.explicit,
    t.popularity,
    f.danceability,
    f.energy,
    f.loudness,
    f.speechiness,
    f.acousticness,
    f.instrumentalness,
    f.liveness,
    f.valence,
    f.tempo,
    f.key,
    f.mode,
    f.time_signature,
    c.cluster,
    c.cluster_name,
    c.model_version,
    coalesce(p.plays, 0) AS plays,
    coalesce(p.listeners, 0) AS listeners
FROM tracks AS t
LEFT JOIN silver_artists AS ar ON ar.artist_id = t.artist_id
LEFT JOIN silver_albums AS al ON al.album_id = t.album_id
LEFT JOIN silver_audio_features AS f ON f.track_id = t.track_id
LEFT JOIN gold_track_clusters AS c ON c.track_id = t.track_id
LEFT JOIN played AS p ON p.track_id = t.track_id
