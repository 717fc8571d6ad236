"""JSON files that tell when they are torn or altered: `{"sha256": "<of the content>", "content": ...}`.

The working files of an unfinished run are such; how a finished result file tells is in `seal.py`.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

_HEAD, _MIDDLE, _END = '{"sha256": "', '", "content": ', "}"
_START = len(_HEAD) + 64 + len(_MIDDLE)


def hashed_json(content: Any) -> bytes:
    """A JSON-able value with its hash, as the bytes of a file; NaN is written as Python does."""
    return _around(json.dumps(content)).encode()


def read_hashed_json(path: Path) -> Any | None:
    """What `hashed_json` wrote to a file; None when there is none, or it is torn or altered."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    content = text[_START : -len(_END)]
    return json.loads(content) if text == _around(content) else None


def _around(content: str) -> str:
    return f"{_HEAD}{sha256(content.encode()).hexdigest()}{_MIDDLE}{content}{_END}"
