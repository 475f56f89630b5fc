import copy
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signverse.errors import InputError
from signverse.recipes import metadata_recipe, pose_recipe, preview_recipe, video_recipe

Config = dict[str, Any]
URL = "https://www.youtube.com/watch?v=zJwm0gDgx74"
RECIPES: dict[str, Callable[[Config], Any]] = {
    "fetch_metadata": lambda config: metadata_recipe(URL, config["fetch_metadata"]),
    "fetch_video": lambda config: video_recipe(),
    "estimate_poses": lambda config: pose_recipe(config["estimate_poses"]),
    "render_preview": lambda config: preview_recipe(config["render_preview"]),
}
# The setting, another value of it, and the stages whose results it decides.
DECIDES = [
    ("fetch_metadata.max_height_px", 360, ["fetch_metadata"]),
    ("fetch_metadata.min_height_px", 240, ["fetch_metadata"]),
    ("fetch_metadata.personal_data", ["description"], ["fetch_metadata"]),
    ("estimate_poses.estimator", "mediapipe", ["estimate_poses"]),
    ("estimate_poses.fps", 25, ["estimate_poses"]),
    ("estimate_poses.detector_channels", "RGB", ["estimate_poses"]),
    ("estimate_poses.pose_channels", "BGR", ["estimate_poses"]),
    ("estimate_poses.resize_short_side", 512, ["estimate_poses"]),
    ("estimate_poses.min_detection_score", 0.5, ["estimate_poses"]),
    ("estimate_poses.max_persons", 1, ["estimate_poses"]),
    ("estimate_poses.detect_every", 5, ["estimate_poses"]),
    ("estimate_poses.mediapipe.min_detection_confidence", 0.6, []),
    ("estimate_poses.mediapipe.min_tracking_confidence", 0.6, []),
    ("render_preview.length_sec", 10, ["render_preview"]),
    ("render_preview.height_px", 720, ["render_preview"]),
    ("render_preview.min_score", 0.5, ["render_preview"]),
    ("fetch_metadata.url_template", "https://example.org/{video_id}", []),
    ("platform.timeout_sec", 1, []),
    ("platform.retries", 0, []),
    ("platform.cookies_file", "cookies.txt", []),
    ("platform.cookies_from_browser", "firefox", []),
    ("platform.yt_dlp", {"proxy": "http://127.0.0.1:9"}, []),
    ("fetch_video.keep", True, []),
    ("fetch_video.window", 2, []),
    ("fetch_video.min_free_gb", 1, []),
    ("estimate_poses.threads", 8, []),
    ("estimate_poses.provider", "cpu", []),
    ("estimate_poses.batch_frames", 1, []),
    ("render_preview.every", 1, []),
    ("pack_shard.videos_per_shard", 7, []),
]
OWN_NETWORKS = {"estimate_poses.detector", "estimate_poses.pose"}  # tested by themselves


def changed(config: Config, key: str, value: object) -> Config:
    other = copy.deepcopy(config)
    *sections, name = key.split(".")
    section = other
    for part in sections:
        section = section[part]
    assert section[name] != value
    section[name] = value
    return other


@pytest.mark.parametrize(("key", "value", "stages"), DECIDES, ids=[row[0] for row in DECIDES])
def test_a_setting_changes_the_recipes_of_the_stages_it_decides_and_no_other(
    config: Config, key: str, value: object, stages: list[str]
) -> None:
    other = changed(config, key, value)
    found = [stage for stage, recipe in RECIPES.items() if recipe(config) != recipe(other)]
    assert found == stages


@pytest.mark.parametrize("name", ["min_detection_confidence", "min_tracking_confidence"])
def test_mediapipes_settings_decide_its_poses(config: Config, name: str) -> None:
    settings = config["estimate_poses"] | {"estimator": "mediapipe"}
    other = settings | {"mediapipe": settings["mediapipe"] | {name: 0.6}}
    assert pose_recipe(settings) != pose_recipe(other)


@pytest.mark.parametrize("key", ["detector", "pose"])
def test_a_network_of_the_users_own_decides_the_poses_by_its_bytes(
    config: Config, tmp_path: Path, key: str
) -> None:
    network = tmp_path / "own.onnx"
    recipes = []
    for content in (b"a" * 3_000_000, b"a" * 3_000_000, b"a" * 2_999_999 + b"b", b"a"):
        network.write_bytes(content)
        recipes.append(pose_recipe(config["estimate_poses"] | {key: str(network)}))
    assert recipes[0] == recipes[1] != recipes[2] != recipes[3]
    assert recipes[0] != pose_recipe(config["estimate_poses"])


def test_a_network_that_is_not_there_is_refused_when_the_config_is_read(config: Config) -> None:
    with pytest.raises(InputError, match=r"estimate_poses: no network file 'nowhere\.onnx'"):
        pose_recipe(config["estimate_poses"] | {"detector": "nowhere.onnx"})


def test_the_order_of_personal_data_means_nothing(config: Config) -> None:
    one, other = (
        metadata_recipe(URL, config["fetch_metadata"] | {"personal_data": names})
        for names in (["tags", "uploader"], ["uploader", "tags"])
    )
    assert one == other


def test_every_setting_of_a_costly_stage_is_accounted_for(config: Config) -> None:
    known = {row[0] for row in DECIDES}
    for stage in RECIPES:
        for name, value in config[stage].items():
            names = [f"{name}.{inner}" for inner in value] if isinstance(value, dict) else [name]
            assert {f"{stage}.{n}" for n in names} - OWN_NETWORKS <= known


def test_the_address_decides_the_metadata(config: Config) -> None:
    settings = config["fetch_metadata"]
    assert metadata_recipe(URL, settings) != metadata_recipe(f"{URL}&t=1", settings)
    assert metadata_recipe(URL, settings)["url"] == URL


@pytest.mark.parametrize(
    ("stage", "constant"),
    [
        ("fetch_metadata", "METADATA_VERSION"),
        ("fetch_video", "VIDEO_VERSION"),
        ("estimate_poses", "POSES_VERSION"),
        ("render_preview", "PREVIEW_VERSION"),
    ],
)
def test_a_raised_version_changes_the_recipe_of_its_stage_only(
    config: Config, monkeypatch: pytest.MonkeyPatch, stage: str, constant: str
) -> None:
    before = {name: recipe(config) for name, recipe in RECIPES.items()}
    monkeypatch.setattr(f"signverse.recipes.{constant}", 1_000)
    after = {name: recipe(config) for name, recipe in RECIPES.items()}
    assert [name for name in RECIPES if before[name] != after[name]] == [stage]


def test_the_installed_mediapipe_decides_the_poses(config: Config) -> None:
    recipe = pose_recipe(config["estimate_poses"] | {"estimator": "mediapipe"})
    assert recipe["mediapipe_version"] == importlib.metadata.version("mediapipe")


@pytest.mark.parametrize("stage", RECIPES)
def test_a_recipe_is_plain_data_that_snakemake_can_compare(config: Config, stage: str) -> None:
    recipe = RECIPES[stage](config)
    assert json.loads(json.dumps(recipe)) == recipe
