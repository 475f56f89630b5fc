"""Which subtitle tracks are wanted, of listings such as yt-dlp makes."""

import json
from typing import Any

import pytest

from signverse.acquisition.tracks import (
    Track,
    automatic_tracks,
    is_english,
    manual_tracks,
    spoken_language,
    wanted_tracks,
)

Listing = dict[str, list[dict[str, Any]]]
BASE = "https://www.youtube.com/api/timedtext"


def formats_of(language: str, *extensions: str, query: str = "") -> list[dict[str, Any]]:
    """Formats of one track, as YouTube lists them."""
    listed = extensions or ("json3", "srv1", "ttml", "srt", "vtt")
    return [{"ext": e, "url": f"{BASE}/{language}.{e}?{query}", "name": "Name"} for e in listed]


def listing(*languages: str) -> Listing:
    return {language: formats_of(language) for language in languages}


def wanted(manual: Listing, automatic: Listing, spoken: str | None) -> list[Track]:
    return wanted_tracks({"subtitles": manual, "automatic_captions": automatic, "language": spoken})


def chosen(manual: Listing, automatic: Listing, spoken: str | None) -> list[tuple[str, str]]:
    return [(track.language, track.kind) for track in wanted(manual, automatic, spoken)]


@pytest.mark.parametrize(
    ("manual", "automatic", "spoken", "expected"),
    [
        pytest.param([], [], None, [], id="nothing listed, nothing asked for"),
        pytest.param([], [], "en", [], id="a spoken language alone is no track"),
        pytest.param(
            ["fr", "de", "en"], [], None,
            [("de", "manual"), ("en", "manual"), ("fr", "manual")],
            id="every manual track, by name",
        ),
        pytest.param(
            ["de"], ["en-orig", "en", "de", "fr"], "en",
            [("de", "manual"), ("en", "automatic")],
            id="manual and native automatic",
        ),
        pytest.param(
            ["en"], ["en-orig", "en", "es"], "en",
            [("en", "manual"), ("en", "automatic")],
            id="manual and automatic English are two tracks",
        ),
        pytest.param(
            ["en-GB"], ["es-orig", "es", "en", "en-en-GB"], "es",
            [("en-GB", "manual"), ("es", "automatic")],
            id="en-GB is English",
        ),
        pytest.param(
            ["es"], ["es-orig", "es", "en", "fr"], "es",
            [("es", "manual"), ("es", "automatic"), ("en", "translated")],
            id="a translation where there is no English",
        ),
        pytest.param(
            [], ["es", "en"], "es", [("es", "automatic"), ("en", "translated")],
            id="the spoken language where none is marked as the original",
        ),
        pytest.param(
            ["es"], ["es-orig", "fr"], "es", [("es", "manual"), ("es", "automatic")],
            id="no English is listed",
        ),
        pytest.param(
            ["enm"], ["es-orig", "en"], "es",
            [("enm", "manual"), ("es", "automatic"), ("en", "translated")],
            id="Middle English is another language",
        ),
        pytest.param(
            ["de"], ["en-de", "fr-de"], None, [("de", "manual"), ("en", "translated")],
            id="of a silent video the manual track's translation",
        ),
        pytest.param([], ["en"], "en", [("en", "automatic")], id="native English"),
        pytest.param([], ["en"], None, [("en", "automatic")], id="English, nobody knows of what"),
        pytest.param([], ["fr"], None, [("fr", "automatic")], id="one that stands alone is native"),
        pytest.param([], ["fr", "de"], None, [], id="automatic ones of an unknown language"),
        pytest.param(
            [], ["de-orig", "en-orig", "en"], "de", [("de", "automatic"), ("en", "translated")],
            id="of several original ones that of the spoken language",
        ),
        pytest.param(
            [], ["de-orig", "fr-orig"], None, [("de", "automatic"), ("fr", "automatic")],
            id="all the original ones where nobody says what is spoken",
        ),
    ],
)  # fmt: skip
def test_wanted_tracks(
    manual: list[str], automatic: list[str], spoken: str | None, expected: list[tuple[str, str]]
) -> None:
    assert chosen(listing(*manual), listing(*automatic), spoken) == expected


def test_a_translation_says_what_it_was_made_of() -> None:
    found = wanted(listing("de", "fr"), listing("de-orig", "en-fr", "en-de", "en"), "de")
    assert [(t.language, t.source_language) for t in found if t.kind == "translated"] == [
        ("en", "de")
    ]
    assert found[-1].format["url"].startswith(f"{BASE}/en-de.vtt")


def test_a_translation_of_what_people_wrote_goes_before_one_of_automatic_captions() -> None:
    found = wanted(listing("fr"), listing("de-orig", "en-fr", "en"), "de")
    assert (found[-1].language, found[-1].source_language) == ("en", "fr")


def test_a_translation_of_the_automatic_track_names_the_spoken_language() -> None:
    query = "lang=de&kind=asr&tlang=en"
    automatic = {"de-orig": formats_of("de"), "en": formats_of("en", query=query)}
    assert wanted({}, automatic, None)[-1].source_language == "de"
    assert wanted({}, listing("de-orig", "en"), None)[-1].source_language == "de"


