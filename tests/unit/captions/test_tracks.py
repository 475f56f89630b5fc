"""Raw tracks as structured ones."""

import json
from typing import Any

import pytest
from caption_samples import YOUTUBE, YOUTUBE_EVENTS

from signverse.captions.tracks import structure_track

HELLO = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n"


def raw_track(text: str | None, extension: str = "vtt", **facts: Any) -> dict[str, Any]:
    """A track of subtitles.json, version 2."""
    return {
        "language": "en-GB",
        "kind": "manual",
        "name": "English",
        "source_language": None,
        "format": extension,
        "source": "https://video.example/en",
        "encoding": "utf-8",
        "text": text,
        "problem": None,
    } | facts


def structured(track: dict[str, Any], duration_sec: float | None = None) -> dict[str, Any]:
    return structure_track(track, duration_sec)


def test_a_structured_track_says_what_it_is() -> None:
    assert structured(raw_track(HELLO)) == {
        "language": "en-GB",
        "kind": "manual",
        "name": "English",
        "source": "https://video.example/en",
        "language_iso639_3": "eng",
        "source_language": None,
        "problem": None,
        "segments": [{"start_sec": 1.0, "end_sec": 2.0, "text": "Hello.", "flags": []}],
    }


def test_a_translated_track_says_what_from() -> None:
    track = structured(raw_track(HELLO, kind="translated", source_language="de"))
    assert (track["kind"], track["source_language"]) == ("translated", "de")


def test_the_raw_track_is_not_changed() -> None:
    track = raw_track(YOUTUBE, kind="automatic")
    before = json.dumps(track)
    structured(track)
    assert json.dumps(track) == before


def test_webvtt_and_json3_of_the_same_speech_give_the_same_segments() -> None:
    webvtt = structured(raw_track(YOUTUBE, kind="automatic"), 16.0)
    events = json.dumps({"events": YOUTUBE_EVENTS})
    json3 = structured(raw_track(events, "json3", kind="automatic"), 16.0)
    assert webvtt == json3
    assert [segment["flags"] for segment in json3["segments"]] == [["non_speech"], *[[]] * 5]


def test_segments_stay_inside_the_video() -> None:
    assert structured(raw_track(HELLO), 1.5)["segments"][0]["end_sec"] == 1.5


@pytest.mark.parametrize("extension", ["vtt", "srt", "json3"])
@pytest.mark.parametrize(
    "text",
    [
        "no subtitles at all",
        "<html><body>\nPlease log in\n</body></html>",
        "1\nxx --> yy\nHello.\n",
    ],
    ids=["prose", "a web page", "broken times"],
)
def test_a_broken_track_has_a_problem_and_no_segments(
    extension: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    track = structured(raw_track(text, extension))
    assert track["segments"] == []
    assert f"track en-GB (manual): {track['problem']}" in caplog.text


@pytest.mark.parametrize(
    ("text", "extension", "problem"),
    [
        ("<html>", "vtt", "ValueError: no WebVTT header and no cue in the text"),
        ("<html>", "srt", "ValueError: no SubRip cue in the text"),
        ("<html>", "json3", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("[" * 200_000, "json3", "RecursionError: "),
        ("<tt/>", "ttml", "format 'ttml' is none of vtt, srt, json3"),
        ("", "vtt", "the track is empty"),
        (" \n", "json3", "the track is empty"),
    ],
)
def test_the_problem_says_what_is_wrong(text: str, extension: str, problem: str) -> None:
    found = structured(raw_track(text, extension))["problem"]
    assert found.startswith(problem)


def test_cues_that_cannot_be_read_are_counted_in_the_problem() -> None:
    text = f"{HELLO}\n00:0x.000 --> 00:03.000\nlost\n\n--> \nlost too\n"
    track = structured(raw_track(text))
    assert track["problem"] == "2 of 3 cues could not be read"
    assert [segment["text"] for segment in track["segments"]] == ["Hello."]


def test_a_track_that_was_gone_keeps_its_problem() -> None:
    track = structured(raw_track(None, problem="HTTP error 404"))
    assert (track["problem"], track["segments"]) == ("HTTP error 404", [])


def test_a_problem_beside_a_text_stays_beside_its_segments() -> None:
    text = f"{HELLO}\n00:0x.000 --> 00:03.000\nlost\n"
    track = structured(raw_track(text, problem="cut short"))
    assert track["problem"] == "cut short; 1 of 2 cues could not be read"
    assert len(track["segments"]) == 1


@pytest.mark.parametrize("text", ["WEBVTT", "WEBVTT\n\nNOTE nobody speaks\n"])
def test_a_webvtt_track_in_which_nobody_speaks_is_no_problem(text: str) -> None:
    track = structured(raw_track(text))
    assert (track["problem"], track["segments"]) == (None, [])
