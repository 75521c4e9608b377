"""Every table of the lake, declared once.

Writers, readers, the data dictionary and the tests take column lists, types, keys and layout from here. Types are
Spark DDL strings, so that this module needs no Spark.
"""

from __future__ import annotations

from dataclasses import dataclass, field

STREAM_LEASE = "writer"  # the lease of the tables that a stream writes, see soundlake.lease


@dataclass(frozen=True)
class Column:
    """A column: its name, its Spark DDL type and what it holds."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, eq=False)
class Table:
    """A table: where it stands, what identifies a row, its columns.

    `references` maps a column to the `layer_name.column` it points to. `internal` tables are refine's own memory: not
    for analysts, rebuilt with the rest. `made_by` is the job that makes it, when there is something to write: until
    then the table is not there, which for all who read it is the same as a table without rows. `is_kept_by_stream`
    where a running stream writes what another job makes.
    """

    layer: str
    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partitioned_by: tuple[str, ...] = ()
    references: dict[str, str] = field(default_factory=dict)
    internal: bool = False
    made_by: str = "stream"
    is_kept_by_stream: bool = False

    @property
    def lease(self) -> str:
        """The lease that its one writer holds: the stream's, or one that is named as the job."""
        return STREAM_LEASE if self.is_kept_by_stream or self.made_by == "stream" else self.made_by

    @property
    def path(self) -> str:
        """The table's folder below the lake's root."""
        return f"{self.layer}/{self.name}"

    @property
    def view(self) -> str:
        """The table's name in SQL and in the Glue catalog."""
        return f"{self.layer}_{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def ddl(self) -> str:
        """The schema as a Spark DDL string."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    def type_of(self, column: str) -> str:
        """The DDL type of one column; raises KeyError when the table has no such column."""
        return {c.name: c.type for c in self.columns}[column]


def _columns(*rows: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


# Where a record stands in bronze: the one name by which a record is known for good.
ORIGIN = _columns(
    ("stream", "string", "topic, stream or folder the record came from"),
    ("partition", "string", "Kafka partition, Kinesis shard, or the file's path below the folder"),
    ("position", "string", "offset, sequence number, or 0-based ordinal in the file; compare by length, then text"),
)

RANK_TYPE = "struct<weight:int,fetched_at:timestamp,sha:binary>"

FETCHED_AT = ("fetched_at", "timestamp", "when the newest record behind this row was fetched (may lag until maintain)")
SAMPLE_SOURCE = "soundlake-sample"  # of what is made up in the bundled records
SOURCE = ("source", "string", "the source named by the newest record that names one, e.g. spotify-api")

AUDIO_FEATURES = _columns(
    ("danceability", "double", "how suitable for dancing, 0 to 1"),
    ("energy", "double", "intensity and activity, 0 to 1"),
    ("loudness", "double", "overall loudness in dB, usually -60 to 0; real data reach 2.2"),
    ("speechiness", "double", "share of spoken words, 0 to 1"),
    ("acousticness", "double", "confidence that the track is acoustic, 0 to 1"),
    ("instrumentalness", "double", "confidence that there are no vocals, 0 to 1"),
    ("liveness", "double", "confidence that an audience is present, 0 to 1"),
    ("valence", "double", "musical positiveness, 0 to 1"),
    ("tempo", "double", "beats a minute; 0 where none was found"),
)

EVENTS = Table(
    "bronze",
    "events",
    "Every source record once, as it arrived.",
    ("stream", "partition", "position"),
    _columns(
        ("kind", "string", "the kind of the topic, stream or folder; null where that carries several kinds"),
        ("key", "string", "message key; null where it is not UTF-8"),
        ("value", "binary", "the record's bytes, untouched"),
        ("source", "string", "the connector: kafka, kinesis or files"),
    )
    + ORIGIN
    + _columns(
        ("arrived_at", "timestamp", "when the broker took the record, or the file's modification time"),
        ("ingested_at", "timestamp", "when ingest wrote the record"),
        ("ingest_date", "date", "UTC date of ingested_at"),
        (
            "record_bytes",
            "bigint",
            "length of the record as it came; where it exceeds source.max_record_bytes, value holds its first 64 KiB",
        ),
    ),
    partitioned_by=("ingest_date",),
)

TRACKS = Table(
    "silver",
    "tracks",
    "One row for each track.",
    ("track_id",),
    _columns(
        ("track_id", "string", "Spotify id of the track"),
        ("track_name", "string", "title"),
        ("artist_id", "string", "id of the first artist"),
        ("artist_name", "string", "name of the first artist"),
        ("artist_ids", "array<string>", "ids of all artists, in order"),
        ("artist_names", "array<string>", "names of all artists, in order"),
        ("album_id", "string", "id of the album"),
        ("album_name", "string", "name of the album"),
        ("duration_ms", "bigint", "length in milliseconds"),
        ("explicit", "boolean", "whether the lyrics are explicit"),
        ("popularity", "int", "0 to 100 (may lag until maintain; exact in popularity_history)"),
        ("isrc", "string", "International Standard Recording Code"),
        ("release_date", "date", "release date; first day of the period where only month or year is known"),
        ("release_date_precision", "string", "day, month or year"),
        FETCHED_AT,
        SOURCE,
    ),
    references={"artist_id": "silver_artists.artist_id", "album_id": "silver_albums.album_id"},
)

ARTISTS = Table(
    "silver",
    "artists",
    "One row for each artist.",
    ("artist_id",),
    _columns(
        ("artist_id", "string", "Spotify id of the artist"),
        ("artist_name", "string", "name"),
        ("genres", "array<string>", "genres; an empty list is a value"),
        ("popularity", "int", "0 to 100 (may lag until maintain; exact in popularity_history)"),
        ("followers", "bigint", "followers (may lag until maintain; exact in popularity_history)"),
        FETCHED_AT,
        SOURCE,
        ("genre_source", "string", "where the genres came from, when not from the artist itself (e.g. playlist)"),
    ),
)

ALBUMS = Table(
    "silver",
    "albums",
    "One row for each album.",
    ("album_id",),
    _columns(
        ("album_id", "string", "Spotify id of the album"),
        ("album_name", "string", "name"),
        ("album_type", "string", "album, single or compilation"),
        ("artist_id", "string", "id of the first artist"),
        ("artist_name", "string", "name of the first artist"),
        ("artist_ids", "array<string>", "ids of all artists, in order"),
        ("artist_names", "array<string>", "names of all artists, in order"),
        ("release_date", "date", "release date; first day of the period where only month or year is known"),
        ("release_date_precision", "string", "day, month or year"),
        ("total_tracks", "int", "number of tracks"),
        ("popularity", "int", "0 to 100 (may lag until maintain; exact in popularity_history)"),
        ("label", "string", "record label"),
        ("genres", "array<string>", "genres; an empty list is a value"),
        FETCHED_AT,
        SOURCE,
        ("cover_url", "string", "address of its cover, at least 300 pixels wide where there is such an image"),
    ),
    references={"artist_id": "silver_artists.artist_id"},
)

TRACK_FEATURES = Table(
    "silver",
    "audio_features",
    "Audio features of a track, as the provider gave them.",
    ("track_id",),
    _columns(("track_id", "string", "Spotify id of the track"))
    + AUDIO_FEATURES
    + _columns(
        ("key", "int", "pitch class, 0 = C to 11 = B; -1 where none was found"),
        ("mode", "int", "1 major, 0 minor"),
        ("time_signature", "int", "beats in a bar; 0 where none was found"),
        ("duration_ms", "bigint", "length in milliseconds"),
        SOURCE,
        ("provider", "string", "who computed the features, e.g. spotify, reccobeats"),
        FETCHED_AT,
    ),
    references={"track_id": "silver_tracks.track_id"},
)

PLAYLISTS = Table(
    "silver",
    "playlists",
    "One row for each playlist.",
    ("playlist_id",),
    _columns(
        ("playlist_id", "string", "Spotify id of the playlist"),
        ("playlist_name", "string", "name"),
        ("owner_id", "string", "user id of the owner"),
        ("description", "string", "description"),
        ("public", "boolean", "whether the playlist is public"),
        ("followers", "bigint", "followers (may lag until maintain; exact in popularity_history)"),
        ("total_tracks", "int", "number of entries"),
        ("snapshot_id", "string", "Spotify's version of the playlist"),
        FETCHED_AT,
        SOURCE,
    ),
)

PLAYLIST_ITEMS = Table(
    "silver",
    "playlist_items",
    "Daily snapshots of playlists: the day's last complete fetch, one row for each entry.",
    ("playlist_id", "snapshot_date", "position"),
    _columns(
        ("playlist_id", "string", "Spotify id of the playlist"),
        ("playlist_name", "string", "name of the playlist at the fetch"),
        ("snapshot_date", "date", "UTC date of the fetch"),
        ("position", "int", "0-based place in the playlist"),
        ("track_id", "string", "id of the track; null for a removed track, a local file or an episode"),
        ("track_name", "string", "title of the entry"),
        ("artist_id", "string", "id of the first artist"),
        ("artist_name", "string", "name of the first artist"),
        ("album_id", "string", "id of the album"),
        ("album_name", "string", "name of the album"),
        ("market", "string", "market of the fetch"),
        ("streams", "bigint", "streams on the chart's day, where the source has them"),
        ("added_at", "timestamp", "when the entry was added to the playlist"),
        ("fetched_at", "timestamp", "when the snapshot was fetched"),
        ("source", "string", "the source named by the record, e.g. spotify-api"),
    ),
    references={"playlist_id": "silver_playlists.playlist_id", "track_id": "silver_tracks.track_id"},
)

PLAYS = Table(
    "silver",
    "plays",
    "One row for each play: a user, a content and a second.",
    ("play_id",),
    _columns(
        ("play_id", "string", "digest of user, content and played_at floored to the second"),
        ("user_id", "string", "the listener"),
        ("content_type", "string", "track, episode, chapter or video"),
        ("track_id", "string", "id of the track; null for other content and for local files"),
        ("track_name", "string", "title of the track"),
        ("artist_name", "string", "name of the first artist"),
        ("album_name", "string", "name of the album"),
        ("show_name", "string", "podcast or audiobook"),
        ("episode_name", "string", "title of the episode or chapter"),
        ("played_at", "timestamp", "when it was played"),
        ("played_date", "date", "UTC date of played_at"),
        ("ms_played", "bigint", "milliseconds listened; null where the source does not say"),
        ("context_uri", "string", "what it was played from: playlist, album, artist"),
        ("reason_start", "string", "why it started (export)"),
        ("reason_end", "string", "why it ended (export)"),
        ("skipped", "boolean", "whether it was skipped (export)"),
        ("shuffle", "boolean", "whether shuffle was on (export)"),
        (
            "platform",
            "string",
            "device (export); `soundlake import` keeps its family only: ios, android, web, desktop, tv, car or speaker",
        ),
        ("content_uri", "string", "Spotify URI of what was played; null in the basic export"),
        ("source", "string", "the source named by the record, e.g. spotify-api"),
        ("private_session", "boolean", "whether it was played in a private session (export)"),
        ("isrc", "string", "International Standard Recording Code of the track, where the source says it"),
    ),
    references={"track_id": "silver_tracks.track_id"},
)

USER_ITEMS = Table(
    "silver",
    "user_items",
    "What users prefer: top lists, saved items, followed artists.",
    ("user_id", "relation", "time_range", "entity", "id"),
    _columns(
        ("user_id", "string", "the user"),
        ("relation", "string", "top, saved or followed"),
        ("time_range", "string", "short_term, medium_term or long_term for top; null otherwise"),
        ("rank", "int", "1-based place in the top list"),
        ("entity", "string", "track, artist or album"),
        ("id", "string", "id of the track, artist or album"),
        ("added_at", "timestamp", "when the user saved it"),
        ("fetched_at", "timestamp", "when the newest record behind this row was fetched"),
        SOURCE,
    ),
)

POPULARITY_HISTORY = Table(
    "silver",
    "popularity_history",
    "What was observed of each thing on each day: the day's last values.",
    ("entity", "id", "observed_on"),
    _columns(
        ("entity", "string", "track, artist, album or playlist"),
        ("id", "string", "id of the thing"),
        ("observed_on", "date", "UTC date of the fetch"),
        ("popularity", "int", "0 to 100"),
        ("followers", "bigint", "followers"),
        ("popularity_rank", RANK_TYPE, "rank of the record that gave the popularity"),
        ("followers_rank", RANK_TYPE, "rank of the record that gave the followers"),
    ),
)

REJECTED = Table(
    "silver",
    "rejected",
    "Records that no silver table could take, with the reason.",
    ("stream", "partition", "position"),
    _columns(
        ("kind", "string", "kind of the record, as far as known"),
        ("reason", "string", "short code"),
        ("detail", "string", "what exactly was wrong"),
        ("key", "string", "message key"),
        ("value", "binary", "the record's bytes; null where they hold personal keys (bronze keeps them)"),
    )
    + ORIGIN
    + _columns(
        ("arrived_at", "timestamp", "when the record arrived"),
        ("rejected_at", "timestamp", "when refine judged it"),
    ),
)

STAMPS = Table(
    "silver",
    "stamps",
    "What refine knows of each key: the ranks of the records behind its row, and which fields each of them filled.",
    (),
    _columns(
        ("entity", "string", "kind of the record"),
        ("id", "string", "key of the row, or a digest of it"),
        ("key", "binary", "digest of entity and id in 16 bytes, by which look-ups find the row"),
        ("on_date", "date", "date that is part of the key (plays, playlist items); null otherwise"),
        ("rank", RANK_TYPE, "rank of the record"),
        ("fields", "bigint", "bit set of the fields the record filled, bit 0 for the record itself"),
        ("values_hash", "bigint", "hash of the stable values, to tell an unchanged record without reading the row"),
    )
    + ORIGIN
    + _columns(
        ("batch", "string", "query and batch that wrote the row: a retried batch leaves out its own"),
    ),
    internal=True,
)

CHANGES = Table(
    "silver",
    "changes",
    "What changes rows that are there, until it is applied: appended by each batch, folded into the tables from time to"
    " time.",
    (),
    _columns(
        ("target", "string", "name of the silver table that it changes"),
        ("entity", "string", "kind of the record"),
        ("id", "string", "key of the thing, as silver/stamps has it"),
        ("on_date", "date", "date that is part of the target's key; null otherwise"),
        ("rank", RANK_TYPE, "rank of the record; null where the target is to be computed again"),
        ("fields", "bigint", "bit set of the fields that it changes"),
        ("row", "string", "values of the record as JSON, by column of the target; null where there are none"),
        ("batch", "string", "query and batch that wrote the row"),
    ),
    internal=True,
)

PLAYLIST_FETCHES = Table(
    "silver",
    "playlist_fetches",
    "Entries of playlist fetches as they come in, from which the daily snapshots are chosen.",
    (),
    PLAYLIST_ITEMS.columns
    + _columns(
        ("fetch", "string", "the fetch: its fetched_at, or the arrival date of records without one"),
        ("total", "int", "number of entries the playlist had at the fetch"),
        ("is_empty_marker", "boolean", "true where the record only says that the playlist is empty"),
        ("rank", RANK_TYPE, "rank of the record"),
    ),
    internal=True,
)

TRACK_CLUSTERS = Table(
    "gold",
    "track_clusters",
    "The cluster of each track that has audio features, by the current model.",
    ("track_id",),
    _columns(
        ("track_id", "string", "Spotify id of the track"),
        ("cluster", "int", "label of the cluster; kept over retrainings while the cluster is still there"),
        ("cluster_name", "string", "readable name of the cluster"),
        ("distance", "double", "Euclidean distance to the centroid, in standardised features"),
        ("model_version", "string", "model that assigned the cluster"),
        ("scored_at", "timestamp", "when it was assigned"),
    ),
    references={"track_id": "silver_tracks.track_id", "model_version": "gold_cluster_models.model_version"},
    made_by="train_clusters",
    is_kept_by_stream=True,
)

CLUSTER_MODELS = Table(
    "gold",
    "cluster_models",
    "Published KMeans models. A row makes a model real; is_current says which one scores.",
    ("model_version",),
    _columns(
        ("model_version", "string", "version, sortable by time"),
        ("trained_at", "timestamp", "when the model was trained"),
        ("k", "int", "number of clusters"),
        ("silhouette", "double", "mean silhouette (squared Euclidean) on the evaluation sample, -1 to 1"),
        ("inertia", "double", "sum of squared distances to the nearest centroid, in standardised features"),
        ("n_tracks", "bigint", "number of training rows"),
        ("features", "array<string>", "features, in the order of the arrays below"),
        ("is_current", "boolean", "whether this model scores"),
        ("means", "array<double>", "mean of each feature over the training rows"),
        ("deviations", "array<double>", "standard deviation of each feature over the training rows"),
        ("labels", "array<int>", "label of each centroid"),
        ("names", "array<string>", "name of each centroid's cluster"),
        ("centroids", "array<array<double>>", "centroids in standardised features"),
        ("seed", "bigint", "seed of the training"),
        ("candidates", "array<struct<k:int,silhouette:double,inertia:double>>", "the values of k that were tried"),
        ("train_sources", "array<string>", "the setting train.sources at the training"),
    ),
    made_by="train_clusters",
)

CLUSTER_PROFILES = Table(
    "gold",
    "cluster_profiles",
    "What each cluster sounds like: its centroid in the features' own units.",
    ("model_version", "cluster"),
    _columns(
        ("model_version", "string", "model the profile belongs to"),
        ("cluster", "int", "label of the cluster"),
        ("cluster_name", "string", "readable name"),
        ("size", "bigint", "training rows in the cluster"),
    )
    + AUDIO_FEATURES
    + _columns(("exemplar_track_ids", "array<string>", "tracks nearest to the centroid, nearest first")),
    references={"model_version": "gold_cluster_models.model_version"},
    made_by="train_clusters",
)

RECOMMENDATIONS = Table(
    "gold",
    "recommendations",
    "Tracks for each user, best first: none that the user has heard, at most a few by one artist.",
    ("user_id", "rank"),
    _columns(
        ("user_id", "string", "the listener"),
        ("rank", "int", "1-based place in the user's list"),
        ("track_id", "string", "Spotify id of the track"),
        ("score", "double", "how well it fits, 0 to 1; comparable within one user's list"),
        ("reason", "string", "why it is there, in words"),
        ("because_track_id", "string", "the track of the user's that the reason speaks of; null where there is none"),
        ("model_version", "string", "model that ranked the list"),
        ("ranked_at", "timestamp", "when the list was ranked"),
    ),
    references={"track_id": "silver_tracks.track_id", "model_version": "gold_recommendation_models.model_version"},
    made_by="recommend",
    is_kept_by_stream=True,
)

SIMILAR_TRACKS = Table(
    "gold",
    "similar_tracks",
    "The tracks that sound most like each track, other versions of the same song left out.",
    ("track_id", "rank"),
    _columns(
        ("track_id", "string", "Spotify id of the track"),
        ("rank", "int", "1-based place, nearest first"),
        ("similar_track_id", "string", "Spotify id of the similar track"),
        ("distance", "double", "Euclidean distance in standardised audio features"),
        ("similarity", "double", "1 / (1 + distance)"),
        ("model_version", "string", "model it was published with"),
    ),
    references={
        "track_id": "silver_tracks.track_id",
        "similar_track_id": "silver_tracks.track_id",
        "model_version": "gold_recommendation_models.model_version",
    },
    made_by="recommend",
)

CURATED_PLAYLISTS = Table(
    "gold",
    "curated_playlists",
    "Playlists made by rules: by mood, by genre, rising tracks, for an activity, for a new listener.",
    ("playlist", "rank"),
    _columns(
        ("playlist", "string", "short name, by which it is exported and published"),
        ("playlist_name", "string", "name for people"),
        ("kind", "string", "starter, rising, activity, mood or genre"),
        ("rule", "string", "which tracks it takes, and in which order"),
        ("rank", "int", "1-based place, best first"),
        ("track_id", "string", "Spotify id of the track"),
        ("score", "double", "what the order goes by; comparable within one playlist"),
        ("built_at", "timestamp", "when it was built"),
    ),
    references={"track_id": "silver_tracks.track_id"},
    made_by="recommend",
)

RECOMMENDATION_MODELS = Table(
    "gold",
    "recommendation_models",
    "Published recommendation models. A row makes a model real; is_current says which one ranks.",
    ("model_version",),
    _columns(
        ("model_version", "string", "version, sortable by time"),
        ("trained_at", "timestamp", "when the model was trained"),
        ("is_current", "boolean", "whether this model ranks"),
        ("n_users", "bigint", "users it learned from"),
        ("n_tracks", "bigint", "tracks it learned from"),
        ("n_likes", "bigint", "pairs of a user or playlist and a track that it learned from"),
        ("n_left_out", "bigint", "plays and user items that train.sources forbids to learn from"),
        ("factors", "int", "length of the factors; 0 where there was nothing to learn from"),
        (
            "alpha",
            "double",
            "weight of an artist's row, a listener's being 1 (EASE); in older models that of a signal (ALS)",
        ),
        ("regularisation", "double", "regularisation"),
        ("seed", "bigint", "seed of the training"),
        ("train_sources", "array<string>", "the setting train.sources at the training"),
    ),
    made_by="recommend",
)

RECOMMENDATION_FACTORS = Table(
    "gold",
    "recommendation_factors",
    "What recommendations learned of tracks and artists, for the current model and the one before it.",
    ("model_version", "entity", "id"),
    _columns(
        ("model_version", "string", "model the factors belong to"),
        ("entity", "string", "track or artist"),
        ("id", "string", "Spotify id of the track or artist"),
        (
            "factors",
            "array<float>",
            "factors of the collaborative filtering; an artist's are of tracks nobody has heard",
        ),
        ("variance", "float", "what scores by the factors are divided by; null in models of before EASE"),
        ("listeners", "bigint", "users the model knows to like it"),
    ),
    references={"model_version": "gold_recommendation_models.model_version"},
    internal=True,
    made_by="recommend",
)

PLAY_MATCHES = Table(
    "gold",
    "play_matches",
    "The track of each play without a track id, found by ISRC, else by names. An unreliable match has no row.",
    ("play_id",),
    _columns(
        ("play_id", "string", "the play, which stays as it was heard"),
        ("user_id", "string", "the listener"),
        ("track_id", "string", "the track that it is of"),
        (
            "method",
            "string",
            "isrc, names, or similar names (guests or an edition are said by one of the two only)",
        ),
        ("confidence", "double", "confidence of the method, 0 to 1; it ranks the methods and was not measured"),
    ),
    references={"play_id": "silver_plays.play_id", "track_id": "silver_tracks.track_id"},
    made_by="build_insights",
)

CHART_FORECASTS = Table(
    "gold",
    "chart_forecasts",
    "Where the tracks of each chart will stand a week later, with the error that such forecasts had.",
    ("playlist_id", "track_id"),
    _columns(
        ("playlist_id", "string", "the chart: a playlist with a daily snapshot over weeks"),
        ("playlist_name", "string", "name of the chart"),
        ("track_id", "string", "Spotify id of the track"),
        ("track_name", "string", "title"),
        ("artist_name", "string", "name of the first artist"),
        ("observed_on", "date", "the newest snapshot, which the forecast goes by"),
        ("forecast_for", "date", "a week later"),
        ("position", "int", "1-based place at observed_on"),
        ("weeks_on_chart", "int", "weeks since the track was first seen there, begun ones counted"),
        ("forecast_position", "double", "expected place; one beyond the last place means off the chart"),
        ("method", "string", "model; or same as last week, where the model was not better in the backtest"),
        ("error", "double", "mean absolute error of this method in the backtest, in places"),
        ("survival", "double", "probability that the track is on the chart then"),
        ("survival_method", "string", "model; or share that stayed, where the model was not better"),
        ("survival_error", "double", "Brier score of this method in the backtest, 0 is perfect"),
        ("model_version", "string", "the backtest and model behind the row"),
    ),
    references={"playlist_id": "silver_playlists.playlist_id", "track_id": "silver_tracks.track_id"},
    made_by="forecast",
)

FORECAST_ERRORS = Table(
    "gold",
    "forecast_errors",
    "How wrong forecasts of charts were, each made with what was known before: the model against simple ways.",
    ("model_version", "measure", "method"),
    _columns(
        ("model_version", "string", "the backtest"),
        ("measure", "string", "position: mean absolute error in places; survival: Brier score"),
        ("method", "string", "model, same as last week, share that stayed"),
        ("error", "double", "the mean error"),
        ("low", "double", "lower bound of its 95 % interval, by the bootstrap over charts and weeks"),
        ("high", "double", "upper bound of its 95 % interval"),
        ("forecasts", "bigint", "forecasts that were judged"),
        ("weeks", "int", "weeks for which forecasts were made"),
        ("is_published", "boolean", "whether gold/chart_forecasts goes by this method"),
        ("judged_at", "timestamp", "when it was judged"),
    ),
    made_by="forecast",
)

CLUSTER_CHOICES = Table(
    "gold",
    "cluster_choices",
    "The numbers of clusters that were tried for a model, on a sample; none where train.k gave the number.",
    ("model_version", "k"),
    _columns(
        ("model_version", "string", "model the trial belongs to"),
        ("k", "int", "number of clusters"),
        ("silhouette", "double", "mean silhouette (squared Euclidean), -1 to 1; the highest is chosen"),
        ("inertia", "double", "sum of squared distances to the nearest centroid, in standardised features"),
        ("stability", "double", "mean adjusted Rand index of every two of the starts from other seeds, at most 1"),
        ("is_chosen", "boolean", "whether the model has this number"),
    ),
    references={"model_version": "gold_cluster_models.model_version"},
    made_by="train_clusters",
)

CLUSTER_MAP = Table(
    "gold",
    "cluster_map",
    "Tracks of each model in two dimensions (principal components): its exemplars and a sample of the training rows.",
    ("model_version", "track_id"),
    _columns(
        ("model_version", "string", "model the map belongs to"),
        ("track_id", "string", "Spotify id of the track"),
        ("track_name", "string", "title at the training"),
        ("artist_name", "string", "name of the first artist at the training"),
        ("cluster", "int", "label of the cluster"),
        ("cluster_name", "string", "readable name of the cluster"),
        ("x", "double", "place along the first principal component, in standardised features"),
        ("y", "double", "place along the second"),
        ("is_exemplar", "boolean", "whether it is among the tracks nearest to the centroid"),
    ),
    references={"model_version": "gold_cluster_models.model_version", "track_id": "silver_tracks.track_id"},
    made_by="train_clusters",
)

CLUSTER_AXES = Table(
    "gold",
    "cluster_axes",
    "What the two axes of a model's map mean.",
    ("model_version", "axis", "feature"),
    _columns(
        ("model_version", "string", "model the map belongs to"),
        ("axis", "string", "x or y"),
        ("feature", "string", "audio feature"),
        ("loading", "double", "weight of the standardised feature in the axis, -1 to 1"),
        ("share", "double", "part of all variance that lies along the axis, 0 to 1"),
    ),
    references={"model_version": "gold_cluster_models.model_version"},
    made_by="train_clusters",
)

COUNTS_TYPE = "struct<read:bigint,accepted:bigint,duplicate:bigint,stale:bigint,rejected:bigint>"

BATCHES = Table(
    "ops",
    "batches",
    "One row for each batch of refine: every bronze record is counted here once. Rows of ingest record gaps.",
    ("query", "query_id", "batch_id"),
    _columns(
        ("query", "string", "name of the query"),
        ("query_id", "string", "id of the query, from its checkpoint"),
        ("batch_id", "bigint", "number of the batch"),
        ("started_at", "timestamp", "when the batch began"),
        ("duration_ms", "bigint", "how long it took, up to the writing of this row beside the last of its tables"),
        ("read", "bigint", "bronze records judged: accepted + duplicate + stale + rejected"),
        ("accepted", "bigint", "records that a table took"),
        ("duplicate", "bigint", "records that were already known"),
        ("stale", "bigint", "records that newer ones had overtaken in every field"),
        ("rejected", "bigint", "records no table could take"),
        ("by_kind", f"map<string,{COUNTS_TYPE}>", "the same counts for each kind"),
        (
            "gaps",
            "array<struct<stream:string,partition:string,after:string,before:string,records:bigint>>",
            "what the broker had deleted before this batch could read it, where going on was allowed",
        ),
    ),
)

UNKNOWN_FIELDS = Table(
    "ops",
    "unknown_fields",
    "Fields of payloads that no table takes, each once, with the first record that had it. Bronze keeps the values.",
    ("kind", "field"),
    _columns(
        ("kind", "string", "kind of the record"),
        ("field", "string", "name of the field in the payload; of a field of an object in it, object.field"),
        ("first_seen_at", "timestamp", "when refine met it first"),
        ("arrived_at", "timestamp", "when that record arrived"),
    )
    + ORIGIN,
)

MAINTENANCE = Table(
    "ops",
    "maintenance",
    "One row for each step of maintenance that was done, by the stream or by the job maintain.",
    (),
    _columns(
        ("started_at", "timestamp", "when the step began"),
        ("duration_ms", "bigint", "how long it took"),
        ("table_name", "string", "the table, as SQL calls it"),
        ("action", "string", "applied, caught up, cleared or compacted"),
    ),
)

TABLES: tuple[Table, ...] = (
    EVENTS,
    TRACKS,
    ARTISTS,
    ALBUMS,
    TRACK_FEATURES,
    PLAYLISTS,
    PLAYLIST_ITEMS,
    PLAYS,
    USER_ITEMS,
    POPULARITY_HISTORY,
    REJECTED,
    STAMPS,
    CHANGES,
    PLAYLIST_FETCHES,
    TRACK_CLUSTERS,
    CLUSTER_MODELS,
    CLUSTER_PROFILES,
    CLUSTER_CHOICES,
    CLUSTER_MAP,
    CLUSTER_AXES,
    RECOMMENDATIONS,
    SIMILAR_TRACKS,
    CURATED_PLAYLISTS,
    RECOMMENDATION_MODELS,
    RECOMMENDATION_FACTORS,
    PLAY_MATCHES,
    CHART_FORECASTS,
    FORECAST_ERRORS,
    BATCHES,
    UNKNOWN_FIELDS,
    MAINTENANCE,
)
