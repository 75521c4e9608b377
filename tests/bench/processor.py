"""Processor time and memory of a process and of all that it started: Spark's JVM, its Python workers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Process:
    """A process: its parent, and the processor seconds of it and its ended children."""

    parent: int
    seconds: float


def processor_seconds() -> float:
    """Seconds of this process and all below it so far."""
    return sum(process.seconds for process in _below(os.getpid()))


def resident_megabytes(pid: int) -> float:
    """What a process and all below it have in memory, in MB; what several share is counted once."""
    return sum(_proportional_kilobytes(each) for each in _ids_below(pid)) / 1024


def _proportional_kilobytes(pid: int) -> int:
    try:
        command, parent = _command(pid), _command(_processes()[pid].parent)
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (OSError, KeyError):
        return 0  # it has just ended
    if command == parent and b"java" in command[:200]:
        return 0  # Java between starting a process and becoming it: it has the memory of its parent
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _below(top: int) -> list[Process]:
    found = _processes()
    return [found[pid] for pid in found if _is_below(pid, top, found)]


def _ids_below(top: int) -> list[int]:
    found = _processes()
    return [pid for pid in found if _is_below(pid, top, found)]


def _processes() -> dict[int, Process]:
    found: dict[int, Process] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            spent = sum(map(int, fields[11:15])) / _TICKS
            found[int(folder.name)] = Process(int(fields[1]), spent)
    return found


def _is_below(pid: int, top: int, found: dict[int, Process]) -> bool:
    while pid in found and pid != top:
        pid = found[pid].parent
    return pid == top
