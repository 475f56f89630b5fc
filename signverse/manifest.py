"""The manifest: which videos, in which sign language, at which address."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from signverse.errors import InputError
from signverse.languages import UNDETERMINED, language_code

REQUIRED = ("video_id", "sign_language")
OPTIONAL = ("url",)
VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")  # the workflow's {video} wildcard
ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the manifest: `label` as given, `language` its ISO 639-3 code or `und`."""

    video_id: str
    label: str
    language: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All rows in their order, and warnings about labels that are no known code."""

    path: str
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...]


def read_manifest(path: str | Path) -> Manifest:
    """Read a CSV of `video_id,sign_language[,url]`, with or without its header line.

    Accepts a byte-order mark, CRLF and empty lines. Raises InputError naming the file,
    the line and the value for anything that is not a usable row.
    """
    lines = list(_lines(Path(path)))
    if not lines:
        raise InputError(f"{path}: the manifest is empty; expected {_expected()}")
    columns = _columns(f"{path}, line {lines[0][0]}", lines[0][1])
    if columns is None:
        columns = list(REQUIRED)
    else:
        lines = lines[1:]
    if not lines:
        raise InputError(f"{path}: the manifest has a header but no rows")
    entries: list[Entry] = []
    first_line: dict[str, int] = {}
    for number, cells in lines:
        entry = _entry(f"{path}, line {number}", columns, cells)
        if entry.video_id in first_line:
            raise InputError(
                f"{path}, line {number}: video_id {entry.video_id!r} is a duplicate "
                f"of line {first_line[entry.video_id]}; each video may stand once"
            )
        first_line[entry.video_id] = number
        entries.append(entry)
    return Manifest(str(path), tuple(entries), tuple(_label_warnings(path, entries)))


def _expected() -> str:
    return f"the columns {','.join(REQUIRED)} and optionally {','.join(OPTIONAL)}"


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not blank."""
    if not path.is_file():
        raise InputError(f"{path}: no such manifest; set `manifest` in the config")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, [cell.strip() for cell in cells]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the manifest is not UTF-8 text ({error})") from error
    except csv.Error as error:
        raise InputError(
            f"{path}, line {reader.line_num}: the manifest is not valid CSV ({error})"
        ) from error


def _columns(where: str, cells: list[str]) -> list[str] | None:
    """The header's column names, or None when the first line is a row already."""
    known = {*REQUIRED, *OPTIONAL}
    if not known & set(cells):
        looks_like_row = len(cells) == 2 and VIDEO_ID.fullmatch(cells[0])
        if looks_like_row and (
            language_code(cells[1]) != UNDETERMINED or not _resembles_header(cells)
        ):
            return None
        raise InputError(f"{where}: found {','.join(cells)!r}; expected {_expected()}")
    for name in cells:
        if name not in known:
            raise InputError(f"{where}: unknown column {name!r}; expected {_expected()}")
    for name in (*REQUIRED, *cells):
        if cells.count(name) != 1:
            raise InputError(f"{where}: column {name!r} must stand once; found {cells}")
    return cells


def _resembles_header(cells: list[str]) -> bool:
    """A misspelt header must not pass for a video called `videoid`."""
    squeezed = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
    ids = get_close_matches(squeezed[0], ("videoid", "id", "video"), cutoff=0.8)
    languages = get_close_matches(squeezed[1], ("signlanguage", "language", "lang"), cutoff=0.8)
    return bool(ids or languages)


def _entry(where: str, columns: list[str], cells: list[str]) -> Entry:
    if len(cells) != len(columns):
        raise InputError(
            f"{where}: {len(cells)} values {','.join(cells)!r}; "
            f"expected {len(columns)} ({','.join(columns)})"
        )
    row = dict(zip(columns, cells, strict=True))
    video_id, label, url = row["video_id"], row["sign_language"], row.get("url") or None
    if not VIDEO_ID.fullmatch(video_id):
        raise InputError(
            f"{where}: video_id {video_id!r} is malformed; "
            "allowed are 1 to 128 letters A-Z a-z, digits, - and _"
        )
    if not label:
        raise InputError(f"{where}: sign_language of {video_id!r} is empty")
    if url and not ADDRESS.fullmatch(url):
        raise InputError(f"{where}: url {url!r} of {video_id!r} is no http or https address")
    return Entry(video_id, label, language_code(label), url)


def _label_warnings(path: str | Path, entries: list[Entry]) -> Iterator[str]:
    unknown: dict[str, int] = {}
    for entry in entries:
        if entry.language == UNDETERMINED and entry.label.lower() != UNDETERMINED:
            unknown[entry.label] = unknown.get(entry.label, 0) + 1
    for label, rows in unknown.items():
        yield (
            f"{path}: sign_language {label!r} ({rows} rows) is no code of "
            "resources/sign_languages.csv; "
            f"kept as the label, language {UNDETERMINED!r}"
        )
