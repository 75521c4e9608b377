"""The button that starts an extraction, where the operator allows it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import streamlit as st

from soundlake.dashboard.source import DataSource

_SHOWN = 4000  # of what it says, the last characters
_COMMAND = "from soundlake.cli import main; main()"


@dataclass
class Extraction:
    """The extraction of this server: one at a time, whoever looks."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    lock: Lock = field(default_factory=Lock)

    def start(self, arguments: tuple[str, ...]) -> bool:
        """Start `soundlake extract playlists`, unless one runs; returns whether it was started."""
        with self.lock:
            if self.is_running:
                return False
            command = [sys.executable, "-c", _COMMAND, "extract", "playlists", *arguments]
            with self.log.open("wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            return True

    @property
    def log(self) -> Path:
        """The file that holds what it says."""
        return self.folder / "extract.log"

    @property
    def is_running(self) -> bool:
        """Whether it is at work."""
        return self.process is not None and self.process.poll() is None


@st.cache_resource
def _extraction() -> Extraction:
    return Extraction(Path(tempfile.mkdtemp(prefix="soundlake-dashboard-")))


def offer(source: DataSource) -> None:
    """Draw the button and what the extraction says; nothing where dashboard.extract_now is off."""
    if not source.settings.dashboard.extract_now:
        return
    extraction = _extraction()

    @st.fragment(run_every=2)
    def watch() -> None:
        pressed = st.button("Extract now", icon=":material/download:", disabled=extraction.is_running)
        if pressed and not extraction.start(source.arguments):
            st.info("An extraction is at work already.")
        if extraction.process is None:
            st.caption("Reads the playlists of `extract.playlists` and publishes them to `publish.to`.")
            return
        code = extraction.process.poll()
        state = {None: "Extracting …", 0: "The extraction is done."}.get(
            code, f"The extraction failed (exit code {code})."
        )
        st.caption(state)
        st.code(
            extraction.log.read_text(encoding="utf-8", errors="replace")[-_SHOWN:] or "nothing said yet", language=None
        )

    watch()
