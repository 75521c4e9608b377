"""Starting a job, and the frame that every job runs in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from soundlake.launch import local
from soundlake.launch.arguments import JobArguments, parse, resolve
from soundlake.launch.command_line import as_argv, read_command_line
from soundlake.launch.report import reported


def launch(argv: Sequence[str], env: Mapping[str, str] = os.environ) -> NoReturn:
    """Check the command line, then become the job's process (the process id stays). Exits 2 on wrong usage."""
    with reported():
        job, options = read_command_line(argv)
        resolve(job, options, env)
        command = [sys.executable, str(job.file), *as_argv(options)]
        environment = {**env, **local.spark_environment()}
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


def run_job(name: str, run: Callable[[JobArguments], object], argv: Sequence[str] | None = None) -> NoReturn:
    """Read the job's arguments, run it and exit: 0 done, 1 failed, 2 wrong usage (before `run` is called)."""
    with reported():
        run(parse(name, sys.argv[1:] if argv is None else argv))
    sys.exit(0)
