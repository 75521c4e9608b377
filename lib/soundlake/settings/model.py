"""Every key of the settings: its type, its default and what it means."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from soundlake.settings.types import (
    Day,
    Folder,
    Interval,
    LakeUri,
    Names,
    Number,
    Offsets,
    Optional,
    Position,
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
    max_files_per_trigger: Number = Field(1000, ge=1, description="most files taken in one batch")


class KafkaSettings(_Section):
    """Records from Kafka."""

    bootstrap_servers: Annotated[Text | None, Optional] = Field(None, description="host:port, several with commas")
    starting_offsets: Offsets = Field(
        "earliest", description="where a new stream starts: earliest, latest, or JSON offsets"
    )
    max_offsets_per_trigger: Number = Field(500_000, ge=1, description="most records taken in one batch")


class KinesisSettings(_Section):
    """Records from Kinesis."""

    stream: Annotated[Text | None, Optional] = Field(None, description="name of the stream")
    region: Annotated[Text | None, Optional] = Field(None, description="AWS region of the stream")
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another endpoint than the region's own")
    starting_position: Position = Field("TRIM_HORIZON", description="where a new stream starts: TRIM_HORIZON or LATEST")


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


class S3Settings(_Section):
    """The object store."""

    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another S3 than the region's own")


class CatalogSettings(_Section):
    """Where tables are registered."""

    type: Literal["none", "glue"] = Field("none", description="none or glue")
    database: SchemaName = Field("soundlake", description="the database the tables are registered in")
    endpoint_url: Annotated[Url | None, Optional] = Field(None, description="another Glue than the region's own")


class MaintainSettings(_Section):
    """The upkeep of the tables."""

    retention_hours: Number = Field(
        168, ge=168, description="hours that files no longer in use are kept; Delta refuses less than a week"
    )


class Settings(_Section):
    """All settings of a run. Immutable."""

    lake: LakeSettings = LakeSettings()
    source: SourceSettings = SourceSettings()
    trigger: TriggerSettings = TriggerSettings()
    refine: RefineSettings = RefineSettings()
    insights: InsightsSettings = InsightsSettings()
    train: TrainSettings = TrainSettings()
    s3: S3Settings = S3Settings()
    catalog: CatalogSettings = CatalogSettings()
    maintain: MaintainSettings = MaintainSettings()
