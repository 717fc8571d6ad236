"""Rewording by an endpoint: what is sent, what is believed, and that nothing is sent unasked."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from cosim.cli import app
from cosim.explain import endpoint
from cosim.explain.reword import invented

GOOD = "The peak of office was 48.0 kW on Tue 4 Jun 14:00; the cars drew 8.0 kW (17 %) of it."


class Server:
    """An endpoint on this machine that answers as told and keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.answer, self.heads, self.delay_s = 200, GOOD, {}, 0.0
        self.body: Callable[[], bytes] = lambda: json.dumps(
            {"choices": [{"message": {"content": self.answer}}]}
        ).encode()
        self.asked: list[tuple[str, dict, dict]] = []
        self.url = ""


@contextmanager
def serving() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append((self.path, dict(self.headers), body))
            time.sleep(told.delay_s)
            self.send_response(told.status)
            for name, value in told.heads.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # who asked may be gone
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as told:
        monkeypatch.setenv(endpoint.URL, told.url)
        monkeypatch.setenv(endpoint.MODEL, "small")
        monkeypatch.delenv(endpoint.KEY, raising=False)
        yield told


def cli(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_good_answer_is_printed_and_only_the_sentences_were_sent(server, run_path, run, monkeypatch):
    monkeypatch.setenv(endpoint.KEY, "secret")
    done = cli("explain", run_path, "--figure", "site", "--reword")
    assert (done.exit_code, done.stdout.strip(), done.stderr) == (0, GOOD, "")
    ((path, heads, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert heads["Authorization"] == "Bearer secret"
    assert body["model"] == "small"
    assert body["messages"][0]["role"] == "system"
    assert body["messages"][1:] == [{"role": "user", "content": run.explain("site").text}]
    assert set(body) == {"model", "messages"}
    assert "secret" not in done.output + repr(endpoint.from_environment())


def test_an_invented_number_is_not_believed(server, run_path, run):
    server.answer = GOOD.replace("8.0 kW (17 %)", "9.0 kW (17 %)")
    done = cli("explain", run_path, "--figure", "site", "--reword")
    assert done.exit_code == 0
    assert done.stdout.strip() == run.explain("site").text
    assert "not reworded: the answer holds numbers that are not the run's: 9.0" in done.stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"status": 500}, "HTTPError"),
        ({"status": 302, "heads": {"Location": "http://127.0.0.1:9/"}}, "HTTPError"),
        ({"body": lambda: b"no json"}, "JSONDecodeError"),
        ({"body": lambda: b'{"choices": []}'}, "IndexError"),
        ({"body": lambda: b'{"choices": [{"message": {"content": ""}}]}'}, "the answer holds nothing"),
        ({"body": lambda: b'{"choices": [{"message": {"content": null}}]}'}, "no text"),
        ({"body": lambda: b" " * 1_100_000}, "longer than 1,000,000 bytes"),
    ],
)
def test_an_endpoint_that_fails_costs_only_the_rewording(server, run_path, run, change, why):
    for name, value in change.items():
        setattr(server, name, value)
    done = cli("explain", run_path, "--figure", "site", "--reword")
    assert done.exit_code == 0
    assert done.stdout.strip() == run.explain("site").text
    assert done.stderr.startswith("warning: not reworded")
    assert why in done.stderr
    assert len(server.asked) == 1


def test_a_slow_endpoint_is_given_up(server, run_path, run, monkeypatch):
    monkeypatch.setattr(endpoint, "TIMEOUT_S", 0.2)
    server.delay_s = 1.0
    done = cli("explain", run_path, "--figure", "site", "--reword")
    assert done.stdout.strip() == run.explain("site").text
    assert "timed out" in done.stderr


def test_json_has_both(server, run_path):
    told = json.loads(cli("explain", run_path, "--figure", "site", "--reword", "--json").stdout)
    assert told["reworded"] == GOOD
    assert told["sentences"]


def test_nothing_is_sent_unasked(server, run_path, monkeypatch):
    """Configured, but not asked for: no socket is so much as made."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    for words in ((), ("--json",), ("--figure", "site"), ("--against", run_path)):
        assert cli("explain", run_path, *words).exit_code == 0
    assert server.asked == []


def test_asked_for_but_not_configured(run_path, monkeypatch):
    monkeypatch.delenv(endpoint.URL, raising=False)
    monkeypatch.delenv(endpoint.MODEL, raising=False)
    done = cli("explain", run_path, "--reword")
    assert done.exit_code == 2
    assert "GRIDPARK_LLM_URL and GRIDPARK_LLM_MODEL must say where" in done.stderr
    monkeypatch.setenv(endpoint.URL, "file:///etc/hostname")
    monkeypatch.setenv(endpoint.MODEL, "small")
    done = cli("explain", run_path, "--reword")
    assert done.exit_code == 2
    assert "allowed http://... and https://..." in done.stderr


@pytest.mark.parametrize(
    "answer",
    [
        GOOD,
        "On Tue 4 Jun 14:00 it drew\n48.0 kW.",
        "Cars drew 17 %, that is 8.0 kW.",
        "CO2 is not told here.",
        "Half of nothing".replace("Half", "All"),
    ],
)
def test_numbers_of_the_run_may_stand_anywhere(run, answer):
    assert invented(run.explain("site"), answer) == []


@pytest.mark.parametrize(
    "answer",
    [
        "148.0 kW",
        "-48.0 kW",
        "48.0 kWh",
        "48 kW",
        "48.0 %",
        "8.0 kW to 48.0 kW5",
        "1,48.0 kW",
        "48.0 kW.5",
        "Tue 4 Jun 14:30",
        "twice as much",
        "two ports",
        "½ of it",
        "٤٨ kW",
        "²",
    ],
)
def test_numbers_that_are_not_the_runs_are_found(run, answer):
    assert invented(run.explain("site"), answer)
