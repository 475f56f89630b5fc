"""Which caption tracks of the platform the project asks for, and what it makes of them."""

from collections.abc import Callable
from typing import Any

import pytest
from loopback_client import extract, track
from loopback_jobs import Document, Jobs
from loopback_site import loopback_site
from loopback_videos import AUTOMATIC, ENGLISH, GERMAN, Fault, Track, Video
from yt_dlp.utils import parse_qs

from signverse.captions.tracks import structure_track

MakeJobs = Callable[..., Jobs]
Asked = list[tuple[str, str | None, str]]  # language, of a translation, format
AUTOMATIC_GERMAN = Track("de", "German (auto-generated)", automatic=True)
BRITISH = Track("en-GB", "English (United Kingdom)")
SPANISH = Track("es", "Spanish")
LINES = ["Hello everybody,", "this is a sign."]


def small(*tracks: Track, **facts: Any) -> Video:
    return Video("a", max_height=144, tracks=tracks, **facts)


def fetched(make: MakeJobs, *tracks: Track, **facts: Any) -> tuple[list[Document], Asked]:
    """The tracks of subtitles.json, and what was asked for, which the info lists."""
    with loopback_site(small(*tracks, **facts)) as site:
        job = make(site)
        job.fetch_metadata("a")
        asked = site.subtitles()
        assert set(asked) <= listed(extract(site, "a", writeautomaticsub=True))
        assert {one.kind for one in site.asked} <= {"extraction", "api", "subtitles"}
    return job.tracks("a"), asked


def listed(info: dict[str, Any]) -> set[tuple[str, str | None, str]]:
    """What the info offers, in the form of `LoopbackSite.subtitles`."""
    groups = (info["subtitles"], info["automatic_captions"])
    formats = (one for group in groups for found in group.values() for one in found)
    queries = (parse_qs(one["url"]) for one in formats if "timedtext" in one["url"])
    return {(q["lang"][0], q.get("tlang", [None])[0], q["fmt"][0]) for q in queries}


def kinds(tracks: list[Document]) -> list[tuple[str, str, str | None]]:
    return [(track["language"], track["kind"], track["source_language"]) for track in tracks]


def test_every_manual_track_is_taken_and_the_live_chat_is_not(jobs: MakeJobs) -> None:
    with loopback_site(small(ENGLISH, GERMAN, SPANISH, live_chat=True)) as site:
        job, names = jobs(site), ["de", "en", "es"]
        assert job.fetch_metadata("a")["manual_tracks"] == names
        assert kinds(job.tracks("a")) == [(name, "manual", None) for name in names]
        assert sorted(site.subtitles()) == [(name, None, "vtt") for name in names]
        assert {one.kind for one in site.asked} <= {"extraction", "api", "subtitles"}


def test_manual_and_automatic_english_are_different_tracks(jobs: MakeJobs) -> None:
    tracks, asked = fetched(jobs, ENGLISH, AUTOMATIC)
    assert kinds(tracks) == [("en", "manual", None), ("en", "automatic", None)]
    assert asked == [("en", None, "vtt"), ("en", None, "json3")]
    assert [track["text"].startswith("WEBVTT") for track in tracks] == [True, False]


def test_of_automatic_tracks_the_one_in_the_spoken_language_is_taken(jobs: MakeJobs) -> None:
    """Of the translations that the platform offers of it only that into English comes too."""
    tracks, asked = fetched(jobs, AUTOMATIC_GERMAN)
    assert kinds(tracks) == [("de", "automatic", None), ("en", "translated", "de")]
    assert asked == [("de", None, "json3"), ("de", "en", "vtt")]
    assert "[en] Hello" in tracks[1]["text"]


def test_where_there_is_english_nothing_is_translated(jobs: MakeJobs) -> None:
    tracks, asked = fetched(jobs, ENGLISH, AUTOMATIC_GERMAN)
    assert kinds(tracks) == [("en", "manual", None), ("de", "automatic", None)]
    assert [translated for _, translated, _ in asked] == [None, None]


def test_british_english_is_english_and_not_translated(jobs: MakeJobs) -> None:
    tracks, asked = fetched(jobs, BRITISH, AUTOMATIC_GERMAN)
    assert kinds(tracks) == [("en-GB", "manual", None), ("de", "automatic", None)]
    assert asked == [("en-GB", None, "vtt"), ("de", None, "json3")]


def test_a_manual_track_is_translated_before_an_automatic_one(jobs: MakeJobs) -> None:
    tracks, asked = fetched(jobs, GERMAN, AUTOMATIC_GERMAN)
    assert kinds(tracks)[-1] == ("en", "translated", "de")
    assert len(asked) == len(tracks) == 3
    (query,) = [one for one in asked if one[1]]
    assert query == ("de", "en-de", "vtt")  # yt-dlp's address: English of the manual track


