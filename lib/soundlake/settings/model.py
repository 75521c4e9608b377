"""Every key of the settings: its type, its default and what it means.

One declaration, and so longer than other modules.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from soundlake.settings.types import (
    Day,
    Folder,
    GlueWindow,
    GlueWorker,
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
    RecordSize,
    RoleArn,
    SchemaName,
    Size,
    Text,
    TimeZone,
    Url,
    Worker,
)

LAKE = "./lake"
DEMO_LAKE = "./demo-lake"  # made-up listeners stay out of the lake where one's own are


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LakeSettings(_Section):
    """Where the tables are."""

    uri: LakeUri = Field(LAKE, description="a local path, s3://… or s3a://…")
    lease_wait: Interval = Field(
        "2 minutes",
        description="how long a job waits for another that writes its tables; on S3 a dead one keeps them a minute",
    )


class FilesSettings(_Section):
    """Records from files."""

    path: Annotated[Folder | None, Optional] = Field(None, description="the folder that holds a folder for each kind")
    max_file_bytes: Size = Field(
        "512m",
        description="a file above this size, packed or unpacked, is one rejected record",
    )
    max_files_per_trigger: Number = Field(1000, ge=1, description="most files of a batch")
    processed_path: Annotated[Folder | None, Optional] = Field(
        None,
        description="where `soundlake archive-processed` puts files that were read; else the folder _processed in path",
    )


class KafkaSettings(_Section):
    """Records from Kafka."""

    bootstrap_servers: Annotated[Text | None, Optional] = Field(None, description="host:port, several with commas")
    topic_pattern: Annotated[Pattern | None, Optional] = Field(
        None, description="regular expression: read all matching topics instead of those of source.topics"
    )
    starting_offsets: Offsets = Field(
        "earliest", description="where a new stream starts: earliest, latest, a time with its zone, or JSON offsets"
    )
    max_offsets_per_trigger: Number = Field(500_000, ge=1, description="most records of a batch")
    min_partitions: Annotated[Annotated[Number, Field(ge=1)] | None, Optional] = Field(
        None, description="fewest tasks that read a batch; by default one per Kafka partition"
    )
    skip_expired: bool = Field(
        False, description="whether to skip records that Kafka deleted before they were read; else stop"
    )
    options: Options = Field(
        {}, description="options of the Kafka client, such as security.protocol; never printed, as they hold secrets"
    )


class KinesisSettings(_Section):
    """Records from Kinesis."""

    stream: Annotated[Text | None, Optional] = Field(None, description="name of the stream")
    region: Annotated[Text | None, Optional] = Field(None, description="AWS region of the stream")
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="an endpoint other than the region's")
    starting_position: Position = Field(
        "TRIM_HORIZON", description="where a new stream starts: TRIM_HORIZON, LATEST, or a time with its zone"
    )
    max_records_per_trigger: Number = Field(100_000, ge=1, description="most records of a batch, approximately")
    carry_bytes: Size = Field(
        "16m", description="a batch up to this size is read once, when it is planned; a larger one twice"
    )
    skip_expired: bool = Field(
        False, description="whether to skip records that Kinesis deleted before they were read; else stop"
    )
    reader: Literal["auto", "python", "connector"] = Field(
        "auto", description="python (Spark 4), connector (the platform's aws-kinesis format), or auto for what is there"
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
    max_record_bytes: RecordSize = Field(
        "16m", description="a record above this size is rejected; bronze keeps its first 64 KiB and its length"
    )
    files: FilesSettings = FilesSettings()
    kafka: KafkaSettings = KafkaSettings()
    kinesis: KinesisSettings = KinesisSettings()
    topics: TopicSettings = TopicSettings()


class LogSettings(_Section):
    """What jobs log, on stderr, and what a stream reports for alarms."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    metrics_group: Annotated[Text | None, Optional] = Field(
        None, description="CloudWatch log group that a stream reports the ages of its newest rows to; else to none"
    )


