"""Sign-language labels, their ISO 639-3 codes, and the languages spoken around them."""

import csv
import functools
from pathlib import Path

UNDETERMINED = "und"  # ISO 639-2/3 code for "undetermined"
TABLE = Path(__file__).resolve().parent.parent / "resources" / "sign_languages.csv"


@functools.cache
def _rows() -> dict[str, dict[str, str]]:
    """The table's rows by their code."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


@functools.cache
def sign_languages() -> dict[str, str]:
    """ISO 639-3 code → English name, for every sign language the workflow knows."""
    return {code: row["name"] for code, row in _rows().items()}


def spoken_languages(code: str) -> tuple[str, ...]:
    """ISO 639-3 codes of what is spoken and written around a sign language, likeliest first.

    By the country or region of the sign language. Empty for International Sign and unknown codes.
    """
    spoken = _rows()[code]["spoken_languages"] if code in _rows() else ""
    return tuple(spoken.split(";")) if spoken else ()


def language_code(label: str) -> str:
    """ISO 639-3 code for a manifest's label; `und` for a label that is no known code."""
    code = label.strip().lower()
    return code if code in sign_languages() else UNDETERMINED
