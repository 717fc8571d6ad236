"""What workers of the pool do in tests: functions of a module, as the pool needs them."""

import os
import signal
import time
from pathlib import Path

import numpy as np

from cosim.study.case import CaseResult
from sims.control.rules import LeastLaxityFirst


def echo(payload):
    """A case that is done at once; slow, deadly, greedy or broken when its payload says so."""
    if payload.get("dies_while") and Path(payload["dies_while"]).exists():
        os.kill(os.getpid(), signal.SIGKILL)
    if payload.get("dies_once_at"):
        seen = Path(payload["dies_once_at"])
        if not seen.exists():
            seen.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if payload.get("exits"):
        os._exit(payload["exits"])
    if payload.get("raises"):
        raise RuntimeError(payload["raises"])
    time.sleep(payload.get("sleeps_s", 0.0))
    if payload.get("holds_mb"):
        held = np.ones(int(payload["holds_mb"] * 1e6 / 8))
        time.sleep(2.0)
        held[0] = 0.0
    return CaseResult(payload["case_id"], "done", {"pid": os.getpid()})


class Broken(LeastLaxityFirst):
    """Fails at its first decision: nothing a check could know."""

    def act(self, seen):
        raise RuntimeError("=broken on purpose")


class Slow(LeastLaxityFirst):
    """Takes a while for every decision."""

    def act(self, seen):
        time.sleep(0.005)
        return super().act(seen)