def test_where_no_translation_into_english_is_offered_none_is_asked_for(jobs: MakeJobs) -> None:
    tracks, asked = fetched(jobs, AUTOMATIC_GERMAN, translations={"fr": "French"})
    assert kinds(tracks) == [("de", "automatic", None)]
    assert asked == [("de", None, "json3")]


def test_a_video_without_tracks_is_asked_for_none(jobs: MakeJobs) -> None:
    assert fetched(jobs) == ([], [])


def test_kind_source_language_and_name_are_kept(jobs: MakeJobs) -> None:
    tracks, _ = fetched(jobs, GERMAN, AUTOMATIC_GERMAN)
    facts = [(track["kind"], track["source_language"], track["name"]) for track in tracks]
    assert facts[0] == ("manual", None, "German")
    assert facts[1][:2] == ("automatic", None)
    assert facts[2][:2] == ("translated", "de")
    assert all(name for _, _, name in facts)
    assert not any("sig" in track["source"] or "?" in track["source"] for track in tracks)


def test_a_track_that_is_gone_costs_no_other_and_no_video(jobs: MakeJobs) -> None:
    gone = {"subtitles": [Fault("not_found", only="de", times=None)]}
    tracks, _ = fetched(jobs, ENGLISH, GERMAN, faults=gone)
    assert [(track["language"], track["problem"]) for track in tracks] == [
        ("de", "HTTP error 404"),
        ("en", None),
    ]


@pytest.mark.parametrize(
    ("encoding", "named"),
    # German is the same in both code pages of windows.
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp125"), ("utf-16", "utf-16")],
)
def test_a_track_in_a_wrong_encoding_is_read_as_it_was_meant(
    jobs: MakeJobs, encoding: str, named: str
) -> None:
    said = "Schöne Grüße an alle Hörenden, wir üben heute Gebärden für Anfänger"
    text = f"WEBVTT\r\n\r\n00:00.100 --> 00:01.500\r\n{said}\r\n"
    odd = Track("de", "German", raw={"vtt": text.encode(encoding)})
    with loopback_site(small(odd, translations={})) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        (raw,) = job.tracks("a")
        (structured,) = job.structure_captions("a")["tracks"]
    assert raw["encoding"].startswith(named)
    assert [segment["text"] for segment in structured["segments"]] == [said]


# captions.json ----------------------------------------------------------------------------------


def test_captions_have_each_word_once_from_json3_as_from_rolling_webvtt(jobs: MakeJobs) -> None:
    with loopback_site(small(ENGLISH, AUTOMATIC)) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        manual, automatic = job.structure_captions("a")["tracks"]
        webvtt = track(extract(site, "a"), "automatic_captions", "en-orig", "vtt").decode()
    assert webvtt.count(LINES[0]) > 1  # the platform does repeat its lines
    assert [segment["text"] for segment in manual["segments"]] == LINES
    assert [segment["text"] for segment in automatic["segments"]] == LINES
    raw = job.tracks("a")[1] | {"format": "vtt", "text": webvtt}
    assert structure_track(raw, 2)["segments"] == automatic["segments"]


def test_captions_say_of_each_track_its_language_kind_source_and_times(jobs: MakeJobs) -> None:
    with loopback_site(small(GERMAN, AUTOMATIC_GERMAN)) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        before = job.path("a", "subtitles.json").read_bytes()
        document = job.structure_captions("a", spoken=("deu",))
        asked = len(site.asked)
    found = document["tracks"]
    assert [(one["language"], one["language_iso639_3"], one["kind"]) for one in found] == [
        ("de", "deu", "manual"),
        ("de", "deu", "automatic"),
        ("en", "eng", "translated"),
    ]
    assert [one["source_language"] for one in found] == [None, None, "de"]
    times = [(one["start_sec"], one["end_sec"]) for one in found[0]["segments"]]
    assert times == [(0.0, 0.9), (1.0, 1.9)]
    assert document["preferred"]["english"]["track"] == 2
    assert document["preferred"]["spoken"]["track"] == 0
    assert document["preferred"]["spoken"]["rule"] == "deu, manual, exact"
    assert job.path("a", "subtitles.json").read_bytes() == before
    assert len(site.asked) == asked


def test_other_rules_of_cleaning_need_no_request(jobs: MakeJobs) -> None:
    with loopback_site(small(ENGLISH, AUTOMATIC)) as site:
        job = jobs(site)
        job.fetch_metadata("a")
    job.structure_captions("a")  # the platform is gone
    assert job.structure_captions("a", spoken=("deu",))["preferred"]["spoken"]["track"] is None
