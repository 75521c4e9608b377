"""The class archive: classes that Java has read, checked and laid out once, instead of at each start of Spark.

Java ignores an archive of another Java, or of jars that have changed; Spark then starts as it does without one
(docs/decisions/0018). The standard library only.
"""

from __future__ import annotations

from soundlake.launch.java import Java
from soundlake.launch.steps import Steps
from soundlake.launch.versions import SparkLine

_OLDEST_JAVA = 17  # of those that Spark runs on, the first that can archive the classes of an application


def record(line: SparkLine, java: Java, steps: Steps) -> None:
    """Make the archive of a line anew, by a short run of the main job; raises SoundlakeError when that fails."""
    line.class_archive.unlink(missing_ok=True)
    if java.version < _OLDEST_JAVA:
        return
    unfinished = line.class_archive.with_suffix(".new")
    python = str(line.environment / "bin" / "python")
    steps.run("recording the classes that Spark loads", [python, "-m", "soundlake.recorded_start", str(unfinished)])
    unfinished.replace(line.class_archive)
