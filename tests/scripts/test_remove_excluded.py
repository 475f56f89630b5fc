"""remove_excluded: the files of excluded videos go, and excluded.csv says whose."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signverse.errors import InputError

Main = Callable[..., None]


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A corpus of two videos, with logs and timings."""
    folders = {name: tmp_path / name for name in ("results", "logs", "benchmarks")}
    for video in ("-first", "second"):
        for path in (
            folders["results"] / "videos" / video / "metadata.json",
            folders["logs"] / "fetch_metadata" / f"{video}.log",
            folders["benchmarks"] / "fetch_metadata" / f"{video}.tsv",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("something")
    return folders


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_files_logs_and_timings_of_an_excluded_video_are_removed(
    main: Main, folders: dict[str, Path], tmp_path: Path
) -> None:
    record = folders["results"] / "corpus" / "excluded.csv"
    main(excluded={"-first": "asked to (2026-01-31)"}, **folders, record=record)
    assert record.read_text() == "video_id,reason\n-first,asked to (2026-01-31)\n"
    assert not (folders["results"] / "videos" / "-first").exists()
    assert files(folders["results"] / "videos") == ["metadata.json"]
    assert files(folders["logs"]) == ["second.log"]
    assert files(folders["benchmarks"]) == ["second.tsv"]


def test_without_exclusions_nothing_is_removed(main: Main, folders: dict[str, Path]) -> None:
    record = folders["results"] / "corpus" / "excluded.csv"
    before = files(folders["results"].parent)
    main(excluded={}, **folders, record=record)
    assert record.read_text() == "video_id,reason\n"
    assert files(folders["results"].parent) == sorted([*before, "excluded.csv"])


def test_the_record_is_written_only_when_all_is_removed(
    main: Main, folders: dict[str, Path]
) -> None:
    record = folders["results"] / "corpus" / "excluded.csv"
    with pytest.raises(InputError, match=r"'\.\./corpus' is malformed"):
        main(excluded={"../corpus": "why"}, **folders, record=record)
    assert not record.exists()
