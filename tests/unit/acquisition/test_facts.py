"""The facts of a video that are kept, and those that are not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yt_dlp
from jsonschema import Draft202012Validator
from platform_settings import ask, offered, watch_page

from signverse.acquisition import SCHEMA_VERSION
from signverse.acquisition.facts import metadata
from signverse.acquisition.formats import Choice
from signverse.outcomes import product

STARTED = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
FINISHED = STARTED + timedelta(seconds=1, microseconds=234567)
URL = "https://video.example/watch?v=1"
SECRET = "https://media.example/stream?sig=secret"
FORMAT = {
    "format_id": "136",
    "ext": "mp4",
    "width": 1280,
    "height": 720,
    "fps": 25,
    "vcodec": "avc1.4d401f",
    "dynamic_range": "SDR",
    "tbr": 800.5,
    "filesize": 1234,
    "protocol": "https",
}
INFO: dict[str, Any] = {
    "title": "Signs",
    "duration": 61.5,
    "upload_date": "20240229",
    "channel_id": "UC1",
    "language": "es",
    "license": "Creative Commons",
    "categories": ["Education"],
    "age_limit": 0,
    "availability": "public",
    "live_status": "was_live",
    "subtitles": {
        "es": [{"ext": "vtt", "url": SECRET}],
        "de": [{"ext": "vtt"}],
        "live_chat": [{"ext": "json"}],
        "fr": [],
    },
    "automatic_captions": {"en": [{"ext": "vtt", "url": SECRET}], "es-orig": [{"ext": "vtt"}]},
    "formats": [{"url": SECRET}],
    "http_headers": {"Cookie": "secret"},
    "cookies": "secret",
    "channel": "secret",
    "uploader": "secret",
    "uploader_id": "secret",
    "description": "secret",
    "thumbnail": "secret",
    "tags": ["secret"],
    "comments": [{"id": "1", "author": "secret", "text": "secret", "author_thumbnail": "face"}],
    "extractor_key": "Youtube",
}


def facts(
    info: dict[str, Any] = INFO, url: str = URL, personal: tuple[str, ...] = ()
) -> dict[str, Any]:
    choice = Choice(FORMAT | {"url": SECRET, "cookies": "secret"}, "why", 3)
    times = {"started": STARTED, "finished": FINISHED}
    return metadata(info, choice, url=url, personal_data=personal, **times)


def test_metadata_keeps_the_facts_and_nothing_else() -> None:
    assert facts() == {
        "url": URL,
        "title": "Signs",
        "duration_sec": 61.5,
        "upload_date": "2024-02-29",
        "channel_id": "UC1",
        "language": "es",
        "licence": "Creative Commons",
        "categories": ["Education"],
        "age_limit": 0,
        "availability": "public",
        "live_status": "was_live",
        "width": 1280,
        "height": 720,
        "fps": 25,
        "manual_tracks": ["de", "es"],
        "automatic_tracks": ["en", "es-orig"],
        "format": {**FORMAT, "reason": "why", "alternatives": 3},
        "personal_data": {},
        "extractor": "Youtube",
        "yt_dlp_version": yt_dlp.version.__version__,
        "fetched_at": "2026-01-02T03:04:05+00:00",
        "elapsed_sec": 1.235,
    }


def test_personal_data_is_kept_by_name_only() -> None:
    kept = facts(personal=("uploader", "description"))
    assert kept["personal_data"] == {"description": "secret", "uploader": "secret"}
    assert json.dumps(kept).count("secret") == 2


def test_of_comments_the_words_are_kept_and_no_picture_of_anybody() -> None:
    (comment,) = facts(personal=("comments",))["personal_data"]["comments"]
    assert comment["text"] == "secret"
    assert sorted(comment) == ["author", "id", "like_count", "parent", "text", "timestamp"]
    assert facts({}, personal=("comments",))["personal_data"] == {"comments": []}


def test_a_login_in_the_address_is_not_kept() -> None:
    assert facts(url="https://me:secret@video.example/1")["url"] == "https://video.example/1"


def test_metadata_of_a_real_page_holds_its_facts_and_no_stream_address(site: Any) -> None:
    url = watch_page(site, "good0000001")
    info, choice = ask(url)
    times = {"started": STARTED, "finished": FINISHED}
    found = metadata(info, choice, url=url, personal_data=(), **times)
    assert found["title"].startswith("A man & a camera")
    assert (found["manual_tracks"], found["automatic_tracks"]) == (["en", "es"], [])
    assert found["format"]["ext"] == "mp4"
    assert found["format"]["reason"] == "no height is known: the platform's best; " + (
        "no stream without sound"
    )
    text = json.dumps(found)
    assert text.count("http://") == text.count(url) == 1


def test_facts_the_platform_does_not_give_are_null() -> None:
    times = {"started": STARTED, "finished": FINISHED}
    found = metadata({}, Choice({}, "why", 1), url=URL, personal_data=(), **times)
    named = ("title", "duration_sec", "upload_date", "channel_id", "language", "height", "fps")
    assert {found[name] for name in (*named, "licence", "availability", "age_limit")} == {None}
    assert found["manual_tracks"] == found["automatic_tracks"] == found["categories"] == []


@pytest.mark.parametrize("info", [INFO, {}], ids=["full", "empty"])
def test_metadata_keeps_to_its_schema(root: Path, info: dict[str, Any]) -> None:
    schema = json.loads((root / "resources/schemas/metadata.schema.json").read_text("utf-8"))
    everything = schema["oneOf"][0]["properties"]["personal_data"]["properties"]
    document = product("x", SCHEMA_VERSION, **facts(info, personal=tuple(everything)))
    Draft202012Validator(schema).validate(document)


def test_the_schema_knows_the_personal_data_that_the_config_may_ask_for(root: Path) -> None:
    import yaml

    config = yaml.safe_load((root / "config/config.schema.yaml").read_text("utf-8"))
    allowed = config["properties"]["fetch_metadata"]["properties"]["personal_data"]
    schema = json.loads((root / "resources/schemas/metadata.schema.json").read_text("utf-8"))
    known = schema["oneOf"][0]["properties"]["personal_data"]["properties"]
    assert set(allowed["items"]["enum"]) == set(known)


def test_of_a_stream_among_others_its_own_size_is_told() -> None:
    times = {"started": STARTED, "finished": FINISHED}
    choice = Choice(offered("video", 480), "why", 2)
    found = metadata(INFO | {"height": 1080}, choice, url=URL, personal_data=(), **times)
    assert (found["width"], found["height"]) == (853, 480)
