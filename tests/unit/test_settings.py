import copy
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from config_changes import Config, put, refused

from signverse.errors import InputError
from signverse.settings import SCHEMA, checked_config, read_config


def settings(config: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of all settings that are no sections."""
    for name, value in config.items():
        if isinstance(value, dict) and value:
            yield from settings(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def described(schema: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of all settings that the schema describes in words."""
    for name, part in schema["properties"].items():
        if "required" in part:
            yield from described(part, f"{above}{name}.")
        elif part.get("description"):
            yield f"{above}{name}"


def sections(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for part in schema["properties"].values():
        if "required" in part:
            yield from sections(part)


def test_the_shipped_config_is_valid_and_stays_as_it_is(config: Config) -> None:
    assert checked_config(config) == config


def test_the_config_of_the_demo_is_valid_over_the_shipped_one(config: Config, root: Path) -> None:
    demo = yaml.safe_load((root / "config" / "demo.yaml").read_text(encoding="utf-8"))
    for key in settings(demo):
        value = demo
        for name in key.split("."):
            value = value[name]
        put(config, key, value)
    checked_config(config)


def test_every_setting_is_described_and_every_description_is_of_a_setting(config: Config) -> None:
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    assert sorted(described(schema)) == sorted(settings(config))


def test_every_section_wants_all_its_settings_and_no_others() -> None:
    for section in sections(yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))):
        assert sorted(section["required"]) == sorted(section["properties"])
        assert section["additionalProperties"] is False


