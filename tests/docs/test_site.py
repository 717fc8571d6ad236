"""The built site: no page fetches anything from elsewhere, and search works in a real browser."""

import asyncio
import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(r"""(?:\bsrc=|<link[^>]*\bhref=|url\(|@import )["']?(?:https?:)?//""")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
WAIT_S = 20.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr + done.stdout
    return folder


def build(settings: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build a site; with `--quiet` warnings would not count as errors."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    command += ["--config-file", str(settings), "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, cwd=settings.parent, env=quiet, check=False, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site served on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_page_names_anything_elsewhere_to_load(site):
    pages = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(pages) > 25
    assert not [page.name for page in pages if FETCHED.search(page.read_text("utf-8"))]


def test_a_broken_link_ends_the_build(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    index = tmp_path / "docs" / "index.md"
    index.write_text(index.read_text().replace("(concepts.md)", "(concept.md)"))
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert "concept.md" in done.stderr


def test_every_page_is_there_in_its_own_words(site):
    assert "time-shifted" in (site / "concepts.html").read_text()
    assert 'class="step"' in (site / "concepts.html").read_text()
    assert "Where things go" in (site / "contributing.html").read_text()


async def seen(address: str, page: str, wanted: str) -> tuple[str, list[str], list[str]]:
    """What an element shows once it is there, addresses asked for, and errors of the console."""
    from choreographer import Browser

    asked: list[str] = []
    errors: list[str] = []

    async def on_request(event: Any) -> None:
        asked.append(event["params"]["request"]["url"])

    async def on_error(event: Any) -> None:
        errors.append(str(event["params"]))

    async with Browser(path=BROWSER, headless=True, enable_sandbox=False) as browser:
        tab = await browser.create_tab("")
        tab.subscribe("Network.requestWillBeSent", on_request)
        tab.subscribe("Runtime.exceptionThrown", on_error)
        for domain in ("Network", "Runtime", "Page"):
            await tab.send_command(f"{domain}.enable")
        await tab.send_command("Page.navigate", {"url": f"{address}/{page}"})
        asking = {"expression": f"document.querySelector({wanted!r})?.textContent ?? ''"}
        text = ""
        for _ in range(int(WAIT_S / 0.25)):
            await asyncio.sleep(0.25)
            answer: Any = await tab.send_command("Runtime.evaluate", asking)
            if text := answer["result"]["result"]["value"]:
                break
    return text, asked, errors


@pytest.mark.skipif(BROWSER is None, reason="no chromium or Chrome")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_search_finds_a_key_and_nothing_leaves_the_machine(address):
    found, asked, errors = asyncio.run(seen(address, "index.html?q=ratchet", "a.md-search-result__link"))
    assert "ratchet" in found.lower()
    assert asked
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []
