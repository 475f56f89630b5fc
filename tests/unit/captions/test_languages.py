"""Tags of tracks and their ISO 639-3 codes."""

import pytest

from signverse.captions.languages import bare_tag, iso639_3


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "eng"),
        ("EN", "eng"),
        ("en-GB", "eng"),
        ("en_US", "eng"),
        ("en-orig", "eng"),
        ("pt-BR", "por"),
        ("pt-BR-orig", "por"),
        ("es-419", "spa"),
        ("zh-Hans", "zho"),
        ("zh-Hant-TW", "zho"),
        ("yue", "yue"),
        ("zh-yue", "yue"),
        ("cmn", "cmn"),
        ("iw", "heb"),
        ("in", "ind"),
        ("fil", "fil"),
        ("sr-Latn", "srp"),
        ("gsw", "gsw"),
        ("no", "nor"),
        ("deu", "deu"),
        ("sgn-US", "ase"),
        ("en-nP7-2PuUl7o", "eng"),
        ("de-j3PyPqV-e1s", "deu"),
    ],
)
def test_a_tag_leads_to_its_language(tag: str, code: str) -> None:
    assert iso639_3(tag) == code


@pytest.mark.parametrize(
    "tag", ["", None, "xx", "qqz", "und", "mul", "zxx", "live_chat", "rechat", "-", "a-b-", "1"]
)
def test_what_is_no_known_language_has_no_code(tag: str | None) -> None:
    assert iso639_3(tag) is None


@pytest.mark.parametrize(("tag", "bare"), [("de-orig", "de"), ("de", "de"), ("pt-BR", "pt-BR")])
def test_the_mark_of_the_spoken_language_is_no_part_of_the_tag(tag: str, bare: str) -> None:
    assert bare_tag(tag) == bare
