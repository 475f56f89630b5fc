"""From one question to all that is written of a video."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from platform_settings import client, watch_page

from signverse.acquisition import SCHEMA_VERSION
from signverse.acquisition.documents import fetch_documents
from signverse.errors import VideoError
from signverse.outcomes import product
from signverse.recipes import metadata_recipe

SETTINGS: dict[str, Any] = {"min_height_px": 360, "max_height_px": 720, "personal_data": []}


def test_a_page_gives_three_documents_that_keep_to_their_schemas(site: Any, root: Path) -> None:
    url = watch_page(site, "good0000001")
    found = fetch_documents(client(), metadata_recipe(url, SETTINGS))
    assert sorted(found) == ["download", "metadata", "subtitles"]
    for name, content in found.items():
        schema = json.loads((root / f"resources/schemas/{name}.schema.json").read_text("utf-8"))
        Draft202012Validator(schema).validate(product("x", SCHEMA_VERSION, **content))


def test_the_page_is_asked_for_once_and_each_track_once(site: Any) -> None:
    fetch_documents(client(), metadata_recipe(watch_page(site, "good0000001"), SETTINGS))
    names = ["good0000001.html", "good0000001.en.vtt", "good0000001.es.srt"]
    assert site.requests == [f"/watch/{name}" for name in names]


def test_the_limits_of_the_recipe_are_those_of_a_later_download(site: Any) -> None:
    recipe = metadata_recipe(watch_page(site, "good0000001"), SETTINGS | {"max_height_px": 480})
    kept = fetch_documents(client(), recipe)["download"]["info"]
    assert kept["format_policy"] == {
        "min_height_px": 360,
        "max_height_px": 480,
        "format_id": None,
    }


def test_personal_data_is_kept_as_the_recipe_says(site: Any) -> None:
    settings = SETTINGS | {"personal_data": ["uploader", "comments"]}
    found = fetch_documents(client(), metadata_recipe(watch_page(site, "good0000001"), settings))
    kept = found["metadata"]["personal_data"]
    assert sorted(kept) == ["comments", "uploader"]
    assert kept["comments"] == []


def test_a_page_that_is_gone_is_the_videos_fault(site: Any) -> None:
    with pytest.raises(VideoError, match=r"^removed"):
        fetch_documents(client(), metadata_recipe(watch_page(site, "missing0001"), SETTINGS))