class TriggerSettings(_Section):
    """When a batch begins."""

    interval: Interval = Field("1 second", description="least time from the start of a batch to the start of the next")


class RefineSettings(_Section):
    """From bronze to silver."""

    max_bytes_per_trigger: Size = Field("256m", description="bronze bytes of a batch, approximately")
    apply_interval: Interval = Field(
        "5 minutes",
        description="how often changes of existing rows are applied; at least ten times what that takes",
    )
    driver_records: Number = Field(
        20_000,
        ge=0,
        description="batches of up to so many records are judged on the driver, larger ones on the workers",
    )
    index_folder: Annotated[Text | None, Optional] = Field(
        None, description="local folder of the stamp index; else in the lake if it is local, else with temporary files"
    )


class InsightsSettings(_Section):
    """The marts."""

    as_of: Annotated[Day | None, Optional] = Field(
        None, description="the last day of the five years of top_albums; else that of the newest album"
    )
    time_zone: TimeZone = Field("UTC", description="time zone of days and months")


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
    driver_rows: Number = Field(
        2_000_000,
        ge=0,
        description="tracks up to which scikit-learn fits, in the driver; beyond spark.ml, on the workers",
    )


class RecommendSettings(_Section):
    """Recommendations. What they may learn from, train.sources says."""

    list_size: Number = Field(30, ge=1, description="tracks in a user's list")
    per_artist: Number = Field(2, ge=1, description="most tracks by one artist in a list or playlist")
    similar: Number = Field(20, ge=1, description="similar tracks listed for each track")
    playlist_size: Number = Field(50, ge=1, le=100, description="most tracks of a curated playlist")
    history_days: Number = Field(365, ge=1, description="how many days before a user's newest play count")
    most_tracks: Number = Field(
        200_000,
        ge=1,
        description="tracks that may be recommended: those with the most listeners; bounds time and memory",
    )
    factors: Number = Field(
        512,
        ge=2,
        description="most factors of a track: exact for as many listeners and playlists; bounds time and memory",
    )
    discovery: Number = Field(
        5, ge=0, description="every so many places of a list one goes to an artist new to the listener; 0 for none"
    )
    interval: Interval = Field("10 seconds", description="least time between two rerankings beside a stream")


class ForecastSettings(_Section):
    """The forecast of charts. What it may learn from, train.sources says."""

    min_days: Number = Field(42, ge=28, description="days with a snapshot that make a playlist a chart")
    backtest_weeks: Number = Field(8, ge=2, description="past weeks that are forecast again to measure the error")


class S3Settings(_Section):
    """The object store."""

    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="an S3 endpoint other than the region's")
    region: Annotated[Text | None, Optional] = Field(None, description="region of the bucket; else the environment's")
    path_style: Annotated[bool | None, Optional] = Field(
        None, description="whether URLs have the bucket in their path; by default only with an endpoint_url"
    )
    kms_key_id: Annotated[Text | None, Optional] = Field(
        None, description="ARN of the KMS key for new objects; else the bucket's default"
    )
    requester_pays: bool = Field(False, description="whether to pay for requests to requester-pays buckets")
    conditional_commits: bool = Field(
        False, description="whether S3 refuses a commit whose version another driver has written; needs a JDK"
    )
    attempts: Number = Field(
        7, ge=1, le=12, description="most attempts where S3 fails with 5xx, throttles or times out; waits double"
    )


class CatalogSettings(_Section):
    """Where tables are registered."""

    type: Literal["none", "glue"] = Field("none", description="none or glue")
    database: SchemaName = Field("soundlake", description="the database the tables are registered in")
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="a Glue endpoint other than the region's")


class ExportSettings(_Section):
    """Parquet for readers without Delta."""

    tables: NamesOrNone = Field((), description="tables to export, such as silver_plays; else all of silver and gold")


