"""Texts as cells of a CSV file that a spreadsheet may open."""

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make Excel, Calc and Sheets read a cell as a formula, or start a new cell."""


def safe_cell(text: str) -> str:
    """A text that no spreadsheet runs as a formula; numbers stay as they are.

    Parameters
    ----------
    text : str
        Name, label or number, as it would be written.

    Returns
    -------
    str
        With `'` in front when it starts like a formula and is no number.

    Notes
    -----
    Source: OWASP, CSV Injection (Prevention). Quoting the cell is left to the csv writer.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell("-12.5"), safe_cell("-office")
    ("'=1+1", '-12.5', "'-office")
    """
    return f"'{text}" if text.startswith(RISKY) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    # float() would also take blanks, which a spreadsheet may cut off, and 1_000, which is a text to it
    if text != text.strip() or "_" in text:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
