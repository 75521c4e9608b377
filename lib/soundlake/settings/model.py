"""Every key of the settings: its type, its default and what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from soundlake.settings.types import (
    Day,
    Folder,
    Interval,
    JobPrefix,
    LakeUri,
    Names,
    NamesOrNone,
    Number,
    Offsets,
    Optional,
    Options,
    Pattern,
    Position,
    RoleArn,
    SchemaName,
    Size,
    Text,
    TimeZone,
    Url,
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LakeSettings(_Section):
    """Where the tables are."""

    uri: LakeUri = Field("./lake", description="a local path, s3://… or s3a://…")


class FilesSettings(_Section):
    """Records from files."""

    path: Annotated[Folder | None, Optional] = Field(None, description="the folder that holds a folder for each kind")
    max_file_bytes: Size = Field(
        "512m",
        description="a file above this size, packed or unpacked, is one rejected record",
    )
    max_files_per_trigger: Number = Field(1000, ge=1, description="most files taken in one batch")
    processed_path: Annotated[Folder | None, Optional] = Field(
        None, description="where `soundlake move-read` puts files that were read; else the folder _processed in path"
    )


class KafkaSettings(_Section):
    """Records from Kafka."""

    bootstrap_servers: Annotated[Text | None, Optional] = Field(None, description="host:port, several with commas")
    topic_pattern: Annotated[Pattern | None, Optional] = Field(
        None, description="regular expression: read all topics it matches, instead of those of source.topics"
    )
    starting_offsets: Offsets = Field(
        "earliest", description="where a new stream starts: earliest, latest, a time with its zone, or JSON offsets"
    )
    max_offsets_per_trigger: Number = Field(500_000, ge=1, description="most records taken in one batch")
    min_partitions: Annotated[Annotated[Number, Field(ge=1)] | None, Optional] = Field(
        None, description="least number of tasks that read a batch; else one for each Kafka partition"
    )
    skip_expired: bool = Field(
        False, description="whether to go on where Kafka has deleted records that were not read yet; else stop"
    )
    options: Options = Field(
        {}, description="options of the Kafka client, such as security.protocol; never printed, for they hold secrets"
    )


class KinesisSettings(_Section):
    """Records from Kinesis."""

    stream: Annotated[Text | None, Optional] = Field(None, description="name of the stream")
    region: Annotated[Text | None, Optional] = Field(None, description="AWS region of the stream")
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another endpoint than the region's own")
    starting_position: Position = Field(
        "TRIM_HORIZON", description="where a new stream starts: TRIM_HORIZON, LATEST, or a time with its zone"
    )
    max_records_per_trigger: Number = Field(100_000, ge=1, description="most records taken in one batch, about")
    carry_bytes: Size = Field(
        "16m", description="a batch up to this size is read once, while it is planned; what is more is read again"
    )
    skip_expired: bool = Field(
        False, description="whether to go on where Kinesis has deleted records that were not read yet; else stop"
    )
    reader: Literal["auto", "python", "connector"] = Field(
        "auto", description="python (Spark 4), connector (the platform's aws-kinesis format), or what the Spark has"
    )


class TopicSettings(_Section):
    """The topic, stream or folder of each kind."""

    track: Text = "spotify.tracks"
    artist: Text = "spotify.artists"
    album: Text = "spotify.albums"
    audio_features: Text = "spotify.audio_features"
    playlist: Text = "spotify.playlists"
    playlist_item: Text = "spotify.playlist_items"
    play: Text = "spotify.plays"
    user_item: Text = "spotify.user_items"


class SourceSettings(_Section):
    """Where records come from."""

    type: Literal["files", "kafka", "kinesis"] = Field("files", description="files, kafka or kinesis")
    max_record_bytes: Size = Field(
        "16m", description="a record above this size is rejected; bronze keeps its first 64 KiB and its length"
    )
    files: FilesSettings = FilesSettings()
    kafka: KafkaSettings = KafkaSettings()
    kinesis: KinesisSettings = KinesisSettings()
    topics: TopicSettings = TopicSettings()


class TriggerSettings(_Section):
    """When a batch begins."""

    interval: Interval = Field("1 second", description="least time from the beginning of a batch to the next one's")


class RefineSettings(_Section):
    """From bronze to silver."""

    max_bytes_per_trigger: Size = Field("256m", description="bronze bytes taken in one batch, about")
    apply_interval: Interval = Field(
        "5 minutes",
        description="time after which changes of known rows are applied; at least ten times what that takes",
    )
    driver_records: Number = Field(
        20_000, ge=0, description="records up to which a batch is judged on the driver; larger ones are by the workers"
    )
    index_folder: Annotated[Text | None, Optional] = Field(
        None, description="local folder for the index of what is known; else in a local lake, or the temporary files'"
    )


class InsightsSettings(_Section):
    """The marts."""

    as_of: Annotated[Day | None, Optional] = Field(None, description="the day they are built for; else the newest one")
    time_zone: TimeZone = Field("UTC", description="what days and months mean")


class TrainSettings(_Section):
    """The training of the clusters.

    Spotify's Developer Policy forbids using its content to train machine-learning models: the default leaves out what
    came from its API.
    """

    sources: Names = Field(
        ("!spotify-api",), description="sources a model may learn from: names, * for all, !name to leave one out"
    )
    k: Annotated[Annotated[Number, Field(ge=2)] | None, Optional] = Field(
        None, description="number of clusters; else chosen by silhouette"
    )
    k_min: Number = Field(4, ge=2, description="smallest k to try")
    k_max: Number = Field(10, ge=2, description="largest k to try")
    seed: Number = Field(42, description="seed of the sample and of KMeans")
    sample_rows: Number = Field(5000, ge=100, description="most rows on which k is chosen")
    max_iter: Number = Field(40, ge=1, description="most iterations of KMeans")


class RecommendSettings(_Section):
    """Recommendations. What they may learn from, train.sources says."""

    list_size: Number = Field(30, ge=1, description="tracks in a user's list")
    per_artist: Number = Field(2, ge=1, description="most tracks by one artist in a list or playlist")
    similar: Number = Field(20, ge=1, description="similar tracks listed for each track")
    playlist_size: Number = Field(50, ge=1, le=100, description="most tracks of a curated playlist")
    history_days: Number = Field(365, ge=1, description="days before a user's newest play that count")
    most_tracks: Number = Field(
        200_000, ge=1, description="tracks that are recommended from: those with most listeners; bounds time and memory"
    )
    factors: Number = Field(32, ge=2, description="length of the factors of the collaborative filtering")
    iterations: Number = Field(10, ge=1, description="iterations of the collaborative filtering")
    interval: Interval = Field("10 seconds", description="least time between two rerankings while a stream runs")


class ForecastSettings(_Section):
    """The forecast of charts. What it may learn from, train.sources says."""

    min_days: Number = Field(42, ge=28, description="days with a snapshot from which on a playlist is a chart")
    backtest_weeks: Number = Field(8, ge=2, description="weeks that forecasts are made for again, to know their error")


class S3Settings(_Section):
    """The object store."""

    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another S3 than the region's own")
    region: Annotated[Text | None, Optional] = Field(None, description="region of the bucket; else the environment's")
    path_style: Annotated[bool | None, Optional] = Field(
        None, description="whether URLs name the bucket in their path; else only where there is an endpoint_url"
    )
    kms_key_id: Annotated[Text | None, Optional] = Field(
        None, description="ARN of the KMS key that new objects are encrypted with; else as the bucket says"
    )
    requester_pays: bool = Field(False, description="whether to pay for reading buckets of others that ask for it")
    attempts: Number = Field(
        7, ge=1, le=12, description="most attempts where S3 answers 5xx, throttles or is silent; waits double"
    )


class CatalogSettings(_Section):
    """Where tables are registered."""

    type: Literal["none", "glue"] = Field("none", description="none or glue")
    database: SchemaName = Field("soundlake", description="the database the tables are registered in")
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another Glue than the region's own")


class ExportSettings(_Section):
    """Parquet for readers that know no Delta."""

    tables: NamesOrNone = Field((), description="tables to export, such as silver_plays; else all of silver and gold")


class AthenaSettings(_Section):
    """How `soundlake query` asks Athena, where the catalog is Glue."""

    workgroup: Text = Field("primary", description="the workgroup that queries run in, engine version 3")
    output_location: Annotated[LakeUri | None, Optional] = Field(
        None, description="s3://… where results are put; else where the workgroup says"
    )
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another Athena than the region's own")
    # https://aws.amazon.com/athena/pricing/: SQL queries, US East; other regions differ.
    usd_per_tb: float = Field(5.0, ge=0, description="US dollars for each TB scanned, to tell what a query cost")


class DashboardSettings(_Section):
    """The web page of `soundlake dashboard`."""

    host: Text = Field("127.0.0.1", description="address it listens on; 0.0.0.0 lets the whole network look")
    port: Number = Field(8501, ge=1, le=65535, description="port it listens on")
    min_n: Number = Field(5, ge=1, description="means of fewer things than this are not drawn")
    extract_now: bool = Field(
        False, description="whether whoever sees the page may start `soundlake extract playlists` with a button"
    )


class PublishSettings(_Section):
    """Where `soundlake extract` and `soundlake import` put records."""

    to: Literal["files", "kafka", "kinesis"] = Field(
        "files", description="files, or the Kafka topics or Kinesis stream of [source]"
    )
    out: Annotated[Folder | None, Optional] = Field(
        None, description="folder or s3://… for files; else source.files.path, else ./records"
    )
    kafka_options: Options = Field(
        {}, description="options of librdkafka for --to kafka, over the log-in of source.kafka.options; never printed"
    )


class ExtractSettings(_Section):
    """What is read from the Spotify Web API, and how politely."""

    state: Folder = Field(
        "./extract-state",
        description="folder or s3://… that remembers where walks stopped; private: it holds tokens",
    )
    playlists: NamesOrNone = Field((), description="ids or URLs of the playlists that `extract playlists` reads")
    market: Annotated[Text | None, Optional] = Field(None, description="country code such as JP; else the app's own")
    features: NamesOrNone = Field(
        ("spotify", "reccobeats"),
        description="who is asked for audio features, in this order: spotify, reccobeats, lookup; none for nobody",
    )
    features_lookup: Annotated[Folder | None, Optional] = Field(
        None, description="CSV or Parquet file of audio features, one row for each track, for the provider lookup"
    )
    reccobeats_url: Url = Field("https://api.reccobeats.com/v1", description="where ReccoBeats answers")
    api_url: Url = Field("https://api.spotify.com/v1", description="where the Spotify Web API answers")
    accounts_url: Url = Field("https://accounts.spotify.com", description="where Spotify hands out tokens")
    redirect_uri: Url = Field(
        "http://127.0.0.1:8888/callback", description="redirect URI of the app, as its dashboard has it"
    )
    secret_id: Annotated[Text | None, Optional] = Field(
        None, description="secret in AWS Secrets Manager that holds the credentials; else the environment holds them"
    )
    max_requests: Number = Field(100, ge=1, description="most requests in any 30 seconds")
    max_wait: Number = Field(
        120, ge=0, description="most seconds to wait when told to; beyond, the walk stops and can be resumed"
    )
    attempts: Number = Field(5, ge=1, description="most attempts of one request")
    timeout: Number = Field(20, ge=1, description="seconds to wait for an answer")
    checkpoint_seconds: Number = Field(
        30, ge=0, description="seconds between two moments from which a killed walk goes on; files are cut there"
    )
    cache_hours: Number = Field(
        20, ge=0, description="hours that a track, album or artist is not asked for again; under a day for daily walks"
    )


class MaintainSettings(_Section):
    """The upkeep of the tables."""

    stream_interval: Interval = Field(
        "6 hours", description="how often a running stream maintains its tables, step by step between its batches"
    )
    retention_hours: Number = Field(
        168, ge=168, description="hours that files no longer in use are kept; Delta refuses less than a week"
    )


class DeploySettings(_Section):
    """Jobs on AWS: `--target`, `soundlake jobs`, `soundlake deploy`.

    What is not set here is taken from the outputs of the CloudFormation stack.
    """

    stack: Annotated[Text | None, Optional] = Field(
        "soundlake", description="CloudFormation stack that says what is not set here; empty for none"
    )
    name: JobPrefix = Field("soundlake", description="what the names of jobs begin with")
    region: Annotated[Text | None, Optional] = Field(None, description="AWS region; else the usual chain's")
    bucket: Annotated[Text | None, Optional] = Field(None, description="bucket that jobs and libraries are uploaded to")
    prefix: Text = Field("artifacts", description="folder in that bucket")
    role_arn: Annotated[RoleArn | None, Optional] = Field(
        None, description="role that jobs on EMR Serverless, Glue take"
    )
    application_id: Annotated[Text | None, Optional] = Field(None, description="EMR Serverless application")
    cluster_id: Annotated[Text | None, Optional] = Field(None, description="EMR cluster, j-…")
    log_group: Annotated[Text | None, Optional] = Field(None, description="CloudWatch log group of EMR Serverless jobs")
    architecture: Literal["x86_64", "arm64"] = Field("x86_64", description="processors of EMR and EMR Serverless")
    glue_worker: Text = Field("G.1X", description="type of Glue's workers")
    glue_workers: Number = Field(5, ge=2, description="most workers of a Glue job; it scales down by itself")
    retries: Number = Field(5, ge=1, le=10, description="most failed attempts of a streaming job in an hour")
    timeout_minutes: Number = Field(240, ge=5, description="minutes after which a batch job is stopped")
    jars: NamesOrNone = Field((), description="more jars, s3://…, that jobs are started with")
    spark: Options = Field({}, description="more settings of Spark, such as spark.executor.memory")
    parameters: Options = Field({}, description="parameters of the stack, see conf/aws/soundlake.yaml")
    quicksight_user: Annotated[Text | None, Optional] = Field(
        None, description="ARN of the QuickSight user or group that gets the dashboard; else there is none"
    )
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another AWS than the real one, for tests")


class Settings(_Section):
    """All settings of a run. Immutable."""

    lake: LakeSettings = LakeSettings()
    source: SourceSettings = SourceSettings()
    trigger: TriggerSettings = TriggerSettings()
    refine: RefineSettings = RefineSettings()
    insights: InsightsSettings = InsightsSettings()
    train: TrainSettings = TrainSettings()
    recommend: RecommendSettings = RecommendSettings()
    forecast: ForecastSettings = ForecastSettings()
    s3: S3Settings = S3Settings()
    catalog: CatalogSettings = CatalogSettings()
    export: ExportSettings = ExportSettings()
    athena: AthenaSettings = AthenaSettings()
    dashboard: DashboardSettings = DashboardSettings()
    maintain: MaintainSettings = MaintainSettings()
    publish: PublishSettings = PublishSettings()
    extract: ExtractSettings = ExtractSettings()
    deploy: DeploySettings = DeploySettings()
