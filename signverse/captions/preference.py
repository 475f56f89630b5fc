"""Which track is the preferred text: for English, and for the language spoken around the signers.

The rule: of the tracks that have speech and no problem, the first by

1. language, in the given order;
2. kind: manual, then automatic, then translated;
3. the language itself (`en`) before its variants (`en-GB`);
4. place in the list.
"""

from collections.abc import Sequence
from typing import Any

from signverse.captions.languages import bare_tag

KINDS = ("manual", "automatic", "translated")
ENGLISH = ("eng",)


def preferred_tracks(
    tracks: Sequence[dict[str, Any]], spoken_languages: Sequence[str]
) -> dict[str, Any]:
    """Choice for `english` and for `spoken`.

    Each has `languages` (ISO 639-3, in order of preference), `track` (place in the list of
    tracks, or None) and `rule`, what decided.
    """
    return {
        "english": _choice(tracks, ENGLISH),
        "spoken": _choice(tracks, spoken_languages),
    }


def _choice(tracks: Sequence[dict[str, Any]], languages: Sequence[str]) -> dict[str, Any]:
    ranks = [
        (languages.index(code), KINDS.index(track["kind"]), _is_variant(track), number)
        for number, track in enumerate(tracks)
        if (code := track["language_iso639_3"]) in languages and _is_usable(track)
    ]
    if not ranks:
        rule = "no track with speech and without a problem" if languages else "no spoken language"
        return {"track": None, "languages": list(languages), "rule": rule}
    language, kind, is_variant, number = min(ranks)
    exactness = "variant" if is_variant else "exact"
    rule = f"{languages[language]}, {KINDS[kind]}, {exactness}"
    return {"track": number, "languages": list(languages), "rule": rule}


def _is_usable(track: dict[str, Any]) -> bool:
    speaks = any("non_speech" not in segment["flags"] for segment in track["segments"])
    return speaks and track["problem"] is None


def _is_variant(track: dict[str, Any]) -> bool:
    return "-" in bare_tag(track["language"])
