"""The class archive: classes that Java has read, checked and laid out once, instead of at each start of Spark.

Java ignores an archive of another Java, or of jars that have changed; Spark then starts as it does without one
(docs/decisions/0018). The standard library only.
"""

from __future__ import annotations

from soundlake.errors import SoundlakeError
from soundlake.launch.report import say
from soundlake.launch.steps import Steps
from soundlake.launch.versions import SparkLine


def record(line: SparkLine, steps: Steps) -> None:
    """Make the archive of a line anew, by a short run of Spark. Where that fails, say so and keep the earlier one."""
    unfinished = line.class_archive.with_suffix(".new")
    python = str(line.environment / "bin" / "python")
    try:
        steps.run("recording the classes that Spark loads", [python, "-m", "soundlake.recorded_start", str(unfinished)])
        unfinished.replace(line.class_archive)
    except (SoundlakeError, OSError) as error:
        say(f"Spark's classes are not recorded, so each start of it takes some seconds more: {error}")
