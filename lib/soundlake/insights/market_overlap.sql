-- title: Overlap between markets
-- question: How much of a market's chart is on the chart of another market on the same day?
-- grain: one row for each day and two playlists of one source with different markets, from the view of either
-- key: snapshot_date, playlist_id, other_playlist_id
-- chart: line; x: snapshot_date; y: share; colour: playlist_name; each: playlist_id; aggregate: shared / tracks; label: Share of its tracks that are on the other; top: 8; one: other_playlist_name
-- incremental: snapshot_date = snapshot_date of silver_playlist_items
-- column snapshot_date date: UTC date of the snapshots
-- column playlist_id string: Spotify id of the playlist
-- column playlist_name string: name of the playlist
-- column market string: its market; null where it has none, as the global charts
-- column other_playlist_id string: Spotify id of the other playlist
-- column other_playlist_name string: name of the other playlist
-- column other_market string: its market
-- column tracks bigint: different tracks of the playlist
-- column other_tracks bigint: different tracks of the other playlist
-- column shared bigint: tracks that are on both
-- column share double: part of the playlist's tracks that are on the other too, 0 to 1
-- column jaccard double: part of all tracks of the two that are on both, 0 to 1
WITH listed AS (
    SELECT DISTINCT snapshot_date, playlist_id, track_id
    FROM silver_playlist_items
    WHERE track_id IS NOT NULL
),
playlists AS (
    SELECT
        snapshot_date,
        playlist_id,
        max(playlist_name) AS playlist_name,
        max(market) AS market,
        coalesce(max(source), '') AS source,
        count(DISTINCT track_id) AS tracks
    FROM silver_playlist_items
    WHERE track_id IS NOT NULL
    GROUP BY snapshot_date, playlist_id
),
pairs AS (
    SELECT
        a.snapshot_date,
        a.playlist_id,
        a.playlist_name,
        a.market,
        b.playlist_id AS other_playlist_id,
        b.playlist_name AS other_playlist_name,
        b.market AS other_market,
        a.tracks,
        b.tracks AS other_tracks
    FROM playlists AS a
    JOIN playlists AS b
        ON b.snapshot_date = a.snapshot_date
        AND b.source = a.source
        AND coalesce(b.market, '') <> coalesce(a.market, '')
),
-- Only tracks of playlists that are compared meet each other.
shared AS (
    SELECT p.snapshot_date, p.playlist_id, p.other_playlist_id, count(*) AS shared
    FROM pairs AS p
    JOIN listed AS a ON a.snapshot_date = p.snapshot_date AND a.playlist_id = p.playlist_id
    JOIN listed AS b
        ON b.snapshot_date = p.snapshot_date
        AND b.playlist_id = p.other_playlist_id
        AND b.track_id = a.track_id
    GROUP BY p.snapshot_date, p.playlist_id, p.other_playlist_id
)
SELECT
    p.snapshot_date,
    p.playlist_id,
    p.playlist_name,
    p.market,
    p.other_playlist_id,
    p.other_playlist_name,
    p.other_market,
    p.tracks,
    p.other_tracks,
    coalesce(s.shared, 0) AS shared,
    CAST(coalesce(s.shared, 0) AS double) / p.tracks AS share,
    CAST(coalesce(s.shared, 0) AS double) / (p.tracks + p.other_tracks - coalesce(s.shared, 0)) AS jaccard
FROM pairs AS p
LEFT JOIN shared AS s
    ON s.snapshot_date = p.snapshot_date
    AND s.playlist_id = p.playlist_id
    AND s.other_playlist_id = p.other_playlist_id
