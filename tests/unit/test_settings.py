"""What a user relies on when writing settings."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from soundlake.errors import UsageError
from soundlake.settings import Settings, check_lake_exists, check_lake_writable, check_source, load_settings
from soundlake.settings.document import as_toml
from soundlake.settings.keys import known_keys

NO_ENV: dict[str, str] = {}


def problems_of(
    config: Path | None = None,
    sets: tuple[str, ...] = (),
    lake: str | None = None,
    env: dict[str, str] = NO_ENV,
    source: str | None = None,
) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_settings(config, sets, lake, env, source=source)
    return list(caught.value.problems)


def toml(folder: Path, text: str) -> Path:
    file = folder / "soundlake.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_fixed_keys_are_there() -> None:
    fixed = """lake.uri source.type source.files.path source.kafka.bootstrap_servers source.kafka.starting_offsets
    source.kafka.max_offsets_per_trigger source.kinesis.stream source.kinesis.region source.kinesis.endpoint_url
    source.kinesis.starting_position source.topics.track source.topics.artist source.topics.album
    source.topics.audio_features source.topics.playlist source.topics.playlist_item source.topics.play
    source.topics.user_item trigger.interval insights.as_of insights.time_zone train.sources s3.endpoint_url
    catalog.type catalog.database catalog.endpoint_url"""
    assert set(fixed.split()) <= known_keys()


def test_everything_has_a_default() -> None:
    settings = load_settings(env=NO_ENV)
    assert settings.lake.uri == "./lake"
    assert settings.source.type == "files"
    assert settings.source.topics.playlist_item == "spotify.playlist_items"
    assert settings.trigger.interval == "1 second"
    assert settings.insights.as_of is None
    assert settings.insights.time_zone == "UTC"


def test_what_came_from_the_spotify_api_is_left_out_of_training_by_default() -> None:
    assert load_settings(env=NO_ENV).train.sources == ("!spotify-api",)


def test_a_file_wins_over_defaults_the_environment_over_the_file_set_over_both_and_lake_over_all(
    tmp_path: Path,
) -> None:
    file = toml(tmp_path, "[lake]\nuri = 'file'\n[train]\nk = 5\nseed = 5\n[catalog]\ndatabase = 'file'\n")
    env = {"SOUNDLAKE_LAKE__URI": "env", "SOUNDLAKE_TRAIN__K": "6", "SOUNDLAKE_TRAIN__SEED": "6"}
    settings = load_settings(file, ["train.k=7", "lake.uri=set"], "option", env)
    assert settings.catalog.database == "file"
    assert settings.train.seed == 6
    assert settings.train.k == 7
    assert settings.lake.uri == "option"


def test_the_last_set_of_a_key_wins() -> None:
    assert load_settings(sets=["train.k=5", "train.k=6"], env=NO_ENV).train.k == 6


def test_source_stands_for_source_type() -> None:
    assert load_settings(sets=["source.type=files"], env=NO_ENV, source="kafka").source.type == "kafka"


def test_keys_in_the_environment_may_be_three_deep_and_are_empty_when_unset() -> None:
    env = {"SOUNDLAKE_SOURCE__KAFKA__BOOTSTRAP_SERVERS": "localhost:9092", "SOUNDLAKE_TRAIN__K": ""}
    settings = load_settings(env=env)
    assert settings.source.kafka.bootstrap_servers == "localhost:9092"
    assert settings.train.k is None


def test_variables_that_are_no_settings_are_left_alone() -> None:
    assert load_settings(env={"SOUNDLAKE_HOME": "x", "OTHER__KEY": "y"}) == Settings()


@pytest.mark.parametrize(
    "text", ["train.sources=charts, !spotify-api", 'train.sources=["charts", "!spotify-api"]'], ids=["commas", "TOML"]
)
def test_lists_are_written_with_commas_or_as_toml(text: str) -> None:
    assert load_settings(sets=[text], env=NO_ENV).train.sources == ("charts", "!spotify-api")


def test_text_that_looks_like_a_number_stays_as_it_was_written() -> None:
    settings = load_settings(sets=["source.kinesis.stream=007", 'source.topics.play="1e3"'], env=NO_ENV)
    assert settings.source.kinesis.stream == "007"
    assert settings.source.topics.play == "1e3"


def test_a_value_may_hold_an_equals_sign() -> None:
    assert load_settings(sets=["lake.uri=/tmp/a=b"], env=NO_ENV).lake.uri == "/tmp/a=b"


def test_an_empty_set_unsets_a_key(tmp_path: Path) -> None:
    file = toml(tmp_path, "[insights]\nas_of = 2021-12-31\n")
    assert load_settings(file, env=NO_ENV).insights.as_of == date(2021, 12, 31)
    assert load_settings(file, ["insights.as_of="], env=NO_ENV).insights.as_of is None


def test_offsets_may_be_given_for_each_partition() -> None:
    offsets = '{"spotify.plays": {"0": 5}}'
    settings = load_settings(sets=[f"source.kafka.starting_offsets={offsets}"], env=NO_ENV)
    assert settings.source.kafka.starting_offsets == offsets


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings(env=NO_ENV).lake.uri = "elsewhere"  # type: ignore[misc]


def test_a_home_folder_is_the_users() -> None:
    assert load_settings(lake="~/lake", env=NO_ENV).lake.uri == str(Path.home() / "lake")


def test_each_wrong_key_has_one_line_that_says_where_it_stands(tmp_path: Path) -> None:
    file = toml(tmp_path, "[train]\nk = 'many'\nkk = 5\n[trigger]\ninterval = 5\n[nonsense]\n")
    found = problems_of(
        file, ("train.k_min=1", "lake.url=x"), "gs://bucket/lake", {"SOUNDLAKE_CATALOG__TYPE": "hive"}, "ftp"
    )
    assert sorted(found) == sorted(
        [
            f"{file}: train.k: should be a valid integer, unable to parse string as an integer, not 'many'",
            f"{file}: train.kk: unknown key; did you mean train.k?",
            f"{file}: trigger.interval: should be a valid string, not 5",
            f"{file}: nonsense: unknown key",
            "environment variable SOUNDLAKE_CATALOG__TYPE=hive: should be 'none' or 'glue'",
            "--set train.k_min=1: should be greater than or equal to 2",
            "--set lake.url=…: unknown key; did you mean lake.uri?",
            "--lake gs://bucket/lake: should be a local path, file://, s3:// or s3a://",
            "--source ftp: should be 'files', 'kafka' or 'kinesis'",
        ]
    )


def test_a_wrong_value_is_reported_even_where_another_place_overrides_it(tmp_path: Path) -> None:
    file = toml(tmp_path, "[train]\nk = 1\n")
    assert problems_of(file, ("train.k=5",)) == [f"{file}: train.k: should be greater than or equal to 2, not 1"]


def test_a_single_underscore_in_a_variable_is_explained() -> None:
    assert problems_of(env={"SOUNDLAKE_LAKE_URI": "x"}) == [
        "environment variable SOUNDLAKE_LAKE_URI=…: unknown key; did you mean SOUNDLAKE_LAKE__URI?"
    ]


def test_a_section_is_no_key() -> None:
    assert problems_of(sets=("source.kafka=x",)) == [
        "--set source.kafka=…: is a section, not a key; did you mean source.kafka.bootstrap_servers?"
    ]


def test_a_set_without_a_value_is_refused() -> None:
    assert problems_of(sets=("train.k",)) == ["--set train.k: should be section.key=value"]


@pytest.mark.parametrize(
    "words",
    [
        {"sets": ("source.kafka.option.sasl.jaas.config=hunter2",)},
        {"sets": ("source.kafka.options=hunter2",)},
        {"sets": ("source.kafka=hunter2",)},
        {"sets": ("source.kafka.options.sasl.jaas.config hunter2",)},
        {"sets": ("s3.endpoint_url=ftp://me:hunter2@somewhere",)},
        {"lake": "gs://me:hunter2@bucket/lake"},
        {"env": {"SOUNDLAKE_SOURCE__KAFKA_OPTIONS__SASL_JAAS_CONFIG": "hunter2"}},
        {"env": {"SOUNDLAKE_SOURCE_KAFKA_OPTIONS": "hunter2"}},
    ],
    ids=lambda words: next(iter(words)),
)
def test_what_may_be_a_secret_is_not_repeated_where_its_key_is_mistyped(words: dict[str, Any]) -> None:
    (problem,) = problems_of(**words)
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    "assignment",
    [
        "insights.time_zone=Mars/Olympus",
        "insights.time_zone=../etc",
        "insights.as_of=20211231",
        "insights.as_of=2021-02-30",
        "trigger.interval=soon",
        "refine.max_bytes_per_trigger=much",
        "source.kafka.starting_offsets=yesterday",
        "source.kinesis.starting_position=begin",
        "source.files.max_files_per_trigger=0",
        "source.max_record_bytes=1k",
        "s3.endpoint_url=localhost:9000",
        "catalog.database=My Lake",
        "train.sources=",
        "train.sample_rows=some",
        "lake.uri=",
    ],
)
def test_impossible_values_are_refused(assignment: str) -> None:
    (problem,) = problems_of(sets=(assignment,))
    assert problem.startswith(f"--set {assignment}: should ")


def test_a_truth_value_is_no_number(tmp_path: Path) -> None:
    file = toml(tmp_path, "[train]\nseed = true\n")
    assert problems_of(file) == [f"{file}: train.seed: should be a number, not a truth value, not True"]


def test_k_min_cannot_be_more_than_k_max_wherever_they_stand() -> None:
    assert problems_of(sets=("train.k_min=12",)) == ["train.k_min: 12 is more than train.k_max, 10"]
    assert load_settings(sets=["train.k_min=12", "train.k_max=14"], env=NO_ENV).train.k_min == 12


def test_a_config_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    missing, broken, binary = tmp_path / "no.toml", toml(tmp_path, "[lake\n"), tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert problems_of(missing) == [f"--config {missing}: cannot be read: No such file or directory"]
    assert problems_of(tmp_path) == [f"--config {tmp_path}: cannot be read: Is a directory"]
    assert problems_of(binary) == [f"--config {binary}: cannot be read: not UTF-8 text"]
    (problem,) = problems_of(broken)
    assert problem.startswith(f"--config {broken}: not valid TOML: ")
    assert "line 1" in problem


def test_a_printed_settings_file_holds_every_key_and_reads_back_the_same(tmp_path: Path) -> None:
    settings = load_settings(sets=["insights.as_of=2021-12-31", "train.sources=a,b"], lake="/tmp/ö", env=NO_ENV)
    text = "\n".join(as_toml(settings))
    assert load_settings(toml(tmp_path, text), env=NO_ENV) == settings
    for key in known_keys():
        assert f"{key.rpartition('.')[2]} =" in text
    assert tomllib.loads(text)["insights"]["as_of"] == date(2021, 12, 31)


def lake(uri: Path | str) -> Settings:
    return load_settings(lake=str(uri), env=NO_ENV)


def test_a_lake_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    check_lake_writable(lake(tmp_path / "a" / "lake"))
    assert list((tmp_path / "a" / "lake").iterdir()) == []


def test_a_lake_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    check_lake_writable(lake(tmp_path / "lake"))
    assert (tmp_path / "lake").stat().st_mode & 0o777 == 0o700


def test_a_lake_that_is_there_keeps_who_may_read_it(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake").chmod(0o750)
    check_lake_writable(lake(tmp_path / "lake"))
    assert (tmp_path / "lake").stat().st_mode & 0o777 == 0o750


def test_a_lake_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for uri in (tmp_path / "file", tmp_path / "file" / "lake", f"file://{tmp_path}/file/lake"):
        with pytest.raises(UsageError, match=r"^lake\.uri: cannot write to .*: [Nn]ot a (folder|directory)$"):
            check_lake_writable(lake(uri))


def test_a_lake_in_a_place_that_takes_no_files_cannot_be_written() -> None:
    with pytest.raises(UsageError, match=r"^lake\.uri: cannot write to /proc/lake: "):
        check_lake_writable(lake("/proc/lake"))


def test_jobs_that_need_a_lake_say_so_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no lake at"):
        check_lake_exists(lake(tmp_path))
    (tmp_path / "bronze").mkdir()
    check_lake_exists(lake(tmp_path))


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("files", ["source.files.path"]),
        ("kafka", ["source.kafka.bootstrap_servers"]),
        ("kinesis", ["source.kinesis.stream", "source.kinesis.region"]),
    ],
)
def test_a_source_names_all_the_keys_it_lacks(source: str, missing: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        check_source(load_settings(env=NO_ENV, source=source))
    assert list(caught.value.problems) == [f"{key}: needed when source.type is {source}" for key in missing]


def test_a_folder_of_files_has_to_be_there(tmp_path: Path) -> None:
    check_source(load_settings(sets=[f"source.files.path={tmp_path}"], env=NO_ENV))
    with pytest.raises(UsageError, match=r"^source\.files\.path: there is no folder "):
        check_source(load_settings(sets=[f"source.files.path={tmp_path}/no"], env=NO_ENV))
