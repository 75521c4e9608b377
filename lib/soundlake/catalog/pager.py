"""Long texts on a terminal go through the pager of the environment, as git's and psql's do."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys

_LESS = "FRSX"  # as git sets it: colours, short texts are left on the screen; and long lines scroll sideways


def page(text: str) -> None:
    """Write a text to stdout, a terminal: through $PAGER, else less, where it is larger than the screen.

    An empty $PAGER, or one that is not there, is none.
    """
    screen = shutil.get_terminal_size()
    pager = shlex.split(os.environ.get("PAGER", "less"))
    if len(text.splitlines()) < screen.lines or not pager or shutil.which(pager[0]) is None:
        sys.stdout.write(text)
        return
    sys.stdout.flush()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pager's
    try:
        subprocess.run(pager, input=text, text=True, encoding="utf-8", env={"LESS": _LESS, **os.environ}, check=False)
    finally:
        signal.signal(signal.SIGINT, before)
