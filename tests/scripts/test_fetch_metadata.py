"""fetch_metadata: from a page to metadata.json, subtitles.json and download.json."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from file_server import File, file_server
from platform_settings import platform_settings

from signverse.demo.site import Page, serve, write_page
from signverse.errors import MachineError
from signverse.files import read_json
from signverse.recipes import metadata_recipe
from signverse.traffic import Traffic, TrafficSettings

ENGLISH = "WEBVTT\n\n00:00.200 --> 00:02.000\nA man talks.\n"
SPANISH = "1\n00:00:00,200 --> 00:00:02,000\nUn hombre habla.\n"
TRACKS = {"en": ("vtt", ENGLISH), "es": ("srt", SPANISH)}
SETTINGS = {"min_height_px": 360, "max_height_px": 720, "personal_data": []}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "site" / "watch").mkdir(parents=True)
    write_page(tmp_path / "site", Page("-good000001", "A man", "gsg", TRACKS))
    with serve(tmp_path / "site") as server:
        yield server


def arguments(tmp_path: Path, port: int, video_id: str) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/watch/{video_id}.html"
    names = ("metadata", "subtitles", "download")
    return {
        "video_id": video_id,
        "recipe": metadata_recipe(url, SETTINGS),
        "platform": platform_settings(retries=0),
        "traffic": Traffic(tmp_path / "traffic", TrafficSettings(2, 0, None, 1, 1)),
    } | {name: tmp_path / "videos" / video_id / f"{name}.json" for name in names}


def test_a_page_gives_three_documents(main: Callable[..., None], site: Any, tmp_path: Path) -> None:
    given = arguments(tmp_path, site.server_port, "-good000001")
    before = datetime.now(UTC)
    main(**given)
    base = f"http://127.0.0.1:{site.server_port}/watch/-good000001"
    head = {"schema_version": 2, "video_id": "-good000001", "status": "ok", "reason": ""}
    facts, tracks, kept = (read_json(given[n]) for n in ("metadata", "subtitles", "download"))
    assert [{name: document[name] for name in head} for document in (facts, tracks, kept)] == (
        [head] * 3
    )
    assert (facts["url"], facts["manual_tracks"]) == (f"{base}.html", ["en", "es"])
    fetched = datetime.fromisoformat(facts["fetched_at"])
    assert before - timedelta(seconds=1) <= fetched <= datetime.now(UTC)
    assert 0 < facts["elapsed_sec"] < 60
    assert [track["text"] for track in tracks["tracks"]] == [ENGLISH, SPANISH]
    assert kept["info"]["formats"][0]["url"] == f"{base}.mp4"
    assert f"{base}.mp4" not in given["metadata"].read_text()


def test_the_page_and_each_track_are_asked_for_once_and_the_video_not_at_all(
    main: Callable[..., None], site: Any, tmp_path: Path
) -> None:
    main(**arguments(tmp_path, site.server_port, "-good000001"))
    names = ["-good000001.html", "-good000001.en.vtt", "-good000001.es.srt"]
    assert site.requests == [f"/watch/{name}" for name in names]


def test_a_track_that_is_gone_is_no_fault_of_the_video(
    main: Callable[..., None], site: Any, tmp_path: Path
) -> None:
    (tmp_path / "site" / "watch" / "-good000001.en.vtt").unlink()
    given = arguments(tmp_path, site.server_port, "-good000001")
    main(**given)
    document = read_json(given["subtitles"])
    assert document["status"] == "ok"
    assert [(track["text"], track["problem"]) for track in document["tracks"]] == [
        (None, "HTTP error 404"),
        (SPANISH, None),
    ]


def test_a_page_that_is_gone_gives_three_tombstones(
    main: Callable[..., None], site: Any, tmp_path: Path
) -> None:
    given = arguments(tmp_path, site.server_port, "missing0001")
    main(**given)
    documents = [read_json(given[name]) for name in ("metadata", "subtitles", "download")]
    assert documents[0] == documents[1] == documents[2]
    assert sorted(documents[0]) == ["reason", "status", "video_id"]
    assert (documents[0]["video_id"], documents[0]["status"]) == ("missing0001", "removed")
    assert "HTTP Error 404" in documents[0]["reason"]
    assert "\n" not in documents[0]["reason"]


def test_a_site_that_is_down_fails_the_job_and_leaves_nothing(
    main: Callable[..., None], tmp_path: Path
) -> None:
    with serve(tmp_path) as closed_soon:
        port = closed_soon.server_port
    with pytest.raises(MachineError, match=r"^network: "):
        main(**arguments(tmp_path, port, "-good000001"))
    assert not (tmp_path / "videos").exists()


def test_cookies_of_the_config_are_sent_and_stand_in_no_product(
    main: Callable[..., None], tmp_path: Path
) -> None:
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tSID\tsession-secret\n")
    page = File(b"<!doctype html><title>A</title><video src='-good000001.mp4'></video>")
    page.kind = "text/html"
    with file_server({"/watch/-good000001.html": page}) as server:
        port = int(server.address.rpartition(":")[2])
        given = arguments(tmp_path, port, "-good000001")
        main(**given | {"platform": platform_settings(cookies_file=str(cookies))})
        assert server.headers[0]["Cookie"] == "SID=session-secret"
    written = [path.read_text() for path in (tmp_path / "videos").rglob("*.json")]
    assert len(written) == 3
    assert "session-secret" not in "".join(written)
