"""The options of the jobs, read the same way by the launcher and by a job that plain spark-submit starts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from soundlake.errors import UsageError
from soundlake.launch.command_line import LISTENER, Parser, add_job_options
from soundlake.launch.glue_arguments import without_glue
from soundlake.launch.jobs import Job, job_named
from soundlake.launch.paths import SAMPLE
from soundlake.s3 import is_on_s3
from soundlake.settings import DEMO_LAKE, Settings, check_lake_exists, check_lake_writable, check_source, load_settings


@dataclass(frozen=True)
class JobArguments:
    """What a job is told: the settings of the run, and its flags.

    `once`: process what is there and finish. `recover_checkpoint`: write a lost checkpoint again, from bronze. `check`:
    change nothing. `exports`: the files to import, as plays of `user`.
    """

    settings: Settings
    once: bool = False
    recover_checkpoint: bool = False
    check: bool = False
    exports: tuple[str, ...] = ()
    user: str = LISTENER


def parse(job: str, argv: Sequence[str], env: Mapping[str, str] = os.environ) -> JobArguments:
    """Read the options of a job and check what it needs; raises UsageError, before anything is started.

    As a Glue script a job gets its options as pairs of names and values, with Glue's own among them.
    """
    described = job_named(job)
    parser = Parser(prog=f"{job}.py", description=described.help, allow_abbrev=False)
    add_job_options(
        parser, streaming=described.reads_source, checking=described.can_check, exports=described.reads_exports
    )
    return resolve(described, parser.parse(without_glue(argv)), env)


def resolve(job: Job, options: argparse.Namespace, env: Mapping[str, str] = os.environ) -> JobArguments:
    """Turn parsed options into the arguments of the job; raises UsageError for wrong settings and a wrong machine."""
    settings = load_settings(
        config=options.config,
        sets=options.set,
        lake=options.lake,
        env=env,
        source=getattr(options, "source", None),
        defaults={"source.files.path": str(SAMPLE), "lake.uri": DEMO_LAKE} if job.bundled else None,
    )
    if job.bundled and settings.source.type != "files":
        raise UsageError(f"source.type: {job.name} reads the bundled files, not {settings.source.type}")
    # Where a job runs elsewhere, S3 may be open to its role alone: it looks for itself.
    is_here = getattr(options, "target", "local") == "local"
    if job.reads_source or job.bundled:
        check_source(settings, is_here=is_here)
    if is_on_s3(settings.lake.uri) and not is_here:
        pass
    elif job.makes_lake:
        check_lake_writable(settings)
    else:
        check_lake_exists(settings)
    if settings.catalog.type == "glue" and not is_on_s3(settings.lake.uri):
        raise UsageError(f"catalog.type: glue registers lakes on S3 only, and lake.uri is {settings.lake.uri}")
    exports = tuple(getattr(options, "exports", ()))
    if absent := [name for name in exports if "://" not in name and not Path(name).exists()]:
        raise UsageError(*[f"{name}: no such file or folder" for name in absent])
    flags = {name: getattr(options, name, False) for name in ("once", "recover_checkpoint", "check")}
    return JobArguments(settings, **flags, exports=exports, user=getattr(options, "user", None) or LISTENER)
