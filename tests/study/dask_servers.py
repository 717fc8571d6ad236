"""A real scheduler of Dask and real workers, each a process of its own, on this machine alone."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_S = 60.0


@contextmanager
def dask_servers(folder: Path, options: Sequence[Sequence[str]]) -> Iterator[tuple[str, list[int]]]:
    """Address of a scheduler and process ids of one worker for each of `options`; all ended at the end."""
    described = folder / "scheduler.json"
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    servers = [_start("scheduler", *local, "--port", "0", "--dashboard-address", "127.0.0.1:0",
                      "--scheduler-file", str(described))]  # fmt: skip
    try:
        _wait_for(described)
        address = json.loads(described.read_text())["address"]
        scratch = ["--local-directory", str(folder / "scratch")]
        for given in options:
            servers.append(_start("worker", address, *local, "--no-nanny", *scratch, *given))
        yield address, [worker.pid for worker in servers[1:]]
    finally:
        for server in reversed(servers):
            server.kill()
            server.wait()


def _start(role: str, *options: str) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *options]
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stdout=silent, stderr=silent)


def _wait_for(path: Path) -> None:
    until = time.monotonic() + START_S
    while not (path.is_file() and path.stat().st_size):
        assert time.monotonic() < until, "the scheduler did not start"
        time.sleep(0.05)
