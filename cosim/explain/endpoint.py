"""The user's own language model, spoken to over the OpenAI-compatible chat interface; nothing by default."""

import json
import os
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sims.faults import Fault, ScenarioError

URL, MODEL, KEY = "GRIDPARK_LLM_URL", "GRIDPARK_LLM_MODEL", "GRIDPARK_LLM_KEY"
TIMEOUT_S = 60.0
MOST_BYTES = 1_000_000
ASK = (
    "Reword the following sentences about a simulation as a short, clear text for somebody who is no "
    "engineer. Keep every number, time and name exactly as it is written, with its unit. Add no number, "
    "no fact and no advice. Answer with the text alone."
)


class EndpointError(Exception):
    """The endpoint gave no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the sentences go.

    Parameters
    ----------
    url : str
        Base of the interface, for example "http://127.0.0.1:8080/v1"; "/chat/completions" is added.
    model : str
        Name of the model, as the endpoint knows it.
    key : str
        Sent as bearer token; empty: none is sent.
    timeout_s : float
        Longest time for the whole answer [s].
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_s: float = TIMEOUT_S

    def answer(self, text: str) -> str:
        """What the model makes of a text.

        Raises
        ------
        EndpointError
            No connection, an error, too slow, too long, or not the answer of a chat.
        """
        asked = {"model": self.model, "messages": [_message("system", ASK), _message("user", text)]}
        heads = {"Content-Type": "application/json"}
        if self.key:
            heads["Authorization"] = f"Bearer {self.key}"
        url = f"{self.url.rstrip('/')}/chat/completions"
        request = Request(url, json.dumps(asked).encode(), heads)  # noqa: S310 (from_environment checks it)
        try:
            with build_opener(_NoRedirect).open(request, timeout=self.timeout_s) as response:
                answer = json.loads(self._read(response))
            content = answer["choices"][0]["message"]["content"]
            if not isinstance(content, str):
                raise ValueError("no text")
            return content.strip()
        except (HTTPException, OSError, ValueError, KeyError, IndexError, TypeError) as error:
            why = error.reason if isinstance(error, URLError) else error
            raise EndpointError(f"{url}: {type(error).__name__}: {why}") from None

    def _read(self, response: HTTPResponse) -> bytes:
        """The whole answer, which may take the time-out once and not once a byte."""
        end_s, read = time.monotonic() + self.timeout_s, b""
        while part := response.read1(65536):
            read += part
            if len(read) > MOST_BYTES:
                raise ValueError(f"longer than {MOST_BYTES:,} bytes")
            if time.monotonic() > end_s:
                raise TimeoutError(f"not whole after {self.timeout_s:g} s")
        return read


def from_environment() -> Endpoint:
    """The endpoint the user configured.

    Raises
    ------
    ScenarioError
        It is not configured, or the address is none of http or https.
    """
    url, model, key = (os.environ.get(name, "") for name in (URL, MODEL, KEY))
    missing = [name for name, value in ((URL, url), (MODEL, model)) if not value]
    if missing:
        what = f"{' and '.join(missing)} must say where to send the sentences; nothing was sent"
        raise ScenarioError([Fault("S26", "--reword", what)])
    if not url.startswith(("http://", "https://")):
        what = f'"{url}": allowed http://... and https://...; nothing was sent'
        raise ScenarioError([Fault("S26", URL, what)])
    return Endpoint(url, model, key, TIMEOUT_S)


class _NoRedirect(HTTPRedirectHandler):
    """Sentences and key go where the user said and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing: the answer is then the error it is."""


def _message(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}
