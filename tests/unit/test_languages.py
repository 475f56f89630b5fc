import csv
from pathlib import Path

import pytest

from signverse.languages import TABLE, UNDETERMINED, language_code, sign_languages


def test_the_table_is_the_one_in_the_resources(root: Path) -> None:
    assert root / "resources" / "sign_languages.csv" == TABLE


def test_every_code_stands_once_and_is_three_lower_case_letters() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["code", "name"]
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
