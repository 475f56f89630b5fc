import re
from pathlib import Path

import pytest

from signverse.errors import InputError
from signverse.languages import language_code
from signverse.manifest import Entry, Manifest, read_manifest

EXPECTED = "expected the columns video_id,sign_language and optionally url"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.csv"


def read(path: Path, text: str) -> Manifest:
    path.write_bytes(text.encode("utf-8"))
    return read_manifest(path)


def refused(path: Path, text: str) -> str:
    """What is said of a manifest that is refused, without the folder."""
    with pytest.raises(InputError) as caught:
        read(path, text)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path.parent}/")


def ids(manifest: Manifest) -> list[str]:
    return [entry.video_id for entry in manifest.entries]


def test_rows_are_read_in_their_order(path: Path) -> None:
    manifest = read(path, "video_id,sign_language\nb2,ase\na1,bfi\n")
    assert manifest.entries == (Entry("b2", "ase", "ase"), Entry("a1", "bfi", "bfi"))
    assert manifest.path == str(path)
    assert manifest.warnings == ()


def test_two_columns_need_no_header(path: Path) -> None:
    assert read(path, "b2,ase\na1,bfi\n").entries == (
        Entry("b2", "ase", "ase"),
        Entry("a1", "bfi", "bfi"),
    )


@pytest.mark.parametrize("video_id", ["video_01", "id", "Video-2"])
def test_a_first_row_with_a_known_language_is_no_header(path: Path, video_id: str) -> None:
    assert ids(read(path, f"{video_id},ase\na1,bfi\n")) == [video_id, "a1"]


@pytest.mark.parametrize(
    "text",
    [
        "video_id,sign_language,url\na1,ase,https://example.org/a?b=1\n",
        "url,video_id,sign_language\nhttps://example.org/a?b=1,a1,ase\n",
        "sign_language,url,video_id\nase,https://example.org/a?b=1,a1\n",
        "sign_language , url , video_id\n ase , https://example.org/a?b=1 , a1\n",
        '"sign_language","url","video_id"\n"ase","https://example.org/a?b=1","a1"\n',
    ],
)
def test_a_header_may_name_its_columns_in_any_order(path: Path, text: str) -> None:
    expected = Entry("a1", "ase", "ase", "https://example.org/a?b=1")
    assert read(path, text).entries == (expected,)


def test_a_row_may_leave_its_url_empty(path: Path) -> None:
    manifest = read(path, "video_id,sign_language,url\na1,ase,\nb2,bfi,http://example.org/\n")
    assert [entry.url for entry in manifest.entries] == [None, "http://example.org/"]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffvideo_id,sign_language\na1,ase\nb2,bfi\n",
        "\ufeffa1,ase\nb2,bfi\n",
        "video_id,sign_language\r\na1,ase\r\nb2,bfi\r\n",
        "\ufeffa1,ase\r\nb2,bfi\r\n",
        "video_id,sign_language\n\na1,ase\n\n , \nb2,bfi\n\n",
        "\n\nvideo_id,sign_language\na1,ase\nb2,bfi",
    ],
    ids=["bom", "bom, no header", "crlf", "bom and crlf", "blank lines", "blank first"],
)
def test_what_spreadsheets_and_editors_add_is_accepted(path: Path, text: str) -> None:
    manifest = read(path, text)
    assert ids(manifest) == ["a1", "b2"]
    assert manifest.warnings == ()


@pytest.mark.parametrize(
    "video_id", ["-zJwm0gDgx7", "--help", "_", "-", "0", "A" * 128, "zJwm0gDgx74"]
)
def test_usable_ids_are_kept_as_they_are(path: Path, video_id: str) -> None:
    assert ids(read(path, f"video_id,sign_language\n{video_id},ase\n")) == [video_id]


