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
    if not text or "\0" in text:
        return "is no file name"
    if text.startswith("~") or "$" in text:
        return "`~` and variables are not expanded; write the path from the scenario's folder"
    if "://" in text:
        return "addresses are not read; copy the file into the scenario's folder"
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive or "\\" in text:
        return f"must be a path from the scenario's folder ({folder.resolve()}), with `/`"
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
