"""A real Chromium that opens one page and tells what it asked for, complained of and drew."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from cosim.results.pages.images import find_browser

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1250,1000",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)
PATIENCE_S = 60.0


class Browser:
    """A tab driven by the DevTools protocol through two pipes; `events` is all it told so far."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._folder = Path(tempfile.mkdtemp(prefix="report-browser-"))
        there, our_end = os.pipe()
        self._read, their_end = os.pipe()
        command = [str(find_browser()), *FLAGS, f"--user-data-dir={self._folder}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{there} 4>&{their_end}', "bash", *command],
            pass_fds=(there, their_end),
            stderr=subprocess.DEVNULL,
        )
        os.close(there)
        os.close(their_end)
        self._write, self._buffer, self._last, self._session = our_end, b"", 0, None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Result of a command; what happens meanwhile is kept in `events`."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (got := self._receive()).get("id") != self._last:
            self.events.append(got)
        assert "error" not in got, got
        return got["result"]

    def run(self, script: str) -> Any:
        """Value of a script, awaited."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        result = self.send("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def load(self, path: Path) -> None:
        """Open a page and wait until the figures one sees are drawn; what was told before is forgotten."""
        self.send("Page.navigate", url="about:blank")
        self.events.clear()
        self.send("Page.navigate", url=path.as_uri())
        self._wait("document.documentElement?.dataset.drawn === 'all'")

    def open(self, path: Path) -> None:
        """Open a page and wait until its figures are drawn, those behind headings too."""
        self.load(path)
        self.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        self._wait("document.querySelectorAll('figure > script').length === 0")

    def _wait(self, condition: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.run(condition):
            assert time.monotonic() < end, f"never: {condition}"
            time.sleep(0.05)

    def requests(self) -> list[str]:
        """Every address the page asked for; data inside the page is no request."""
        sent = (event for event in self.events if event.get("method") == "Network.requestWillBeSent")
        asked = [event["params"]["request"]["url"] for event in sent]
        return [url for url in asked if not url.startswith(("data:", "blob:"))]

    def complaints(self) -> list[str]:
        """Errors and warnings on the console, uncaught exceptions, refused requests."""
        told = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                told.append(json.dumps(params["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "warning", "assert"}:
                told.append(json.dumps(params["args"]))
            elif method == "Log.entryAdded" and params["entry"]["level"] in {"error", "warning"}:
                told.append(params["entry"]["text"])
        return told

    def close(self) -> None:
        os.close(self._write)
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        os.close(self._read)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            more = os.read(self._read, 1 << 20)
            assert more, "the browser has ended"
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)
