"""The preferred text for English and for the spoken language."""

from typing import Any

import pytest

from signverse.captions.languages import iso639_3
from signverse.captions.preference import preferred_tracks

SPEECH = {"start_sec": 0.0, "end_sec": 1.0, "text": "Hello.", "flags": []}
SOUND = SPEECH | {"text": "[music]", "flags": ["non_speech"]}


def track(language: str, kind: str = "manual", **facts: Any) -> dict[str, Any]:
    head = {"language": language, "language_iso639_3": iso639_3(language), "kind": kind}
    return head | {"problem": None, "segments": [SPEECH]} | facts


@pytest.mark.parametrize(
    ("tracks", "number", "rule"),
    [
        ([track("en")], 0, "eng, manual, exact"),
        ([track("de"), track("en", "automatic")], 1, "eng, automatic, exact"),
        ([track("en", "automatic"), track("en")], 1, "eng, manual, exact"),
        ([track("en", "automatic"), track("en-GB")], 1, "eng, manual, variant"),
        ([track("en-GB"), track("en")], 1, "eng, manual, exact"),
        ([track("en-GB"), track("en-US")], 0, "eng, manual, variant"),
        ([track("en"), track("en")], 0, "eng, manual, exact"),
        ([track("en", "translated"), track("en-orig", "automatic")], 1, "eng, automatic, exact"),
        ([track("en", "translated"), track("de")], 0, "eng, translated, exact"),
        ([track("en", problem="HTTP error 404"), track("en-US")], 1, "eng, manual, variant"),
        ([track("en", segments=[]), track("en", "automatic")], 1, "eng, automatic, exact"),
        ([track("en", segments=[SOUND]), track("en", "automatic")], 1, "eng, automatic, exact"),
        ([track("en", segments=[SOUND, SPEECH])], 0, "eng, manual, exact"),
    ],
)
def test_english_is_manual_then_automatic_then_translated_and_exact_before_variants(
    tracks: list[dict[str, Any]], number: int, rule: str
) -> None:
    expected = {"track": number, "languages": ["eng"], "rule": rule}
    assert preferred_tracks(tracks, ())["english"] == expected


@pytest.mark.parametrize(
    "tracks",
    [
        [],
        [track("de")],
        [track("xx")],
        [track("en", problem="not UTF-8")],
        [track("en", segments=[])],
        [track("en", segments=[SOUND])],
    ],
    ids=["none", "another", "unknown", "problem", "empty", "sounds"],
)
def test_there_is_no_choice_without_a_usable_track(tracks: list[dict[str, Any]]) -> None:
    choice = preferred_tracks(tracks, ("deu",))["english"]
    assert choice["track"] is None
    assert choice["rule"] == "no track with speech and without a problem"


@pytest.mark.parametrize(
    ("spoken", "number", "rule"),
    [
        (("deu",), 1, "deu, manual, variant"),
        (("gsw", "deu"), 1, "deu, manual, variant"),
        (("urd", "eng"), 2, "urd, automatic, exact"),
        (("eng", "urd"), 0, "eng, manual, exact"),
        (("fra",), None, "no track with speech and without a problem"),
        ((), None, "no spoken language"),
    ],
)
def test_the_order_of_the_spoken_languages_comes_before_the_kind(
    spoken: tuple[str, ...], number: int | None, rule: str
) -> None:
    tracks = [track("en"), track("de-AT"), track("ur", "automatic")]
    expected = {"track": number, "languages": list(spoken), "rule": rule}
    assert preferred_tracks(tracks, spoken)["spoken"] == expected
