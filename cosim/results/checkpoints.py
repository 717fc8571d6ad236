"""The folder of an unfinished run: what was asked, its segments, and the states to go on from.

office.parts/
    owner                    process that writes here
    request.json             scenario and versions: all that `--resume` needs
    segment-0.h5             steps 0 .. 2687
    segment-2688.h5          steps 2688 .. 5375
    checkpoint-2688.json     states at the start of step 2688, hashes of the segments before it
    checkpoint-5376.json     the two newest are kept
    finished.json            hash of the result, from just before it gets its name
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from shlex import quote
from typing import Any

from cosim.results.disk import write_whole
from cosim.results.hashed_json import hashed_json, read_hashed_json

FORM = 1
KEPT = 2
REQUEST, FINISHED = "request.json", "finished.json"


@dataclass(frozen=True, slots=True)
class Segment:
    """A written segment.

    Parameters
    ----------
    name : str
        Its file in the folder.
    n_steps : int
        Steps it holds [-].
    sha256 : str
        Of its bytes.
    """

    name: str
    n_steps: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything before step `step` of a run.

    Parameters
    ----------
    step : int
        First step that is still to be run [-].
    segments : tuple of Segment
        They hold steps 0 .. `step` - 1.
    states : mapping of str to state
        Of every simulator at the start of `step`, by name.
    outcome : mapping of str to outcome
        Of the fleet of every site at the start of `step`.
    """

    step: int = 0
    segments: tuple[Segment, ...] = ()
    states: Mapping[str, Any] | None = None
    outcome: Mapping[str, Any] | None = None


def parts_folder(path: Path) -> Path:
    """Folder of the unfinished run whose result will be `path`, or `path` itself where that is its name."""
    return path if path.suffix == ".parts" else path.with_suffix(".parts")


def resume_command(path: Path) -> str:
    """What to type to go on with the run whose result will be `path`."""
    return f"cosim run --resume {quote(str(path))}"


def write_request(folder: Path, request: Mapping[str, Any]) -> None:
    """Put down what was asked; StoreError when the disk refuses."""
    write_whole(folder / REQUEST, hashed_json({"form": FORM, **request}))


def read_request(folder: Path) -> dict[str, Any] | None:
    """What was asked; None when that was never written whole or by another form of this folder."""
    return _of_this_form(folder / REQUEST)


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Put down a checkpoint and let go of all but the newest two; StoreError when the disk refuses."""
    write_whole(folder / _name(checkpoint.step), hashed_json({"form": FORM, **asdict(checkpoint)}))
    for path in _newest_first(folder)[KEPT:]:
        path.unlink(missing_ok=True)


def last_checkpoint(folder: Path) -> Checkpoint:
    """The newest checkpoint that is whole and whose segments are; step 0 when there is none."""
    for path in _newest_first(folder):
        found = _of_this_form(path)
        if found is None:
            continue
        segments = tuple(Segment(**segment) for segment in found["segments"])
        if all(_hash(folder / segment.name) == segment.sha256 for segment in segments):
            return Checkpoint(found["step"], segments, found["states"], found["outcome"])
    return Checkpoint()


def has_checkpoint(folder: Path) -> bool:
    """Whether a run came so far that its steps are worth keeping."""
    return bool(_newest_first(folder))


def mark_finished(folder: Path, image: bytes) -> None:
    """Say which result is about to get its name."""
    write_whole(folder / FINISHED, hashed_json({"form": FORM, "sha256": sha256(image).hexdigest()}))


def is_finished(folder: Path, result: Path) -> bool:
    """Whether `result` is what this run ended with."""
    found = _of_this_form(folder / FINISHED)
    return found is not None and found["sha256"] == _hash(result)


def _of_this_form(path: Path) -> dict[str, Any] | None:
    found = read_hashed_json(path)
    return found if isinstance(found, dict) and found.get("form") == FORM else None


def _name(step: int) -> str:
    return f"checkpoint-{step}.json"


def _newest_first(folder: Path) -> list[Path]:
    steps = [path.stem.partition("-")[2] for path in folder.glob("checkpoint-*.json")]
    return [folder / _name(step) for step in sorted((int(s) for s in steps if s.isdecimal()), reverse=True)]


def _hash(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
