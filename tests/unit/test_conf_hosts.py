"""What is given to hosts outside of EMR and Glue: systemd's units, the configuration of the Kinesis Agent."""

from __future__ import annotations

import configparser
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from soundlake import cli
from soundlake.launch.command_line import read_command_line
from soundlake.launch.paths import CONF

UNITS = sorted((CONF / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
ALARM = CONF / "systemd" / "soundlake-failed@.service"
WORKING = [unit for unit in SERVICES if unit != ALARM]


def read(unit: Path) -> configparser.ConfigParser:
    """A unit; a key that stands twice is an error, but for commands that run one after the other."""
    parser = configparser.ConfigParser(interpolation=None, strict=unit != ALARM)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    return parser


@pytest.mark.parametrize("unit", WORKING, ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    program, *arguments = read(unit)["Service"]["ExecStart"].split()
    if program.endswith("spark-submit.sh"):
        read_command_line([argument.replace("%i", "maintain") for argument in arguments])
    else:
        assert program == "/opt/soundlake/.venv/bin/soundlake"
        assert CliRunner().invoke(cli.app, [*arguments[: arguments.index("--config")], "--help"]).exit_code == 0


@pytest.mark.parametrize("name", ["soundlake-stream.service", "soundlake-extract.service"])
def test_what_failed_is_started_again_unless_it_was_told_wrongly(name: str) -> None:
    service = read(CONF / "systemd" / name)["Service"]
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "2"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_what_a_unit_writes_is_for_its_user_alone(unit: Path) -> None:
    assert read(unit)["Service"]["UMask"] == "0077"


@pytest.mark.parametrize("unit", WORKING, ids=lambda unit: unit.name)
def test_somebody_is_told_when_a_unit_has_failed_for_good(unit: Path) -> None:
    assert read(unit)["Unit"]["OnFailure"] == ALARM.name.replace("@", "@%n")


def test_the_stream_has_time_to_finish_its_batch() -> None:
    assert int(read(CONF / "systemd" / "soundlake-stream.service")["Service"]["TimeoutStopSec"]) >= 300


def test_every_timer_has_its_service() -> None:
    timers = [unit for unit in UNITS if unit.suffix == ".timer"]
    assert [timer.name for timer in timers if not timer.with_suffix(".service").is_file()] == []


def test_the_agent_sends_lines_as_they_are_to_the_two_roads() -> None:
    flows = json.loads((CONF / "aws" / "kinesis-agent.json").read_text())["flows"]
    assert [sorted({"deliveryStream", "kinesisStream"} & flow.keys()) for flow in flows] == [
        ["deliveryStream"],
        ["kinesisStream"],
    ]
    # Options that would change or join lines are not used: a line is a record.
    assert [flow for flow in flows if {"dataProcessingOptions", "multiLineStartPattern"} & flow.keys()] == []