@pytest.mark.parametrize(
    "video_id",
    ["a/b", "../a", "a.mp4", ".", "a b", "Gebärde", "手語", "１２", "a\tb", "{a}", "A" * 129, ""],
)
def test_a_malformed_id_is_refused_with_line_and_value(path: Path, video_id: str) -> None:
    assert refused(path, f"video_id,sign_language\na1,ase\n{video_id},ase\n") == (
        f"manifest.csv, line 3: video_id {video_id!r} is malformed; "
        "allowed are 1 to 128 letters A-Z a-z, digits, - and _"
    )


def test_a_duplicate_id_is_refused_with_both_lines(path: Path) -> None:
    assert refused(path, "video_id,sign_language\na1,ase\n\nb2,ase\na1,bfi\n") == (
        "manifest.csv, line 5: video_id 'a1' is a duplicate of line 2; each video may stand once"
    )


def test_ids_that_differ_in_case_are_two_videos(path: Path) -> None:
    assert ids(read(path, "abc,ase\nABC,ase\n")) == ["abc", "ABC"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("a1", "1 values 'a1'"),
        ("a1,ase,more", "3 values 'a1,ase,more'"),
        ("a1;ase", "1 values 'a1;ase'"),
        ("a1,ase,", "3 values 'a1,ase,'"),
    ],
)
def test_a_row_of_too_few_or_too_many_values_is_refused(path: Path, row: str, found: str) -> None:
    message = refused(path, f"video_id,sign_language\nb2,ase\n{row}\n")
    assert message == f"manifest.csv, line 3: {found}; expected 2 (video_id,sign_language)"


def test_a_row_without_a_label_is_refused(path: Path) -> None:
    message = refused(path, "video_id,sign_language\na1,\n")
    assert message == "manifest.csv, line 2: sign_language of 'a1' is empty"


@pytest.mark.parametrize(
    "url", ["example.org/a", "ftp://example.org/a", "file:///etc/hosts", "https://a b", "https://"]
)
def test_an_address_that_is_not_of_the_web_is_refused(path: Path, url: str) -> None:
    message = refused(path, f"video_id,sign_language,url\na1,ase,{url}\n")
    assert message == f"manifest.csv, line 2: url {url!r} of 'a1' is no http or https address"


def test_an_unknown_label_is_kept_and_warned_of_once_with_the_number_of_rows(path: Path) -> None:
    manifest = read(path, "a1,ASL\nb2,ase\nc3,ASL\nd4,Auslan\ne5,ASL\n")
    assert [(e.label, e.language) for e in manifest.entries] == [
        *(("ASL", "und"), ("ase", "ase"), ("ASL", "und"), ("Auslan", "und"), ("ASL", "und"))
    ]
    assert len(manifest.warnings) == 2
    first, second = manifest.warnings
    assert first.startswith(f"{path}: sign_language 'ASL' (3 rows) is no ")
    assert first.endswith("kept as the label, language 'und'")
    assert "'Auslan' (1 row" in second


@pytest.mark.parametrize("label", ["und", "UND", "ase", "ASE"])
def test_a_known_or_undetermined_label_brings_no_warning(path: Path, label: str) -> None:
    manifest = read(path, f"a1,{label}\n")
    assert manifest.warnings == ()
    assert (manifest.entries[0].label, manifest.entries[0].language) == (label, label.lower())


@pytest.mark.parametrize("code", ["csl", "psr", "ukl", "rms", "bqn", "sfs"])
def test_no_real_iso_639_3_sign_language_code_is_said_to_be_none(path: Path, code: str) -> None:
    warnings = read(path, f"a1,{code}\n").warnings
    assert [w for w in warnings if "is no ISO 639-3 sign-language code" in w] == []