def test_the_check_leaves_what_it_is_given_as_it_is(config: Config) -> None:
    config["fetch_video"]["window"] = "2"
    before = copy.deepcopy(config)
    checked_config(config)
    assert config == before


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("estimate_poses.fps", "24", 24),
        ("estimate_poses.fps", "29.97", 29.97),
        ("estimate_poses.mediapipe.min_tracking_confidence", "0.25", 0.25),
        ("fetch_video.window", "2", 2),
        ("fetch_video.keep", "true", True),
        ("fetch_video.keep", "False", False),
        ("exclude", "null", None),
        ("select.videos", "['a', 'b']", ["a", "b"]),
        ("select.shards", "['00003']", ["00003"]),
    ],
)
def test_text_from_the_command_line_becomes_the_value_it_means(
    config: Config, key: str, text: str, value: Any
) -> None:
    put(config, key, text)
    found: Any = checked_config(config)
    for name in key.split("."):
        found = found[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("key", ["manifest", "results", "exclude"])
@pytest.mark.parametrize(
    "path",
    ["24", "true", "'quoted'", "my #1 manifest.csv", "a: b.csv", "[a].csv", "{a}", "@a", "x "],
)
def test_a_path_stays_as_it_was_written(config: Config, key: str, path: str) -> None:
    put(config, key, path)
    assert checked_config(config)[key] == path


@pytest.mark.parametrize(
    ("key", "where", "allowed"),
    [
        ("manifset", "top level", "manifest, results, logs, "),
        ("fetch_video.keeep", "fetch_video", "keep, window, min_free_gb"),
        ("select.video", "select", "videos, shards"),
        (
            "estimate_poses.mediapipe.confidence",
            "estimate_poses: mediapipe",
            "min_detection_confidence, min_tracking_confidence",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_are_known(
    config: Config, key: str, where: str, allowed: str
) -> None:
    put(config, key, 1)
    name = key.split(".")[-1]
    assert refused(config).startswith(f"config, {where}: unknown key {name!r}; allowed: {allowed}")


def test_all_unknown_keys_of_a_section_are_named_together(config: Config) -> None:
    config["fetch_video"] |= {"speed": 1, "limit": 2}
    assert "unknown key 'speed', 'limit'; allowed: keep, window" in refused(config)


@pytest.mark.parametrize(
    ("section", "right", "wrong"),
    [("fetch_video", "window", "windows"), ("render_preview", "length_sec", "length")],
)
def test_a_misspelt_key_is_named_as_it_was_written(
    config: Config, section: str, right: str, wrong: str
) -> None:
    config[section][wrong] = config[section].pop(right)
    message = refused(config)
    assert message.startswith(f"config, {section}: unknown key {wrong!r}; allowed: ")
    assert right in message


@pytest.mark.parametrize("section", ["manifest", "select", "exclude", "pack_shard"])
def test_a_missing_key_of_the_top_is_named(config: Config, section: str) -> None:
    del config[section]
    assert refused(config).startswith(f"config, top level: missing key {section!r}; expected: ")


def test_missing_keys_of_a_section_are_named(config: Config) -> None:
    config["render_preview"] = {"every": 1, "min_score": 0.3}
    assert refused(config) == (
        "config, render_preview: missing key 'length_sec', 'height_px'; "
        "expected: every, length_sec, height_px, min_score"
    )


def test_an_empty_config_is_refused() -> None:
    assert refused({}).startswith("config, top level: missing key 'manifest', 'results', ")


@pytest.mark.parametrize("value", [None, 3, [], "keep"])
def test_a_section_that_is_none_is_refused_by_name(config: Config, value: Any) -> None:
    config["fetch_video"] = value
    assert refused(config) == (
        f"config, fetch_video: found {value!r}; "
        "allowed: a section with the keys keep, window, min_free_gb"
    )


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("manifest", 3, "string – path of a CSV file with the columns video_id, sign_language"),
        ("manifest", None, "string – path of a CSV file"),
        ("manifest", "", "string – path of a CSV file"),
        ("results", ["a"], "string – folder of all products"),
        ("exclude", 3, "string or null – path of a CSV file with the columns video_id, reason"),
        ("exclude", False, "string or null – path"),
        ("select.videos", "zJwm0gDgx74", "array – a list of video ids"),
        ("select.shards", None, "array – a list of shard names of five digits, in quotes"),
        ("fetch_metadata.max_height_px", "720p", "integer, at least 1 – greatest height of the"),
        ("fetch_metadata.max_height_px", 720.5, "integer, at least 1 – greatest height of the"),
        ("fetch_metadata.max_height_px", 0, "integer, at least 1 – greatest height of the"),
        ("platform.timeout_sec", "30s", "number, over 0 – seconds"),
        ("platform.timeout_sec", 0, "number, over 0 – seconds"),
        ("platform.timeout_sec", "0", "number, over 0 – seconds"),
        ("platform.timeout_sec", None, "number, over 0 – seconds"),
        ("platform.retries", -1, "integer, at least 0 – number of further tries"),
        ("platform.retries", True, "integer, at least 0 – number of further tries"),
        ("fetch_video.keep", "maybe", "boolean – true or false"),
        ("platform.retries", "2.5", "integer, at least 0 – number of further tries"),
        ("fetch_video.keep", 1, "boolean – true or false"),
        ("fetch_video.window", 0, "integer, at least 1 – number of raw videos"),
        ("fetch_video.min_free_gb", -1, "number, at least 0 – GB (10^9 bytes) of free disk"),
        ("traffic.max_concurrent_requests", 0, "integer, at least 1, at most 1000 – number of"),
        ("traffic.videos_per_hour", 0, "integer or null, at least 1, at most 100000 – number of"),
        ("traffic.pause_sec", 90000, "number, over 0, at most 86400 – seconds, at most a day"),
        ("estimate_poses.fps", 0, "number, over 0, at most 240 – poses per second of video"),
        ("estimate_poses.fps", 241, "number, over 0, at most 240 – poses per second of video"),
        ("estimate_poses.fps", "24 fps", "number, over 0, at most 240 – poses per second of"),
        ("estimate_poses.threads", 0, "integer, at least 1 – processor threads of one job"),
        ("render_preview.every", -1, "integer, at least 0 – 1 for every video"),
        ("render_preview.height_px", 8, "integer, at least 16, at most 2160 – height of the"),
        ("render_preview.min_score", 1.1, "number, at least 0, at most 1 – a share"),
        ("render_preview.min_score", "30%", "number, at least 0, at most 1 – a share"),
        ("pack_shard.videos_per_shard", 0, "integer, at least 1 – number of manifest rows"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    config: Config, key: str, value: Any, allowed: str
) -> None:
    put(config, key, value)
    where = key.replace(".", ": ")
    found = re.escape(f"config, {where}: found ") + rf"'?{re.escape(str(value))}'?"
    assert re.match(f"{found}; allowed: {re.escape(allowed)}", refused(config))


@pytest.mark.parametrize(
    "key", ["fetch_video.window", "pack_shard.videos_per_shard", "render_preview.every"]
)
def test_a_whole_number_written_with_a_point_is_no_integer(config: Config, key: str) -> None:
    put(config, key, 8.0)
    where = re.escape(key.replace(".", ": "))
    with pytest.raises(InputError, match=rf"^config, {where}: found 8\.0; allowed: integer"):
        checked_config(config)


@pytest.mark.parametrize("key", ["estimate_poses.fps", "platform.timeout_sec"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_setting_is_infinite_or_not_a_number(config: Config, key: str, value: float) -> None:
    put(config, key, value)
    where = re.escape(key.replace(".", ": "))
    with pytest.raises(InputError, match=rf"^config, {where}: found {value}; allowed: number"):
        checked_config(config)


def test_an_unknown_estimator_is_refused_with_those_known(config: Config) -> None:
    config["estimate_poses"]["estimator"] = "openpose"
    assert refused(config) == (
        "config, estimate_poses: estimator: found 'openpose'; "
        "allowed: one of mediapipe, dwpose – name of an estimator"
    )


@pytest.mark.parametrize("written", ["[00003]", "['3']", "['000003']", "['0000x']"])
def test_a_shard_that_is_not_five_digits_in_quotes_is_refused(config: Config, written: str) -> None:
    config["select"]["shards"] = yaml.safe_load(written)
    message = refused(config)
    assert message.startswith("config, select: shards: 0: found ")
    assert message.endswith('five digits in quotes, e.g. "00003"')


def test_the_number_of_the_wrong_value_in_a_list_is_named(config: Config) -> None:
    config["select"]["videos"] = ["a", "b", 3]
    assert refused(config).startswith("config, select: videos: 2: found 3; allowed: ")


@pytest.mark.parametrize(
    "template",
    [
        "https://www.youtube.com/watch?v=",
        "https://www.youtube.com/watch?v={id}",
        "https://www.youtube.com/watch?v={video_id}&l={language}",
        "https://www.youtube.com/watch?v={video_id!r}",
        "www.youtube.com/watch?v={video_id}",
        "file:///videos/{video_id}.mp4",
        "https://example.org/{video_id} ",
    ],
)
def test_a_template_that_makes_no_address_is_refused(config: Config, template: str) -> None:
    config["fetch_metadata"]["url_template"] = template
    message = refused(config)
    assert message.startswith(f"config, fetch_metadata: url_template: found {template!r}; ")
    assert message.endswith("an http or https address with {video_id} in it")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("exclude", "config/exclude.csv"),
        ("select.videos", ["zJwm0gDgx74", "-a"]),
        ("select.shards", ["00003", "99999"]),
        ("fetch_metadata.url_template", "http://127.0.0.1:8000/{video_id}.mp4"),
        ("platform.timeout_sec", 0.5),
        ("platform.retries", 0),
        ("fetch_video.min_free_gb", 0),
        ("traffic.request_interval_sec", 0),
        ("traffic.videos_per_hour", None),
        ("estimate_poses.fps", 29.97),
        ("estimate_poses.fps", 240),
        ("render_preview.every", 0),
        ("render_preview.min_score", 0),
        ("render_preview.min_score", 1),
        ("pack_shard.videos_per_shard", 1),
    ],
)
def test_values_up_to_the_bounds_are_accepted(config: Config, key: str, value: Any) -> None:
    put(config, key, value)
    checked_config(config)


def test_later_files_and_assignments_override_single_keys(root: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("results: mine\nestimate_poses:\n  fps: 12\n  threads: 1\n", encoding="utf-8")
    files = [root / "config" / "config.yaml", mine]
    read = read_config(files, ["estimate_poses={'fps': 25, 'max_persons': null}", "logs=a b=c"])
    assert read["results"] == "mine"
    assert read["logs"] == "a b=c"
    assert read["estimate_poses"]["fps"] == 25
    assert read["estimate_poses"]["max_persons"] is None
    assert read["estimate_poses"]["threads"] == 1
    assert read["estimate_poses"]["detect_every"] == 1


def test_shards_are_selected_as_on_the_command_line_of_snakemake(root: Path) -> None:
    select = "select={'shards': ['00003'], 'videos': ['-a']}"
    read = read_config([root / "config" / "config.yaml"], [select])
    assert read["select"] == {"shards": ["00003"], "videos": ["-a"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("- a\n- b\n", "holds no keys with values"),
        ("", "holds no keys with values"),
        ("a: [\n", "cannot be read"),
        (b"a: \xff", "cannot be read"),
    ],
)
def test_a_file_that_is_no_config_is_named(
    tmp_path: Path, content: str | bytes | None, message: str
) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=rf"^config: .*mine\.yaml {message}"):
        read_config([path], [])


@pytest.mark.parametrize("assignment", ["results", "select={'videos': [", "nonsense=1"])
def test_an_assignment_that_sets_no_setting_is_refused(root: Path, assignment: str) -> None:
    with pytest.raises(InputError, match=r"^config"):
        read_config([root / "config" / "config.yaml"], [assignment])
