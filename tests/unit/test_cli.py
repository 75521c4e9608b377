"""What `soundlake` says of a machine and of a lake."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner, Result

from soundlake import cli
from soundlake.clusters.learnable import FEATURES
from soundlake.launch import doctor
from soundlake.launch.doctor import CheckResult
from soundlake.launch.jobs import REGISTRY

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def wide_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def run(*argv: str) -> Result:
    return CliRunner().invoke(cli.app, argv)


def exit_code_of(monkeypatch: pytest.MonkeyPatch, *argv: str) -> object:
    monkeypatch.setattr("sys.argv", ["soundlake", *argv])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write_deltalake(tmp_path / "silver" / "tracks", pa.table({"track_id": ["a", "b"]}))
    write_deltalake(tmp_path / "silver" / "tracks", pa.table({"track_id": ["c"]}), mode="append")
    began = [datetime(2026, 11, 21, hour, tzinfo=UTC) for hour in (8, 9)]
    batches = {"query": ["refine"] * 2, "batch_id": [0, 1], "started_at": began}
    counts = {"read": [5, 1234], "accepted": [5, 1000], "duplicate": [0, 200], "stale": [0, 30], "rejected": [0, 4]}
    write_deltalake(tmp_path / "ops" / "batches", pa.table({**batches, **counts}))
    models = {"model_version": ["m1", "m2"], "is_current": [False, True], "k": [5, 6], "n_tracks": [900, 1000]}
    write_deltalake(tmp_path / "gold" / "cluster_models", pa.table({**models, "silhouette": [0.1, 0.25]}))
    return tmp_path


def test_status_shows_the_rows_and_the_version_of_each_table(lake: Path) -> None:
    lines = run("status", "--lake", str(lake)).output.splitlines()
    (tracks,) = [line.split() for line in lines if "silver_tracks" in line]
    assert tracks[:3] == ["silver_tracks", "3", "1"]


def test_status_shows_the_last_batch(lake: Path) -> None:
    output = run("status", "--lake", str(lake)).output
    assert (
        "last batch: refine 1 at 2026-11-21 09:00:00: 1,234 read, 1,000 accepted, 200 duplicate, 30 stale, 4 rejected"
        in output
    )


def test_status_opens_no_file_of_older_batches(lake: Path) -> None:
    began = [datetime(2026, 11, 22, 10, tzinfo=UTC)]
    newer = {"query": ["refine"], "batch_id": [2], "started_at": began, "read": [7], "accepted": [7]}
    (older,) = (lake / "ops" / "batches").glob("*.parquet")
    nothing = {"duplicate": [0], "stale": [0], "rejected": [0]}
    write_deltalake(lake / "ops" / "batches", pa.table(newer | nothing), mode="append")
    older.unlink()
    assert "last batch: refine 2 at 2026-11-22 10:00:00: 7 read" in run("status", "--lake", str(lake)).output


def test_status_shows_the_current_model(lake: Path) -> None:
    output = run("status", "--lake", str(lake)).output
    assert "current model: m2, 6 clusters of 1,000 tracks, silhouette 0.250" in output


def test_status_advises_training_when_new_tracks_sound_different(tmp_path: Path) -> None:
    known, new = [0.4, 0.6] * 500, [0.8, 1.0] * 200
    sound = {name: [0.0] * 1400 for name in FEATURES} | {"energy": known + new, "tempo": [120.0] * 1400}
    rest = {"source": ["archive"] * 1400, "time_signature": [4] * 1400}
    write_deltalake(tmp_path / "silver" / "audio_features", pa.table({**sound, **rest}))
    place = FEATURES.index("energy")
    means = [0.5 if name == "energy" else 120.0 if name == "tempo" else 0.0 for name in FEATURES]
    model = {"model_version": "m", "is_current": True, "k": 1, "n_tracks": 1000, "silhouette": 0.5, "inertia": 1000.0}
    arrays = {"means": means, "deviations": [0.1 if i == place else 0.0 for i in range(9)], "centroids": [[0.0] * 9]}
    row = {**model, **arrays, "features": list(FEATURES), "train_sources": ["*"]}
    write_deltalake(tmp_path / "gold" / "cluster_models", pa.Table.from_pylist([row]))
    output = run("status", "--lake", str(tmp_path)).output
    assert "drift: 400 tracks since the training on 1,000: 17.00 times as far from their clusters" in output
    assert "energy +4.00 deviations; train_clusters would help" in output


def test_status_of_a_lake_without_tables_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "status", "--lake", str(tmp_path)) == 1
    assert capsys.readouterr().err == f"soundlake: there are no tables in {tmp_path}\n"
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_exit_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(monkeypatch, "status", "--set", "lake.url=x") == 2
    assert capsys.readouterr().err == "soundlake: --set lake.url=…: unknown key; did you mean lake.uri?\n"


def test_a_secret_after_a_forgotten_set_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch, "status", "source.kafka.options.x=(hunter2 hunter2)") == 2
    assert "hunter2" not in capsys.readouterr().err


def test_an_unknown_command_exits_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_code_of(monkeypatch, "stats") == 2


def test_settings_prints_what_a_run_would_use() -> None:
    output = run("settings", "--set", "train.k=6", "--lake", "s3://bucket/lake").output
    assert 'uri = "s3://bucket/lake"' in output.splitlines()
    assert "k = 6" in output.splitlines()


def test_doctor_exits_0_where_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "examine", lambda settings: iter([CheckResult("Java", True, "17")]))
    result = run("doctor")
    assert result.exit_code == 0
    assert "Java" in result.output


def test_doctor_exits_1_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [CheckResult("Java", True, "17"), CheckResult("jars", False, "run ./spark-submit.sh --setup")]
    monkeypatch.setattr(cli, "examine", lambda settings: iter(findings))
    result = run("doctor")
    assert result.exit_code == 1
    assert "run ./spark-submit.sh --setup" in result.output


def test_doctor_looks_at_all_that_a_run_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SAMPLE", tmp_path / "none")
    result = run("doctor", "--lake", str(tmp_path / "lake"))
    for what in ("Java", "Python", "Spark", "Delta", "jars", "bundled records", "lake"):
        assert what in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("nothing",), "soundlake: no such command 'nothing'; see soundlake --help"),
        (("status", "--nothing"), "soundlake: status: no such option: --nothing; see soundlake status --help"),
        (("import",), "soundlake: import: missing argument 'PATH...'; see soundlake import --help"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], line: str
) -> None:
    assert exit_code_of(monkeypatch, *argv) == 2
    assert capsys.readouterr().err.splitlines() == [line]


def test_without_words_the_help_is_shown_and_the_exit_code_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(monkeypatch) == 2
    assert "Usage: soundlake" in capsys.readouterr().err


@pytest.mark.parametrize("job", REGISTRY)
def test_a_job_is_pointed_to_the_launcher(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], job: str
) -> None:
    assert exit_code_of(monkeypatch, job, "--once") == 2
    assert capsys.readouterr().err == f"soundlake: {job} is a job, and jobs need Spark: ./spark-submit.sh {job}\n"


def test_version_is_that_of_the_package() -> None:
    assert run("--version").output == f"soundlake {version('soundlake')}\n"


@pytest.mark.parametrize("command", [(), ("query",), ("extract",), ("extract", "playlists"), ("jobs",)])
def test_h_is_help_everywhere(command: tuple[str, ...]) -> None:
    short, long = run(*command, "-h"), run(*command, "--help")
    assert (short.exit_code, short.output) == (0, long.output)


@pytest.mark.parametrize("group", [(), ("extract",), ("jobs",), ("playlists",)])
def test_a_list_of_commands_cuts_no_sentence(monkeypatch: pytest.MonkeyPatch, group: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, _, listed = run(*group, "--help").output.partition("Commands:\n")
    assert [line for line in listed.splitlines() if line.endswith("...")] == []
    assert len(listed.splitlines()) >= 3


@pytest.mark.parametrize(
    ("words", "completed"),
    [("soundlake qu", "query"), ("soundlake query top_a", "top_albums"), ("soundlake query --form", "--format")],
)
def test_tab_completes_commands_options_and_insights(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, completed: str
) -> None:
    monkeypatch.setenv("_SOUNDLAKE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
    exit_code_of(monkeypatch)
    assert capsys.readouterr().out.split() == [completed]