def test_tracks_that_are_not_translated_have_no_source_language() -> None:
    found = wanted(listing("de", "en"), listing("de-orig"), "de")
    assert {track.source_language for track in found} == {None}


@pytest.mark.parametrize("chat", ["live_chat", "rechat", "danmaku", "comments"])
def test_what_viewers_wrote_is_no_subtitle_track(chat: str) -> None:
    manual = listing("de") | {chat: [{"ext": "json", "url": "https://tracks.example"}]}
    assert chosen(manual, {}, None) == [("de", "manual")]
    assert chosen({chat: formats_of(chat, "vtt")}, {}, None) == []
    assert list(manual_tracks({"subtitles": manual})) == ["de"]


def test_a_machines_translation_among_the_subtitles_is_no_manual_track() -> None:
    manual = listing("de") | {"en": formats_of("en", query="lang=de&tlang=en")}
    assert chosen(manual, {}, None) == [("de", "manual")]


def test_an_automatic_track_that_is_not_marked_is_known_by_its_address() -> None:
    """What yt-dlp makes of a track that YouTube will not translate, in a video of no language."""
    automatic = {
        "yue": formats_of("yue", query="lang=yue&kind=asr"),
        "fr": formats_of("fr", query="lang=yue&kind=asr&tlang=fr"),
    }
    assert chosen({}, automatic, None) == [("yue", "automatic")]


def test_tracks_of_one_language_are_told_apart_by_name_and_keep_their_language() -> None:
    """YouTube's own name of a second English track is en-nP7-2PuUl7o."""
    manual = {
        "en": formats_of("en", query="lang=en"),
        "en-nP7-2PuUl7o": formats_of("en", query="lang=en&name=For+children"),
        "zh-Hans": formats_of("zh", query="lang=zh-Hans"),
    }
    assert [track.language for track in wanted(manual, {}, None)] == ["en", "en", "zh-Hans"]


@pytest.mark.parametrize(
    ("formats", "manual", "automatic"),
    [
        (formats_of("de"), "vtt", "json3"),
        (formats_of("de", "json3", "srt", "ttml"), "srt", "json3"),
        (formats_of("de", "json3", "ttml"), "json3", "json3"),
        (formats_of("de", "srt", "vtt"), "vtt", "vtt"),
        (formats_of("de", "ttml"), None, None),
        ([{"ext": "vtt", "protocol": "m3u8_native", "url": "u"}, *formats_of("de", "srt")],
         "srt", "srt"),
        ([{"ext": "vtt", "protocol": "m3u8", "url": "u"}], None, None),
        ([], None, None),
    ],
)  # fmt: skip
def test_the_format_of_a_track_is_the_best_that_can_be_read(
    formats: list[dict[str, Any]], manual: str | None, automatic: str | None
) -> None:
    for found, expected in (
        (wanted({"de": formats}, {}, None), manual),
        (wanted({}, {"de-orig": formats}, None), automatic),
    ):
        assert [track.format["ext"] for track in found] == ([expected] if expected else [])
        assert all("m3u8" not in track.format.get("protocol", "") for track in found)


def test_a_translation_is_read_as_what_people_wrote() -> None:
    assert wanted({}, listing("es-orig", "en"), "es")[-1].format["ext"] == "vtt"


def test_english_that_cannot_be_read_does_not_stand_in_for_the_translation() -> None:
    manual = {"en": formats_of("en", "ttml")}
    assert chosen(manual, listing("es-orig", "en"), "es") == [
        ("es", "automatic"),
        ("en", "translated"),
    ]


def test_nothing_is_asked_for_that_is_not_listed() -> None:
    manual, automatic = listing("es"), listing("es-orig", "en", "en-es")
    listed = [track for tracks in (manual, automatic) for f in tracks.values() for track in f]
    found = wanted(manual, automatic, "es")
    assert len(found) == 3
    assert all(track.format in listed for track in found)


@pytest.mark.parametrize("tag", ["en", "en-GB", "EN_us", "en-US-x-own"])
def test_english_has_many_tags(tag: str) -> None:
    assert is_english(tag)
    assert not is_english("enm")


SOUNDS = [
    {"acodec": "mp4a.40.2", "language": "en", "language_preference": -1},
    {"acodec": "opus", "language": "de", "language_preference": 10},
    {"acodec": "opus", "language": None},
    {"acodec": "none", "language": "fr", "language_preference": 20},
]


@pytest.mark.parametrize(
    ("info", "language"),
    [
        ({"language": "es", "formats": SOUNDS}, "es"),
        ({"language": None, "formats": SOUNDS}, "de"),
        ({"formats": SOUNDS[:1]}, "en"),
        ({"formats": SOUNDS[2:]}, None),
        ({}, None),
    ],
)
def test_the_spoken_language_is_that_of_the_original_sound(
    info: dict[str, Any], language: str | None
) -> None:
    assert spoken_language(info) == language


def test_automatic_tracks_are_listed_as_they_are() -> None:
    info = {"automatic_captions": listing("en-orig", "en", "en-de") | {"fr": []}}
    assert list(automatic_tracks(info)) == ["en-orig", "en", "en-de"]
    assert json.dumps(automatic_tracks({"automatic_captions": None})) == "{}"
