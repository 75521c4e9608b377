"""The launcher's command line: which job, with which options. The standard library only."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from soundlake.errors import UsageError
from soundlake.launch.jobs import REGISTRY, Job, job_named

LISTENER = "me"  # who listened, unless told
TARGETS = ("local", "emr", "emr-serverless", "glue")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are UsageErrors of one line, and which names every unknown option at once."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found as a UsageError."""
        raise UsageError(message[:1].lower() + message[1:])

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse all of argv; raises UsageError with one line for each argument that is not known."""
        # Intermixed: files may stand before and behind options.
        namespace, extra = self.parse_known_intermixed_args(argv)
        if extra:
            known = [option for action in self._actions for option in action.option_strings]
            options = [argument for argument in extra if argument.startswith("-")]
            raise UsageError(*(_unknown(argument, known) for argument in options or extra))
        return namespace


def _unknown(argument: str, known: Sequence[str]) -> str:
    name, separator, _ = argument.partition("=")
    shown = f"{name}=…" if separator else name  # what follows may be the secret of a setting
    if not argument.startswith("-"):
        return f"unexpected argument {shown!r}"
    close = difflib.get_close_matches(name, known, n=1)
    return f"unknown option {shown}" + (f"; did you mean {close[0]}?" if close else "")


def add_job_options(
    parser: argparse.ArgumentParser, *, streaming: bool, checking: bool = False, exports: bool = False
) -> None:
    """Add the options of all jobs.

    Where `streaming`, those of a job that reads a source; where `checking`, --check; where `exports`, the files of one
    that reads exports, and whose they are.
    """
    group = parser.add_argument_group("options of a job")
    group.add_argument("--config", type=_file, metavar="FILE", help="settings, TOML; a path or s3://…")
    group.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, section.key=value")
    group.add_argument("--lake", metavar="URI", help="the lake: a local path, s3://… or s3a://…")
    if streaming:
        group.add_argument("--source", metavar="files|kafka|kinesis", help="where records come from")
        group.add_argument("--once", action="store_true", help="process what is there, then exit")
        group.add_argument("--recover-checkpoint", action="store_true", help="rewrite a lost checkpoint from bronze")
    if checking:
        group.add_argument("--check", action="store_true", help="change nothing; exit 1 if something has to be done")

    if exports:
        parser.add_argument("exports", nargs="*", metavar="EXPORT", help=argparse.SUPPRESS)
        group.add_argument("--user", metavar="NAME", help=f"history: whose export it is; by default {LISTENER}")


def _file(name: str) -> Path | str:
    return name if "://" in name else Path(name)


def read_command_line(argv: Sequence[str]) -> tuple[Job, argparse.Namespace]:
    """Return the job and its options; raises UsageError for an unknown job, option or target."""
    parser = _parser()
    options = parser.parse(argv)
    if options.job is None:
        raise UsageError(f"which job? ./spark-submit.sh JOB [options]; the jobs are {', '.join(REGISTRY)}")
    job = job_named(options.job)
    problems = []
    if options.target not in TARGETS:
        problems.append(f"--target {options.target}: not known; jobs run on: {', '.join(TARGETS)}")
    if options.target == "local":
        given = {"--dry-run": options.dry_run, "--wait": options.wait}
        problems += [f"{option} is for jobs on AWS: see --target" for option, is_given in given.items() if is_given]
    if not job.reads_source:
        given = {
            "--source": options.source is not None,
            "--once": options.once,
            "--recover-checkpoint": options.recover_checkpoint,
        }
        problems += [f"{option} is no option of {job.name}" for option, is_given in given.items() if is_given]
    problems += _about_exports(job, options)
    if options.check and not job.can_check:
        problems.append(f"--check is no option of {job.name}")
    if problems:
        raise UsageError(*problems)
    return job, options


def _about_exports(job: Job, options: argparse.Namespace) -> list[str]:
    if not job.reads_exports:
        given = [_unknown(name, ()) for name in options.exports]
        return given + ([f"--user is no option of {job.name}"] if options.user is not None else [])
    if not options.exports:
        return [f"{job.name}: which export? ./spark-submit.sh {job.name} my_spotify_data.zip; a folder works too"]
    if options.target != "local":
        return [f"--target {options.target}: {job.name} runs where the export is"]
    return []


def words() -> list[str]:
    """The words that a shell may complete: the jobs and the options."""
    options = [option for action in _parser()._actions for option in action.option_strings]
    return [*REGISTRY, *(option for option in options if option.startswith("--"))]


def as_argv(options: argparse.Namespace) -> list[str]:
    """Return the options of a job as its own command line."""
    argv = [f"--config={options.config}"] if options.config else []
    argv += [f"--set={assignment}" for assignment in options.set]
    argv += [f"--lake={options.lake}"] if options.lake is not None else []
    argv += [f"--source={options.source}"] if options.source is not None else []
    flags = {"--once": options.once, "--recover-checkpoint": options.recover_checkpoint, "--check": options.check}
    argv += [f"--user={options.user}"] if options.user is not None else []
    argv += options.exports
    return argv + [flag for flag, is_given in flags.items() if is_given]


def _parser() -> Parser:
    jobs = "\n".join(f"  {job.name:<16}{job.help}" for job in REGISTRY.values())
    parser = Parser(
        prog="./spark-submit.sh",
        usage="./spark-submit.sh [--spark LINE] [--target TARGET] JOB [options], or ./spark-submit.sh --setup [dev]",
        description=f"jobs:\n{jobs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("job", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--spark", metavar="LINE", help="the Spark line to run on, such as 3.5; see conf/versions.toml")
    parser.add_argument(
        "--setup", nargs="?", metavar="dev", help="only set up the environment; dev adds the developers' tools"
    )
    parser.add_argument(
        "--completion", action="store_true", help="print the command that completes jobs and options in bash and zsh"
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument("--target", default="local", metavar="TARGET", help=f"where to run: {', '.join(TARGETS)}")
    parser.add_argument("--dry-run", action="store_true", help="with --target: print the requests, start nothing")
    parser.add_argument("--wait", action="store_true", help="with --target: follow the run until it ends")
    add_job_options(parser, streaming=True, checking=True, exports=True)
    return parser