def test_a_missing_manifest_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{re.escape(str(path))}: no such manifest; set `man"):
        read_manifest(path)


def test_a_folder_in_place_of_the_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{re.escape(str(tmp_path))}: "):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "\n\n", " \n,\n", "\ufeff"])
def test_an_empty_manifest_is_refused(path: Path, text: str) -> None:
    assert refused(path, text) == f"manifest.csv: the manifest is empty; {EXPECTED}"


@pytest.mark.parametrize("header", ["video_id,sign_language", "video_id,sign_language,url\r\n\r\n"])
def test_a_manifest_of_a_header_only_is_refused(path: Path, header: str) -> None:
    assert refused(path, header) == "manifest.csv: the manifest has a header but no rows"


@pytest.mark.parametrize(
    ("header", "unknown"),
    [
        ("video_id,language", "language"),
        ("videoid,sign_language", "videoid"),
        ("video_id,sign_language,URL", "URL"),
        ("video_id,sign_language,title", "title"),
        ("video_id,sign_language,", ""),
        ("id,language,url", "id"),
    ],
)
def test_an_unknown_column_is_refused_by_name(path: Path, header: str, unknown: str) -> None:
    message = refused(path, f"{header}\na1,ase\n")
    assert message == f"manifest.csv, line 1: unknown column {unknown!r}; {EXPECTED}"


@pytest.mark.parametrize(
    "header",
    [
        *("videoid,signlanguage", "Video_ID,Sign_Language", "video-id,sign-language"),
        *("id,language", "video,lang", "vidoe_id,sign_langauge", "video_ids,sign_languages"),
        *("video_id;sign_language", "video_id\tsign_language", "videoid,signlanguage,link"),
        "a1,ase,https://example.org/",
    ],
)
def test_a_header_of_misspelt_columns_does_not_pass_for_a_video(path: Path, header: str) -> None:
    message = refused(path, f"{header}\na1,ase\n")
    found = header.replace("\t", "\\t")
    assert message == f"manifest.csv, line 1: found '{found}'; {EXPECTED}"


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("video_id,url", "sign_language"),
        ("sign_language", "video_id"),
        ("video_id,video_id,sign_language", "video_id"),
        ("video_id,sign_language,sign_language", "sign_language"),
        ("video_id,sign_language,url,url", "url"),
    ],
)
def test_a_column_that_is_missing_or_doubled_is_refused(
    path: Path, header: str, column: str
) -> None:
    message = refused(path, f"{header}\n{','.join('a' for _ in header.split(','))}\n")
    assert message.startswith(f"manifest.csv, line 1: column {column!r} must stand once")


@pytest.mark.parametrize("header", ["videoid,signlanguage", "video_id,title", "video_id,url"])
def test_the_line_of_a_wrong_header_is_named_even_after_blank_lines(
    path: Path, header: str
) -> None:
    assert refused(path, f"\n\n{header}\na1,ase\n").startswith("manifest.csv, line 3: ")


@pytest.mark.parametrize(
    ("text", "line"), [('a1,ase\n"b2,bfi\n', 2), ('a1,ase\nb2,bfi\n"c3"x,bfi\nd4,ase\n', 3)]
)
def test_broken_quoting_is_refused_with_its_line(path: Path, text: str, line: int) -> None:
    message = refused(path, text)
    assert "the manifest is not valid CSV" in message
    assert f"line {line}" in message


@pytest.mark.parametrize(
    "raw", [b"a1,Gest\xe9\n", "a1,ase\n".encode("utf-16"), b"PK\x03\x04\xff\xfe"]
)
def test_text_that_is_not_utf8_is_refused(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    with pytest.raises(InputError, match=r"manifest\.csv: the manifest is not UTF-8 text \(.+\)$"):
        read_manifest(path)


def test_the_manifest_of_the_project_is_read_without_a_warning(root: Path) -> None:
    path = root / "config" / "manifest.csv"
    manifest = read_manifest(path)
    assert manifest.warnings == ()
    rows = path.read_text(encoding="utf-8").splitlines()[1:]
    assert [f"{e.video_id},{e.label}" for e in manifest.entries] == rows
    assert all(entry.language == language_code(entry.label) for entry in manifest.entries)
    assert [e.video_id for e in manifest.entries if len(e.video_id) != 11] == []
