"""A simulator in a process of its own: started, listened to, and ended whatever state it is in."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mosaik.exceptions import ConnectionClosedError
from mosaik.proxies import BaseProxy, RemoteProxy
from mosaik.starters import Starter
from mosaik_api_v3.connection import Channel, RemoteException

from cosim.orchestrate.watch import STOP_AT, SilentError, stages, warn
from sims.faults import SimulationError

READY_S = 600.0
"""Longest wait for a process to start, and for what it does outside of steps [s]."""
STEPPING = {"step", "get_data"}


class OwnProcess(Starter):
    """Starts the simulator `name` as `python -m sims.<name>`.

    `instant` words a time of its world; `step_timeout_s` is how long it may be silent in a step before it is
    named, None forever.
    """

    api_version = None

    def __init__(self, name: str, instant: Callable[[int], str], step_timeout_s: float | None) -> None:
        self.name, self.instant, self.step_timeout_s = name, instant, step_timeout_s

    @classmethod
    def from_starter_config(cls, starter_config: Any) -> Starter | None:
        """Nothing in a plain configuration means this one."""
        return None

    async def start(self, sim_id: str, mosaik_remote: Any, mosaik_config: Any) -> BaseProxy:
        """Start the process and wait until it has called back."""
        called: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            called.set_result((reader, writer))

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        command = (sys.executable, "-m", f"sims.{self.name}", f"{host}:{port}", "--log-level", "warning")
        # in a session of its own Ctrl-C reaches this process alone, which then ends the other
        process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
        ended = asyncio.create_task(process.wait())
        await asyncio.wait({called, ended}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if not called.done():
            await _end(process, ended)
            raise SimulationError(f"{sim_id}: its process did not start (exit code {process.returncode})")
        line = called.result()
        return ProcessProxy(sim_id, line, mosaik_remote, process, ended, self.instant, self.step_timeout_s)


class ProcessProxy(RemoteProxy):
    """The line to a simulator in a process of its own.

    mosaik's own waits forever when the process is gone, and only logs what it raised.
    """

    def __init__(
        self,
        sim_id: str,
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        mosaik_remote: Any,
        process: asyncio.subprocess.Process,
        ended: asyncio.Task[int],
        instant: Callable[[int], str],
        step_timeout_s: float | None,
    ) -> None:
        others = asyncio.all_tasks()
        super().__init__(Channel(*line, name=sim_id), mosaik_remote)
        self._listening = asyncio.all_tasks() - others
        self._sim_id, self._own_process, self._ended, self._instant = sim_id, process, ended, instant
        self._step_timeout_s = step_timeout_s
        self._time_s = 0
        self._entities: list[str] = []

    async def send(self, request: Any) -> Any:
        """Ask the simulator something and wait for the answer."""
        if request[0] == "step":
            self._time_s = request[1][0]
        answer = asyncio.ensure_future(super().send(request))
        try:
            silent_s = await self._wait(answer, request[0])
            if answer.done():
                return self._noted(request[0], answer.result())
        except RemoteException as error:
            located = error.remote_type == SimulationError.__name__
            said = f"{error.remote_type}: {error.remote_msg}"
            raise SimulationError(error.remote_msg if located else f"{self._sim_id}: {said}") from None
        except (ConnectionError, ConnectionClosedError):
            silent_s = 0.0
            await asyncio.wait({self._ended}, timeout=1.0)
        finally:
            answer.cancel()
        if self._ended.done():
            what = f"its process ended (exit code {self._own_process.returncode})"
        else:
            what = _no_answer(request[0], silent_s)
        raise SilentError(self._said(what))

    async def _wait(self, answer: asyncio.Future[Any], asked: str) -> float:
        """Wait for an answer or the end of the process, saying who is silent; give how long it was [s]."""
        both, silent_s = {answer, self._ended}, READY_S
        if asked not in STEPPING:
            await asyncio.wait(both, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        elif self._step_timeout_s is None:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        else:
            for silent_s, wait_s in stages(self._step_timeout_s):
                done, _ = await asyncio.wait(both, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                if done:
                    break
                if silent_s < STOP_AT * self._step_timeout_s:
                    warn(self._said(_no_answer(asked, silent_s)), self._step_timeout_s)
        return silent_s

    def _noted(self, asked: str, answer: Any) -> Any:
        if asked == "create":
            self._entities += [entity["eid"] for entity in answer]
        return answer

    def _said(self, what: str) -> str:
        """Say who is meant, which entities it has, and at what local time and step of the run."""
        entities = f" ({', '.join(self._entities)})" if self._entities else ""
        return f"{self._sim_id}{entities} at {self._instant(self._time_s)}: {what}"

    async def stop(self) -> None:
        """End the simulator, and its process whatever state it is in."""
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(super().stop(), 1.0)
        await _end(self._own_process, self._ended)
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)


def _no_answer(asked: str, silent_s: float) -> str:
    return f"no answer to {asked} for {silent_s:g} s"


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    await asyncio.wait({ended}, timeout=1.0)
    if not ended.done():
        process.kill()
    await ended
