"""The demo's last words: a table of what was built, and where to look."""

from pathlib import Path
from typing import Any

import pytest

from signverse.demo.__main__ import summary
from signverse.files import write_csv
from signverse.status import COLUMNS

GOOD: dict[str, Any] = {
    "video_id": "astronaut01",
    "status": "ok",
    "frames": 120,
    "frames_with_person": 118,
    "segments": 4,
    "title": "A title, which is not shown",
}
GONE: dict[str, Any] = {
    "video_id": "removed0001",
    "status": "removed",
    "segments": 0,
    "reason": "HTTP Error 404: not found, “gone”",
}


def results_with(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    write_csv(tmp_path / "results" / "corpus" / "videos.csv", COLUMNS, rows)
    return tmp_path / "results"


def table(text: str) -> list[str]:
    return text.split("\n\n")[0].strip("\n").split("\n")


def test_each_video_has_a_line_of_its_own(tmp_path: Path) -> None:
    lines = table(summary(results_with(tmp_path, GOOD, GONE)))
    assert [line.split() for line in lines] == [
        ["video_id", "status", "frames", "frames_with_person", "segments", "reason"],
        ["astronaut01", "ok", "120", "118", "4"],
        ["removed0001", "removed", "0", *GONE["reason"].split(" ")],
    ]


def test_the_columns_stand_below_each_other(tmp_path: Path) -> None:
    header, good, gone = table(summary(results_with(tmp_path, GOOD, GONE)))
    assert header.index("status") == good.index("ok") == gone.index("removed", 11)
    assert header.index("frames") == good.index("120")
    assert header.index("segments") == good.index("4") == gone.index("0", 20)
    assert header.index("reason") == gone.index("HTTP")
    assert len({len(line) for line in (header, good, gone)}) == 1


def test_columns_that_are_not_asked_for_stay_out(tmp_path: Path) -> None:
    assert "which is not shown" not in summary(results_with(tmp_path, GOOD))


def test_a_corpus_without_videos_is_a_header(tmp_path: Path) -> None:
    (line,) = table(summary(results_with(tmp_path)))
    assert line == "video_id  status  frames  frames_with_person  segments  reason"


def test_it_says_where_to_look(tmp_path: Path) -> None:
    results = results_with(tmp_path, GOOD)
    lines = summary(results).partition("Look at\n")[2].split("\n")
    assert [line.split()[0] for line in lines] == [
        f"{results}/videos/astronaut01/preview.png",
        f"{results}/videos/astronaut01/preview.mp4",
        f"{results}/shards/00000.zarr.zip",
        f"{results}/corpus/videos.csv",
    ]


def test_a_corpus_that_was_not_built_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"videos\.csv"):
        summary(tmp_path)