class AthenaSettings(_Section):
    """How `soundlake query` asks Athena, where the catalog is Glue."""

    workgroup: Text = Field("primary", description="the workgroup that queries run in, engine version 3")
    output_location: Annotated[LakeUri | None, Optional] = Field(
        None, description="s3://… for results; else the workgroup's own"
    )
    endpoint_url: Annotated[Url | None, Optional] = Field(
        None, description="an Athena endpoint other than the region's"
    )
    # https://aws.amazon.com/athena/pricing/: SQL queries, US East; other regions differ.
    usd_per_tb: float = Field(5.0, ge=0, description="US dollars per TB scanned, to show the cost of a query")


class DashboardSettings(_Section):
    """The web page of `soundlake dashboard`."""

    host: Text = Field("127.0.0.1", description="address to listen on; 0.0.0.0 opens it to the whole network")
    port: Number = Field(8501, ge=1, le=65535, description="port to listen on")
    hosts: NamesOrNone = Field(
        (),
        description="more host names to answer to, such as a proxy's; localhost, addresses and this host are known",
    )
    min_n: Number = Field(5, ge=1, description="means of fewer things than this are not drawn")
    cover_hosts: NamesOrNone = Field(
        (),
        description="hosts from which pages may load covers, such as i.scdn.co; with none, no cover is shown",
    )
    extract_now: bool = Field(
        False, description="whether every visitor may start `soundlake extract playlists` with a button"
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
        {}, description="options of librdkafka for --to kafka, over the login of source.kafka.options; never printed"
    )


class ImportsSettings(_Section):
    """What `soundlake import` takes over from Spotify's exports."""

    private_sessions: Literal["kept", "dropped"] = Field("kept", description="plays of private sessions")
    country: Literal["kept", "dropped"] = Field("dropped", description="the country that a play was heard in")


class ExtractSettings(_Section):
    """What is read from the Spotify Web API, and how politely."""

    state: Folder = Field(
        "./extract-state",
        description="folder or s3://… for unfinished crawls and tokens; keep it private",
    )
    playlists: NamesOrNone = Field((), description="ids or URLs of the playlists that `extract playlists` reads")
    market: Annotated[Text | None, Optional] = Field(None, description="country code such as JP; else the app's own")
    features: NamesOrNone = Field(
        ("spotify", "reccobeats"),
        description="providers of audio features, in order: spotify, reccobeats, lookup; or none",
    )
    features_lookup: Annotated[Folder | None, Optional] = Field(
        None, description="CSV or Parquet file of audio features, one row per track, for the provider lookup"
    )
    reccobeats_url: Url = Field("https://api.reccobeats.com/v1", description="URL of ReccoBeats")
    api_url: Url = Field("https://api.spotify.com/v1", description="URL of the Spotify Web API")
    accounts_url: Url = Field("https://accounts.spotify.com", description="URL of Spotify's accounts service")
    redirect_uri: Url = Field(
        "http://127.0.0.1:8888/callback", description="redirect URI of the app, as in its dashboard"
    )
    secret_id: Annotated[Text | None, Optional] = Field(
        None, description="secret in AWS Secrets Manager with the credentials; else they are in the environment"
    )
    max_requests: Number = Field(100, ge=1, description="most requests in any 30 seconds")
    max_wait: Number = Field(
        120,
        ge=0,
        description="most seconds of a Retry-After to wait; for longer ones the crawl stops and can be resumed",
    )
    attempts: Number = Field(5, ge=1, description="most attempts of one request")
    timeout: Number = Field(20, ge=1, description="seconds to wait for a response")
    checkpoint_seconds: Number = Field(
        30, ge=0, description="seconds between two checkpoints of a crawl; files end there"
    )
    cache_hours: Number = Field(
        20, ge=0, description="hours that a track, album or artist stays in the cache; under a day for daily crawls"
    )


