"""The demo's corpus: its pages, its files and its manifest, written for real."""

import re
import shutil
from pathlib import Path

import av
import pytest

from signverse.captions.tracks import structure_track
from signverse.demo.corpus import PAGES, write_demo, write_site
from signverse.errors import VideoError
from signverse.manifest import read_manifest
from signverse.video import check_video


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo as written once. Not to be changed."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, port=8717)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_site_holds_the_pages_that_exist_with_their_files(demo: Path) -> None:
    assert sorted(path.name for path in (demo / "site" / "watch").iterdir()) == [
        "-carphone01.html",
        "-carphone01.mp4",
        "astronaut01.en.vtt",
        "astronaut01.es.srt",
        "astronaut01.html",
        "astronaut01.mp4",
        "truncated01.html",
        "truncated01.mp4",
    ]


def test_the_manifest_lists_every_page_in_order_with_its_address(demo: Path) -> None:
    manifest = read_manifest(demo / "manifest.csv")
    assert [(entry.video_id, entry.language, entry.label) for entry in manifest.entries] == [
        ("astronaut01", "ase", "ase"),
        ("-carphone01", "gsg", "gsg"),
        ("removed0001", "bfi", "bfi"),
        ("truncated01", "und", "vietnam"),
    ]
    for entry in manifest.entries:
        assert entry.url == f"http://127.0.0.1:8717/watch/{entry.video_id}.html"


def test_one_label_of_the_manifest_is_no_known_language(demo: Path) -> None:
    (warning,) = read_manifest(demo / "manifest.csv").warnings
    assert "'vietnam' (1 rows)" in warning


@pytest.mark.parametrize(
    ("name", "frames", "size"),
    [("astronaut01", 125, (480, 480)), ("-carphone01", 120, (176, 144))],
)
def test_the_good_videos_decode(demo: Path, name: str, frames: int, size: tuple[int, int]) -> None:
    with av.open(str(demo / "site" / "watch" / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == size
        assert sum(1 for _ in container.decode(stream)) == frames


def test_the_truncated_video_is_the_beginning_of_a_good_one_and_does_not_open(demo: Path) -> None:
    watch = demo / "site" / "watch"
    whole = (watch / "-carphone01.mp4").read_bytes()
    part = (watch / "truncated01.mp4").read_bytes()
    assert whole.startswith(part)
    assert len(part) == int(0.6 * len(whole))
    with pytest.raises(VideoError, match=r"^undecodable: "):
        check_video(watch / "truncated01.mp4")


@pytest.mark.parametrize(("language", "extension"), [("en", "vtt"), ("es", "srt")])
def test_the_subtitles_can_be_parsed_and_lie_within_the_video(
    demo: Path, language: str, extension: str
) -> None:
    path = demo / "site" / "watch" / f"astronaut01.{language}.{extension}"
    facts = {"language": language, "kind": "manual", "name": None, "source": "", "problem": None}
    facts |= {"source_language": None}
    text = path.read_text(encoding="utf-8")
    track = structure_track(facts | {"format": extension, "text": text}, 5.0)
    assert track["problem"] is None
    assert [(s["start_sec"], s["end_sec"]) for s in track["segments"]] == [(0.2, 2.0), (2.0, 4.8)]
    assert all(re.fullmatch(r"\w.*\.", s["text"]) for s in track["segments"])


def test_each_video_has_an_id_of_its_own_of_eleven_characters() -> None:
    ids = [page.video_id for page in PAGES]
    assert len({*ids}) == len(ids)
    assert {len(video_id) for video_id in ids} == {11}


def test_a_complete_site_is_not_written_again_but_its_manifest_is(
    demo: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(demo, folder)
    page = folder / "site" / "watch" / "astronaut01.html"
    page.write_text("changed")
    assert write_demo(folder, port=9999) == folder / "manifest.csv"
    assert page.read_text() == "changed"
    (first, *_) = read_manifest(folder / "manifest.csv").entries
    assert first.url == "http://127.0.0.1:9999/watch/astronaut01.html"


def test_a_site_that_was_interrupted_is_written_again(demo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(demo / "site", folder)
    (folder / "complete").unlink()
    (folder / "watch" / "astronaut01.html").unlink()
    (folder / "watch" / "-carphone01.mp4").write_bytes(b"half")
    write_site(folder)
    expected = contents(demo / "site")
    found = contents(folder)
    assert found.keys() == expected.keys()
    assert all(found[name] == expected[name] for name in found if not name.startswith("astronaut"))
    assert found["astronaut01.html"] == expected["astronaut01.html"]
