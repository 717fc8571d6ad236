"""A gate before every step of the run: all states can be taken there while the world goes on.

    controller(k)   fleet(k)   feeder(k)   |   controller(k+1)   fleet(k+1)   feeder(k+1)
                                           gate

When mosaik asks the controllers for step k, fleet and feeder have told them what came of step k - 1 and
wait for the setpoints of step k: whatever has a state stands at the start of k. Buildings and signals may
be ahead of the others, but they have none.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mosaik.proxies import BaseProxy, LocalProxy
from mosaik.starters import Starter

from cosim.stopping import Stop, StoppedError

EVERY_S = 10.0
"""Wall time after which what was done is kept [s]."""

STATEFUL = ("control", "fleet", "feeder")
STATELESS = ("building", "signals")

Blocks = Mapping[str, Any]
Saved = dict[str, Any]
Keep = Callable[[int, Blocks, Saved], None]


class Gate:
    """The gate of one world.

    Parameters
    ----------
    first : int
        Step of the run the world starts with [-].
    step_s : int
        Length of a step [s].
    sites : sequence of str
        Names of the sites.
    stop : Stop
        Asks to end the run.
    keep : callable
        Takes the first step, the steps and the states after them; called while the world goes on.
    """

    def __init__(self, first: int, step_s: int, sites: Sequence[str], stop: Stop, keep: Keep) -> None:
        self._first, self._step_s, self._sites, self._stop, self._keep = first, step_s, sites, stop, keep
        self._proxies: dict[str, BaseProxy] = {}
        self._cut: tuple[int, Saved] | None = None
        self._due_s = time.perf_counter() + EVERY_S
        self.kept = 0
        """Steps of this world that were kept [-]."""

    def starter(self, name: str, starter: Starter | type) -> Starter:
        """Starter of the simulator `name` that stands at the gate; a class is started in this process."""
        return _Starter(name, starter, self)

    async def arrive(self, time_s: int) -> None:
        """Pass the gate to the step at `time_s`, leaving the states behind when it is time to."""
        row = time_s // self._step_s
        if self._cut is not None or not (self._stop.asked or time.perf_counter() >= self._due_s):
            return
        if row == self.kept and self._stop.asked:
            raise StoppedError
        if row > self.kept:
            self._cut = row, await self._snapshot()

    def recorded(self, rows: int, blocks: Callable[[], Blocks]) -> None:
        """Keep what lies before the last cut once all of it has been recorded."""
        if self._cut is None or rows < self._cut[0]:
            return
        (row, saved), self._cut = self._cut, None
        part = {path: block[self.kept : row] for path, block in blocks().items()}
        self._keep(self._first + self.kept, part, saved)
        self.kept, self._due_s = row, time.perf_counter() + EVERY_S
        if self._stop.asked:
            raise StoppedError

    async def _snapshot(self) -> Saved:
        states: Saved = {name: {} for name in STATELESS}
        for name in STATEFUL:
            states[name] = await self._proxies[name].send(("get_state", (), {}))
        outcome = {site: await self._proxies["fleet"].send(("outcome", (site,), {})) for site in self._sites}
        # through JSON, or a policy could change by its next step what it gave as its state
        return json.loads(json.dumps({"states": states, "outcome": outcome}))

    def stand(self, name: str, proxy: BaseProxy) -> BaseProxy:
        """Put a started simulator at the gate."""
        self._proxies[name] = proxy
        return _AtGate(proxy, self) if name == "control" else proxy


class _Starter(Starter):
    """Starts a simulator and puts it at the gate."""

    api_version = None

    def __init__(self, name: str, starter: Starter | type, gate: Gate) -> None:
        self._name, self._starter, self._gate = name, starter, gate

    @classmethod
    def from_starter_config(cls, starter_config: Any) -> Starter | None:
        """Nothing in a plain configuration means this one."""
        return None

    async def start(self, sim_id: str, mosaik_remote: Any, mosaik_config: Any) -> BaseProxy:
        """Start the simulator."""
        if isinstance(self._starter, Starter):
            proxy = await self._starter.start(sim_id, mosaik_remote, mosaik_config)
        else:
            proxy = LocalProxy(self._starter(), mosaik_remote)
        return self._gate.stand(self._name, proxy)


class _AtGate(BaseProxy):
    """The line to the controllers, through the gate."""

    def __init__(self, proxy: BaseProxy, gate: Gate) -> None:
        self._proxy, self._gate = proxy, gate

    async def init(self, sid: str, **kwargs: Any) -> list[int]:
        """Initialize the simulator."""
        return await self._proxy.init(sid, **kwargs)

    @property
    def meta(self) -> Any:
        """What the simulator says of itself."""
        return self._proxy.meta

    async def send(self, request: Any) -> Any:
        """Ask the simulator something; a step waits at the gate."""
        if request[0] == "step":
            await self._gate.arrive(request[1][0])
        return await self._proxy.send(request)

    async def stop(self) -> None:
        """End the simulator."""
        await self._proxy.stop()
