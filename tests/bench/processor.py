"""Processor time and memory of a process and of all that it started: Spark's JVM, its Python workers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """A process: its parent, the processor seconds of it and its ended children, and its bytes in memory."""

    parent: int
    seconds: float
    resident: int


def processor_seconds() -> float:
    """Seconds of this process and all below it so far."""
    return sum(process.seconds for process in _below(os.getpid()))


def resident_megabytes(pid: int) -> float:
    """What a process and all below it have in memory, in MB; what they share is counted once for each."""
    return sum(process.resident for process in _below(pid)) / 2**20


def _below(top: int) -> list[Process]:
    found: dict[int, Process] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            spent = sum(map(int, fields[11:15])) / _TICKS
            found[int(folder.name)] = Process(int(fields[1]), spent, int(fields[21]) * _PAGE)
    return [process for pid, process in found.items() if _is_below(pid, top, found)]


def _is_below(pid: int, top: int, found: dict[int, Process]) -> bool:
    while pid in found and pid != top:
        pid = found[pid].parent
    return pid == top