class MaintainSettings(_Section):
    """The upkeep of the tables."""

    stream_interval: Interval = Field(
        "6 hours", description="how often a running stream maintains its tables, in steps between batches"
    )
    retention_hours: Number = Field(
        168, ge=168, description="hours that files no longer in use are kept; Delta refuses less than a week"
    )
    log_commits: Number = Field(
        500,
        ge=300,
        description="least commits that the log of each table keeps; on this machine, more make batches slower",
    )


class DeploySettings(_Section):
    """Jobs on AWS: `--target`, `soundlake jobs`, `soundlake deploy`.

    What is not set here is taken from the outputs of the CloudFormation stack.
    """

    stack: Annotated[Text | None, Optional] = Field(
        "soundlake", description="CloudFormation stack that supplies what is not set here; empty for none"
    )
    name: JobPrefix = Field("soundlake", description="prefix of the names of jobs")
    region: Annotated[Text | None, Optional] = Field(None, description="AWS region; else AWS's default chain")
    bucket: Annotated[Text | None, Optional] = Field(None, description="bucket for jobs and libraries")
    prefix: Text = Field("artifacts", description="folder in that bucket")
    role_arn: Annotated[RoleArn | None, Optional] = Field(
        None, description="role of jobs on EMR Serverless and Glue; else the stack's for the kind of job"
    )
    application_id: Annotated[Text | None, Optional] = Field(None, description="EMR Serverless application")
    cluster_id: Annotated[Text | None, Optional] = Field(None, description="EMR cluster, j-…")
    log_group: Annotated[Text | None, Optional] = Field(None, description="CloudWatch log group of EMR Serverless jobs")
    architecture: Literal["x86_64", "arm64"] = Field("x86_64", description="processors of EMR and EMR Serverless")
    stream_driver: Worker = Field("2 vCPU, 8 GB", description="a stream's driver on EMR; it judges small batches")
    stream_executor: Worker = Field("2 vCPU, 8 GB", description="each of a stream's executors on EMR")
    stream_executors: Number = Field(2, ge=1, description="most executors of a stream on EMR")
    batch_driver: Worker = Field("4 vCPU, 16 GB", description="the driver of other jobs on EMR; it makes small fits")
    batch_executor: Worker = Field("2 vCPU, 8 GB", description="each executor of other jobs on EMR")
    batch_executors: Number = Field(3, ge=1, description="most executors of other jobs on EMR")
    glue_worker: GlueWorker = Field("G.1X", description="type of Glue's workers; G.025X is for streams only")
    glue_workers: Number = Field(3, ge=2, description="most workers of a Glue job; it scales down by itself")
    glue_connections: NamesOrNone = Field((), description="Glue connections of the VPC in which a Glue job reads Kafka")
    glue_maintenance: GlueWindow = Field("Sun:2", description="day and hour, GMT, when Glue may restart a stream")
    retries: Number = Field(5, ge=1, le=10, description="most failed attempts of a streaming job in an hour")
    timeout_minutes: Number = Field(
        240, ge=5, lt=7 * 24 * 60, description="minutes after which a batch job is stopped: less than seven days"
    )
    jars: NamesOrNone = Field((), description="more jars, s3://…, for jobs")
    spark: Options = Field({}, description="more settings of Spark, such as spark.executor.memory")
    parameters: Options = Field({}, description="parameters of the stack, see conf/aws/soundlake.yaml")
    quicksight_user: Annotated[Text | None, Optional] = Field(
        None, description="ARN of the QuickSight user or group that gets the dashboard; else there is none"
    )
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="an AWS endpoint for tests")


class Settings(_Section):
    """All settings of a run. Immutable."""

    lake: LakeSettings = LakeSettings()
    source: SourceSettings = SourceSettings()
    trigger: TriggerSettings = TriggerSettings()
    log: LogSettings = LogSettings()
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
    imports: ImportsSettings = ImportsSettings()
    extract: ExtractSettings = ExtractSettings()
    deploy: DeploySettings = DeploySettings()
