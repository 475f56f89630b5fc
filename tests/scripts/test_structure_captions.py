"""structure_captions: from subtitles.json to captions.json."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from signverse.errors import InputError, VideoError
from signverse.files import read_json, write_json
from signverse.outcomes import product, tombstone

SCHEMA = Path(__file__).resolve().parents[2] / "resources/schemas/captions.schema.json"
HOLA = "WEBVTT\n\n00:01.000 --> 00:02.500\n¡Hola!\n"


def raw_track(language: str, extension: str, text: str | None, **facts: Any) -> dict[str, Any]:
    head = {"language": language, "kind": "manual", "format": extension, "name": None}
    source = {"source_language": None, "source": "https://tracks.example", "encoding": "utf-8"}
    return head | source | {"text": text, "problem": None} | facts


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The script's inputs, of a video of ten seconds without tracks, and its output."""
    names = ("subtitles", "metadata", "captions")
    paths = {name: tmp_path / f"{name}.json" for name in names}
    write_json(paths["metadata"], product("video", 2, duration_sec=10))
    write_json(paths["subtitles"], product("video", 2, tracks=[]))
    return paths


def run(
    main: Callable[..., None],
    files: dict[str, Path],
    *tracks: dict[str, Any],
    spoken: tuple[str, ...] = ("deu",),
) -> Any:
    """Run the script; return what captions.json then holds, which keeps to its schema."""
    if tracks:
        write_json(files["subtitles"], product("video", 2, tracks=list(tracks)))
    main(video_id="video", spoken_languages=spoken, **files)
    document = read_json(files["captions"])
    Draft202012Validator(read_json(SCHEMA)).validate(document)
    return document


def test_tracks_become_segments(main: Callable[..., None], files: dict[str, Path]) -> None:
    english = raw_track("en", "vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\nA <i>man</i>\ntalks.\n")
    spanish = "1\n00:00:01,000 --> 00:00:30,000\n¡Hola!\n"
    times = {"start_sec": 1.0, "end_sec": 2.5}
    same = {"name": None, "source": "https://tracks.example", "source_language": None}
    assert run(main, files, english, raw_track("es-419", "srt", spanish, kind="automatic")) == {
        "schema_version": 2,
        "video_id": "video",
        "status": "ok",
        "reason": "",
        "tracks": [
            {"language": "en", "language_iso639_3": "eng", "kind": "manual", "problem": None}
            | same
            | {"segments": [{**times, "text": "A man talks.", "flags": []}]},
            {"language": "es-419", "language_iso639_3": "spa", "kind": "automatic", "problem": None}
            | same
            | {
                "segments": [
                    {"start_sec": 1.0, "end_sec": 10, "text": "¡Hola!", "flags": ["out_of_range"]}
                ]
            },
        ],
        "preferred": {
            "english": {"track": 0, "languages": ["eng"], "rule": "eng, manual, exact"},
            "spoken": {
                "track": None,
                "languages": ["deu"],
                "rule": "no track with speech and without a problem",
            },
        },
    }


def test_the_spoken_languages_choose_the_preferred_track(
    main: Callable[..., None], files: dict[str, Path]
) -> None:
    tracks = [raw_track(language, "vtt", HOLA) for language in ("en", "es-MX", "es")]
    document = run(main, files, *tracks, spoken=("cat", "spa"))
    assert document["preferred"]["spoken"]["track"] == 2
    assert document["preferred"]["english"]["track"] == 0


def test_a_bad_track_does_not_spoil_the_good_one(
    main: Callable[..., None], files: dict[str, Path]
) -> None:
    document = run(
        main,
        files,
        raw_track("de", "vtt", None, problem="HTTP error 404"),
        raw_track("en", "vtt", "<html>Log in</html>"),
        raw_track("es", "vtt", HOLA),
    )
    assert document["status"] == "ok"
    assert [(t["language"], t["problem"], len(t["segments"])) for t in document["tracks"]] == [
        ("de", "HTTP error 404", 0),
        ("en", "ValueError: no WebVTT header and no cue in the text", 0),
        ("es", None, 1),
    ]


def test_a_video_without_subtitles_has_no_tracks(
    main: Callable[..., None], files: dict[str, Path]
) -> None:
    document = run(main, files)
    assert (document["status"], document["tracks"]) == ("ok", [])
    assert document["preferred"]["english"]["track"] is None


def test_a_length_that_is_not_known_cuts_nothing(
    main: Callable[..., None], files: dict[str, Path]
) -> None:
    write_json(files["metadata"], product("video", 2, duration_sec=None))
    text = HOLA.replace("00:02.500", "99:59:59.000")
    (track,) = run(main, files, raw_track("es", "vtt", text))["tracks"]
    assert track["segments"][0]["end_sec"] == 359999.0


def test_a_tombstone_is_passed_on(main: Callable[..., None], files: dict[str, Path]) -> None:
    for name in ("subtitles", "metadata"):
        error = VideoError("private", "This video is private")
        write_json(files[name], tombstone("video", error))
    run(main, files)
    assert files["captions"].read_bytes() == files["subtitles"].read_bytes()


def test_a_damaged_file_is_named_and_nothing_is_written(
    main: Callable[..., None], files: dict[str, Path]
) -> None:
    files["subtitles"].write_text('{"status": "ok", "tracks": [')
    with pytest.raises(InputError, match=r"subtitles\.json: cannot be read as JSON"):
        run(main, files)
    assert not files["captions"].exists()
