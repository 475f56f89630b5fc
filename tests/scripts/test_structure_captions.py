"""structure_captions: from subtitles.json to captions.json."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signverse.errors import InputError, VideoError
from signverse.files import read_json, write_json
from signverse.outcomes import product, tombstone


def raw_track(language: str, extension: str, text: str | None, **facts: Any) -> dict[str, Any]:
    head = {"language": language, "kind": "manual", "format": extension, "name": None}
    return head | {"source": "https://tracks.example", "text": text, "problem": None} | facts


def test_tracks_become_segments(main: Callable[..., None], tmp_path: Path) -> None:
    subtitles, captions = tmp_path / "subtitles.json", tmp_path / "captions.json"
    tracks = [
        raw_track("en", "vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\nA <i>man</i>\ntalks.\n"),
        raw_track("es", "srt", "1\n00:00:01,000 --> 00:00:02,500\n¡Hola!\n", kind="automatic"),
    ]
    write_json(subtitles, product("video", 1, tracks=tracks))
    main(video_id="video", subtitles=subtitles, captions=captions)
    source = {"name": None, "source": "https://tracks.example", "problem": None}
    times = {"start_sec": 1.0, "end_sec": 2.5}
    assert read_json(captions) == {
        "schema_version": 1,
        "video_id": "video",
        "status": "ok",
        "reason": "",
        "tracks": [
            {"language": "en", "kind": "manual", **source}
            | {"segments": [{**times, "text": "A man talks."}]},
            {"language": "es", "kind": "automatic", **source}
            | {"segments": [{**times, "text": "¡Hola!"}]},
        ],
    }


def test_a_bad_track_does_not_spoil_the_good_one(main: Callable[..., None], tmp_path: Path) -> None:
    subtitles, captions = tmp_path / "subtitles.json", tmp_path / "captions.json"
    tracks = [
        raw_track("de", "vtt", None, problem="HTTP error 404"),
        raw_track("en", "vtt", "<html>Log in</html>"),
        raw_track("es", "vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\n¡Hola!\n"),
    ]
    write_json(subtitles, product("video", 1, tracks=tracks))
    main(video_id="video", subtitles=subtitles, captions=captions)
    document = read_json(captions)
    assert document["status"] == "ok"
    assert [(t["language"], t["problem"], len(t["segments"])) for t in document["tracks"]] == [
        ("de", "HTTP error 404", 0),
        ("en", "MalformedFileError: Invalid format", 0),
        ("es", None, 1),
    ]


def test_a_video_without_subtitles_has_no_tracks(main: Callable[..., None], tmp_path: Path) -> None:
    subtitles, captions = tmp_path / "subtitles.json", tmp_path / "captions.json"
    write_json(subtitles, product("video", 1, tracks=[]))
    main(video_id="video", subtitles=subtitles, captions=captions)
    assert (read_json(captions)["status"], read_json(captions)["tracks"]) == ("ok", [])


def test_a_tombstone_is_passed_on(main: Callable[..., None], tmp_path: Path) -> None:
    subtitles, captions = tmp_path / "subtitles.json", tmp_path / "captions.json"
    write_json(subtitles, tombstone("video", VideoError("private", "This video is private")))
    main(video_id="video", subtitles=subtitles, captions=captions)
    assert captions.read_bytes() == subtitles.read_bytes()


def test_a_damaged_file_is_named_and_nothing_is_written(
    main: Callable[..., None], tmp_path: Path
) -> None:
    subtitles, captions = tmp_path / "subtitles.json", tmp_path / "captions.json"
    subtitles.write_text('{"status": "ok", "tracks": [')
    with pytest.raises(InputError, match=r"subtitles\.json: cannot be read as JSON"):
        main(video_id="video", subtitles=subtitles, captions=captions)
    assert not captions.exists()
