"""Starting a job, and the frame that every job runs in."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from soundlake.launch import jars, local, log_store
from soundlake.launch.arguments import JobArguments, parse, resolve
from soundlake.launch.command_line import as_argv, read_command_line
from soundlake.launch.jobs import Job
from soundlake.launch.report import reported
from soundlake.launch.steps import Steps
from soundlake.launch.versions import installed_spark_line
from soundlake.logs import set_up
from soundlake.s3 import uses_s3


def launch(argv: Sequence[str], env: Mapping[str, str] = os.environ) -> NoReturn:
    """Check the command line, then become the job's process (the process id stays). Exits 2 on wrong usage."""
    with reported():
        job, options = read_command_line(argv)
        arguments = resolve(job, options, env)
        if options.target != "local":
            _launch_remote(job, options, arguments)
        command = [sys.executable, str(job.file), *as_argv(options)]
        with_s3 = uses_s3(arguments.settings)
        if with_s3:
            line, steps = installed_spark_line(), Steps(Path(sys.prefix) / "setup.log")
            conditional = arguments.settings.s3.conditional_commits
            if conditional:
                log_store.check(line, env)
            jars.fetch_s3(line, steps)
            if conditional:
                log_store.build(line, steps, env)
        most_heap = local.MOST_HEAP_OF_STREAM if job.kind == "stream" else local.MOST_HEAP
        environment = {**env, **local.spark_environment(with_s3=with_s3, most_heap=most_heap)}
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


def run_job(
    name: str, run: Callable[[JobArguments], object], argv: Sequence[str] | None = None, *, is_quiet: bool = False
) -> None:
    """Read the job's arguments and run it; exits with 1 when it failed, 2 for wrong usage (before `run` is called).

    It logs from log.level on, or with `is_quiet` warnings only, for a job that shows its own progress. It returns when
    the job is done: Glue takes any exit of a script, with 0 too, for a failure.
    """
    with reported():
        arguments = parse(name, sys.argv[1:] if argv is None else argv)
        set_up("WARNING" if is_quiet else arguments.settings.log.level)
        run(arguments)


def _launch_remote(job: Job, options: Namespace, arguments: JobArguments) -> NoReturn:
    # Imported here: jobs import this module on every platform, and need none of this.
    from soundlake.launch.aws import launcher

    line = installed_spark_line()
    run = launcher.prepare(
        job,
        arguments.settings,
        options.target,
        line,
        once=arguments.once,
        recover_checkpoint=arguments.recover_checkpoint,
        check_only=arguments.check,
    )
    if options.dry_run:
        print(launcher.described(run))
    else:
        run_id = launcher.start(run)
        if options.wait:
            launcher.follow(run, run_id)
    sys.exit(0)
