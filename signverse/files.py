"""Files that appear under their final name complete or not at all."""

import contextlib
import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from signverse.errors import InputError


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name in the folder of `path`; rename it to `path` on success.

    On an exception the temporary file is removed and `path` stays as it was. What a killed
    process left is removed by the next write. The name is the process's own, so that one that
    outlived its controller cannot rename the half-written file of its successor. It keeps the
    ending of `path`, from which writers guess their format.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_temporary(path, r"\d+")
    temporary = path.with_name(f".tmp.{os.getpid()}.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        _remove_temporary(path, str(os.getpid()))


def _remove_temporary(path: Path, owner: str) -> None:
    """Remove temporary files and folders of `path` that a process, by its id, left."""
    own = re.compile(rf"(\.tmp\.{owner}\.)+{re.escape(path.name)}(\.folder)?")
    for stale in [file for file in path.parent.iterdir() if own.fullmatch(file.name)]:
        if stale.is_dir():
            shutil.rmtree(stale, ignore_errors=True)
        else:
            stale.unlink(missing_ok=True)


def write_json(path: str | Path, document: Mapping[str, Any]) -> None:
    """Write `document` as indented UTF-8 JSON, keys in their given order."""
    with atomic_path(path) as temporary:
        text = json.dumps(document, ensure_ascii=False, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8", errors="replace")  # lone surrogates


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object; raise InputError with the file's name when it is damaged."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(document, dict):
        raise InputError(f"{path}: a JSON object is expected, found {type(document).__name__}")
    return document


def write_csv(
    path: str | Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]
) -> None:
    """Write rows of named values as UTF-8 CSV; a missing value is an empty cell."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
