"""The jobs that can be launched."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from soundlake.errors import UsageError
from soundlake.launch.paths import JOBS


@dataclass(frozen=True)
class Job:
    """A job: what it is for, and what is checked before it starts.

    `reads_source`: it reads records from the configured source. `bundled`: it reads the bundled records, unless told
    otherwise. `makes_lake`: it creates the lake if there is none; the others need one. `can_check`: it has the option
    --check. `reads_exports`: its arguments are files, and it runs where they are.
    """

    name: str
    help: str
    reads_source: bool = False
    bundled: bool = False
    makes_lake: bool = False
    can_check: bool = False
    reads_exports: bool = False

    @property
    def kind(self) -> str:
        """Stream or batch: which role it takes on AWS."""
        return "stream" if self.reads_source else "batch"

    @property
    def file(self) -> Path:
        """The script that Spark runs."""
        return JOBS / f"{self.name}.py"


REGISTRY: Mapping[str, Job] = MappingProxyType(
    {
        job.name: job
        for job in (
            Job(
                "demo",
                "run the main jobs on the bundled records",
                bundled=True,
                makes_lake=True,
            ),
            Job("stream", "read records from the source into the tables", reads_source=True, makes_lake=True),
            Job("history", "your own Spotify export: from the zip to answers", makes_lake=True, reads_exports=True),
            Job("train_clusters", "train KMeans on the audio features and publish a model"),
            Job("build_insights", "build the marts"),
            Job("recommend", "learn what listeners like; write recommendations, similar tracks, playlists"),
            Job("forecast", "forecast next week's charts, with the error of such forecasts"),
            Job("register_tables", "register the tables in the Glue Data Catalog, for Athena", can_check=True),
            Job("replay_rejected", "judge rejected records again, after a rule was fixed"),
            Job("rebuild", "rebuild silver and gold from bronze and the published models"),
            Job("export", "write marts and silver tables as Parquet, for readers without Delta"),
            Job("maintain", "bring the entity tables up to date, compact and clean up"),
        )
    }
)


def job_named(name: str) -> Job:
    """Return a job by name; raises UsageError for one that does not exist."""
    if name not in REGISTRY:
        close = difflib.get_close_matches(name, REGISTRY, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(f"unknown job {name!r}: {hint}the jobs are {', '.join(REGISTRY)}")
    return REGISTRY[name]
