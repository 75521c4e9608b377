-- title: Audio features over time
-- question: How does the sound change from month to month: of what is played, of what is on playlists, of what is released?
-- grain: one row for each basis and month with a track that has audio features
-- key: basis, month
-- chart: line; x: month; y: energy; colour: basis; aggregate: mean by weight; n: tracks; label: Mean energy, 0 to 1
-- column basis string: played (by plays), playlists (by entries of playlists) or released (by tracks)
-- column month date: first day of the month: of the plays in insights.time_zone, of the snapshots in UTC, or of the release; tracks of which only the year is known are left out
-- column tracks bigint: tracks that have audio features
-- column weight bigint: their plays, entries or number
-- column danceability double: weighted mean: how suitable for dancing, 0 to 1
-- column energy double: weighted mean: intensity and activity, 0 to 1
-- column loudness double: weighted mean: overall loudness in dB
-- column speechiness double: weighted mean: share of spoken words, 0 to 1
-- column acousticness double: weighted mean: confidence that the track is acoustic, 0 to 1
-- column instrumentalness double: weighted mean: confidence that there are no vocals, 0 to 1
-- column liveness double: weighted mean: confidence that an audience is present, 0 to 1
-- column valence double: weighted mean: musical positiveness, 0 to 1
-- column tempo double: weighted mean: beats a minute; tracks of which none was found are left out
WITH weights AS (
    SELECT 'played' AS basis, month, track_id, sum(plays) AS weight
    FROM gold_weekly_plays
    WHERE track_id IS NOT NULL
    GROUP BY month, track_id
    UNION ALL
    SELECT 'playlists' AS basis, month, track_id, sum(entries)
    FROM gold_weekly_playlist_tracks
    GROUP BY month, track_id
    UNION ALL
    SELECT 'released' AS basis, CAST(date_trunc('month', release_date) AS date), track_id, 1
    FROM silver_tracks
    WHERE release_date IS NOT NULL AND coalesce(release_date_precision, 'day') <> 'year'
)
SELECT
    w.basis,
    w.month,
    count(*) AS tracks,
    CAST(sum(w.weight) AS bigint) AS weight,
    round(sum(CASE WHEN f.danceability IS NOT NULL THEN w.weight * f.danceability END) / sum(CASE WHEN f.danceability IS NOT NULL THEN w.weight END), 6) AS danceability,
    round(sum(CASE WHEN f.energy IS NOT NULL THEN w.weight * f.energy END) / sum(CASE WHEN f.energy IS NOT NULL THEN w.weight END), 6) AS energy,
    round(sum(CASE WHEN f.loudness IS NOT NULL THEN w.weight * f.loudness END) / sum(CASE WHEN f.loudness IS NOT NULL THEN w.weight END), 6) AS loudness,
    round(sum(CASE WHEN f.speechiness IS NOT NULL THEN w.weight * f.speechiness END) / sum(CASE WHEN f.speechiness IS NOT NULL THEN w.weight END), 6) AS speechiness,
    round(sum(CASE WHEN f.acousticness IS NOT NULL THEN w.weight * f.acousticness END) / sum(CASE WHEN f.acousticness IS NOT NULL THEN w.weight END), 6) AS acousticness,
    round(sum(CASE WHEN f.instrumentalness IS NOT NULL THEN w.weight * f.instrumentalness END) / sum(CASE WHEN f.instrumentalness IS NOT NULL THEN w.weight END), 6) AS instrumentalness,
    round(sum(CASE WHEN f.liveness IS NOT NULL THEN w.weight * f.liveness END) / sum(CASE WHEN f.liveness IS NOT NULL THEN w.weight END), 6) AS liveness,
    round(sum(CASE WHEN f.valence IS NOT NULL THEN w.weight * f.valence END) / sum(CASE WHEN f.valence IS NOT NULL THEN w.weight END), 6) AS valence,
    round(sum(CASE WHEN f.tempo > 0 THEN w.weight * f.tempo END) / sum(CASE WHEN f.tempo > 0 THEN w.weight END), 6) AS tempo
FROM weights AS w
JOIN silver_audio_features AS f ON f.track_id = w.track_id
GROUP BY w.basis, w.month
