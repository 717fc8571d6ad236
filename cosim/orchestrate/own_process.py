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

from sims.faults import SimulationError

ANSWER_S = 600.0
"""A simulator that gives no answer for so long hangs [s]."""


class OwnProcess(Starter):
    """Starts the simulator `name` as `python -m sims.<name>`; `instant` words a time of its world."""

    api_version = None

    def __init__(self, name: str, instant: Callable[[int], str]) -> None:
        self.name, self.instant = name, instant

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
        await asyncio.wait({called, ended}, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if not called.done():
            await _end(process, ended)
            raise SimulationError(f"{sim_id}: its process did not start (exit code {process.returncode})")
        return ProcessProxy(sim_id, called.result(), mosaik_remote, process, ended, self.instant)


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
    ) -> None:
        others = asyncio.all_tasks()
        super().__init__(Channel(*line, name=sim_id), mosaik_remote)
        self._listening = asyncio.all_tasks() - others
        self._sim_id, self._own_process, self._ended, self._instant = sim_id, process, ended, instant
        self._time_s = 0

    async def send(self, request: Any) -> Any:
        """Ask the simulator something and wait for the answer."""
        if request[0] == "step":
            self._time_s = request[1][0]
        answer = asyncio.ensure_future(super().send(request))
        try:
            await asyncio.wait({answer, self._ended}, timeout=ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                return answer.result()
        except RemoteException as error:
            located = error.remote_type == SimulationError.__name__
            said = f"{error.remote_type}: {error.remote_msg}"
            raise SimulationError(error.remote_msg if located else f"{self._sim_id}: {said}") from None
        except (ConnectionError, ConnectionClosedError):
            await asyncio.wait({self._ended}, timeout=1.0)
        finally:
            answer.cancel()
        ended = f"its process ended (exit code {self._own_process.returncode})"
        what = ended if self._ended.done() else f"no answer to {request[0]}"
        raise SimulationError(f"{self._sim_id} at {self._instant(self._time_s)}: {what}")

    async def stop(self) -> None:
        """End the simulator, and its process whatever state it is in."""
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(super().stop(), 1.0)
        await _end(self._own_process, self._ended)
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    await asyncio.wait({ended}, timeout=1.0)
    if not ended.done():
        process.kill()
    await ended
