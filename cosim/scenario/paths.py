"""Files a scenario names: only regular ones, only below its own folder."""

from pathlib import Path, PurePosixPath, PureWindowsPath


def path_problem(folder: Path, text: str) -> str | None:
    """Why a file name in a scenario is refused, or None; the file need not exist.

    Parameters
    ----------
    folder : Path
        Folder of the scenario.
    text : str
        File name as the scenario writes it.
    """
    for wrong, what in (
        (not text or "\0" in text, "is no file name"),
        (
            text.startswith("~") or "$" in text,
            "`~` and variables are not expanded; write the path from the scenario's folder",
        ),
        ("://" in text, "addresses are not read; copy the file into the scenario's folder"),
        (
            PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive or "\\" in text,
            f"must be a path from the scenario's folder ({folder.resolve()}), with `/`",
        ),
    ):
        if wrong:
            return what
    return _leads_out(folder, text)


def _leads_out(folder: Path, text: str) -> str | None:
    """Why the file behind a name, links followed, is refused, or None."""
    try:
        target = (folder / text).resolve()
        if not target.is_relative_to(folder.resolve()):
            return f"leads out of the scenario's folder, to {target}"
        if target.exists() and not (target.is_file() or target.is_dir()):
            return f"{target} is not a regular file"
    except (OSError, RuntimeError) as error:
        return f"cannot be looked up: {error}"
    return None


def names_a_file(text: str) -> bool:
    """Whether a key that takes a name or a file (tariff, network) holds a file."""
    return text.endswith((".toml", ".json", ".csv")) or any(sign in text for sign in "/\\~\0")
