"""The exclusion list: videos that leave the corpus."""

import csv
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from signverse.errors import InputError
from signverse.files import write_csv
from signverse.manifest import VIDEO_ID

COLUMNS = ("video_id", "reason", "date")
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def read_exclusions(path: str | Path | None) -> dict[str, str]:
    """Video → reason and date, from a CSV of `video_id,reason,date`; nothing without a path.

    Raises InputError naming the file, the line and the value for anything that is no usable row.
    """
    if path is None:
        return {}
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"exclude: {path} cannot be read ({error})") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        number = rows[0][0] if rows else 1
        raise InputError(f"{path}, line {number}: expected the columns {','.join(COLUMNS)}")
    excluded: dict[str, str] = {}
    for number, row in rows:
        _check_row(f"{path}, line {number}", row)
        if row["video_id"] in excluded:
            raise InputError(
                f"{path}, line {number}: video_id {row['video_id']!r} is a duplicate; "
                "each video may stand once"
            )
        excluded[row["video_id"]] = f"{row['reason'].strip()} ({row['date']})"
    return excluded


def _check_row(where: str, row: Mapping[str, str]) -> None:
    if tuple(row) != COLUMNS or None in row.values():
        raise InputError(f"{where}: expected the columns {','.join(COLUMNS)}")
    if not VIDEO_ID.fullmatch(row["video_id"]):
        raise InputError(f"{where}: video_id {row['video_id']!r} is malformed")
    if not row["reason"].strip():
        raise InputError(f"{where}: the reason of {row['video_id']!r} is empty")
    try:
        date.fromisoformat(row["date"] if ISO_DATE.fullmatch(row["date"]) else "")
    except ValueError:
        raise InputError(f"{where}: found the date {row['date']!r}; expected YYYY-MM-DD") from None


def write_exclusions(path: str | Path, excluded: Mapping[str, str]) -> None:
    """Record who has been taken out, and why."""
    rows = ({"video_id": video, "reason": reason} for video, reason in excluded.items())
    write_csv(path, ("video_id", "reason"), rows)
