"""Processor time of this process and of all that it started: Spark's JVM, its Python workers."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds() -> float:
    """Seconds so far, those of children that have ended and were waited for with them."""
    spent: dict[int, tuple[int, float]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            spent[int(folder.name)] = int(fields[1]), sum(map(int, fields[11:15])) / _TICKS
    return sum(seconds for pid, (_, seconds) in spent.items() if _is_ours(pid, spent))


def _is_ours(pid: int, spent: dict[int, tuple[int, float]]) -> bool:
    while pid in spent and pid != os.getpid():
        pid = spent[pid][0]
    return pid == os.getpid()


def resident_megabytes(pid: int) -> float:
    """What a process and all that it started have in memory, in MB; what they share is counted once for each."""
    parents: dict[int, int] = {}
    held: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents[int(folder.name)], held[int(folder.name)] = int(fields[1]), int(fields[21])
    own = [one for one in held if _is_below(one, pid, parents)]
    return sum(held[one] for one in own) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _is_below(pid: int, top: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != top:
        pid = parents[pid]
    return pid == top
