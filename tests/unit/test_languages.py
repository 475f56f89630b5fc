import csv
from pathlib import Path

import langcodes
import pytest

from signverse.languages import (
    TABLE,
    UNDETERMINED,
    language_code,
    sign_languages,
    spoken_languages,
)


def test_the_table_is_the_one_in_the_resources(root: Path) -> None:
    assert root / "resources" / "sign_languages.csv" == TABLE


def test_every_code_stands_once_and_is_three_lower_case_letters() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["code", "name", "spoken_languages"]
    codes = [row[0] for row in rows[1:]]
    assert codes == sorted(set(codes))
    assert [code for code in codes if len(code) != 3 or not code.isascii()] == []
    assert [code for code in codes if not (code.isalpha() and code.islower())] == []


def test_every_language_has_a_name_of_its_own() -> None:
    names = list(sign_languages().values())
    assert all(name == name.strip() != "" for name in names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ase", "American Sign Language"),
        ("bfi", "British Sign Language"),
        ("gsg", "German Sign Language"),
        ("jsl", "Japanese Sign Language"),
        ("pso", "Polish Sign Language"),
        ("rsl", "Russian Sign Language"),
        ("vgt", "Vlaamse Gebarentaal"),
    ],
)
def test_the_codes_are_those_of_iso_639_3(code: str, name: str) -> None:
    assert sign_languages()[code] == name


@pytest.mark.parametrize(
    ("sign_language", "spoken"),
    [
        ("ase", ("eng",)),
        ("gsg", ("deu",)),
        ("asq", ("deu",)),
        ("sgg", ("gsw", "deu")),
        ("ssr", ("fra",)),
        ("slf", ("ita",)),
        ("fcs", ("fra",)),
        ("sfb", ("fra",)),
        ("vgt", ("nld",)),
        ("bzs", ("por",)),
        ("fss", ("swe", "fin")),
        ("csc", ("cat", "spa")),
        ("pks", ("urd", "eng")),
        ("ins", ("hin", "eng")),
        ("isr", ("heb", "ara")),
        ("hks", ("yue", "zho", "eng")),
        ("ils", ()),
        ("und", ()),
        ("no code", ()),
    ],
)
def test_a_sign_language_has_the_spoken_languages_of_its_region(
    sign_language: str, spoken: tuple[str, ...]
) -> None:
    assert spoken_languages(sign_language) == spoken


def test_every_sign_language_but_the_international_one_has_spoken_languages() -> None:
    assert [code for code in sign_languages() if not spoken_languages(code)] == ["ils"]


def test_spoken_languages_are_codes_that_the_tags_of_tracks_lead_to() -> None:
    codes = {code for sign in sign_languages() for code in spoken_languages(sign)}
    assert {code: langcodes.Language.get(code).to_alpha3() for code in codes} == {
        code: code for code in codes
    }


def test_undetermined_is_no_language() -> None:
    assert UNDETERMINED not in sign_languages()


@pytest.mark.parametrize("label", ["ase", "ASE", "Ase", " ase", "ase\t"])
def test_a_code_is_known_in_any_case_and_with_blanks_around(label: str) -> None:
    assert language_code(label) == "ase"


@pytest.mark.parametrize(
    "label", ["", "und", "UND", "asl", "en", "eng", "American Sign Language", "a se", "ase,bfi"]
)
def test_any_other_label_is_undetermined(label: str) -> None:
    assert language_code(label) == "und"
