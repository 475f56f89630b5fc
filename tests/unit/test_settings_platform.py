"""The way to the platform in the config: what may be said to yt-dlp, secrets, and limits."""

import re
from typing import Any

import pytest
import yaml
import yt_dlp
from config_changes import Config, put, refused
from yt_dlp.cookies import SUPPORTED_BROWSERS
from yt_dlp.globals import supported_js_runtimes

from signverse.acquisition.options import FIXED
from signverse.settings import SCHEMA, checked_config


@pytest.mark.parametrize(
    "options",
    [
        {"proxy": "http://127.0.0.1:9", "sleep_interval_requests": 0.5},
        {"extractor_args": {"youtube": {"player_client": ["web", "tv"]}}},
        {"http_headers": {"X-Key": "word"}, "js_runtimes": {"node": {"path": "node"}}},
        {"remote_components": ["ejs:github"], "usenetrc": True},
    ],
)
def test_options_of_yt_dlp_that_are_about_the_way_to_the_platform_are_accepted(
    config: Config, options: dict[str, Any]
) -> None:
    config["platform"]["yt_dlp"] = options
    assert checked_config(config)["platform"]["yt_dlp"] == options


@pytest.mark.parametrize(
    "name",
    [
        *("format", "outtmpl", "paths", "postprocessors", "exec_cmd", "netrc_cmd", "cookiefile"),
        *("external_downloader", "verbose", "debug_printtraffic", "writeinfojson", "proxi"),
    ],
)
def test_options_that_the_workflow_sets_or_that_run_commands_are_refused_by_name(
    config: Config, name: str
) -> None:
    config["platform"]["yt_dlp"] = {name: "x"}
    start = f"config, platform: yt_dlp: unknown key {name!r}; allowed: proxy, "
    assert refused(config).startswith(start)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("platform.yt_dlp", ["--password", "secret"]),
        ("platform.yt_dlp.password", ["secret"]),
        ("platform.yt_dlp.proxy", {"http": "secret"}),
        ("platform.yt_dlp.http_headers", "secret"),
        ("platform.yt_dlp.http_headers", {"Cookie": ["secret"]}),
        ("platform.yt_dlp.extractor_args", {"youtube": "secret"}),
        ("platform.yt_dlp.extractor_args", {"youtube": {"po_token": "secret"}}),
    ],
)
def test_a_secret_of_a_wrong_kind_is_not_repeated(config: Config, key: str, value: Any) -> None:
    put(config, key, value)
    message = refused(config)
    assert message.startswith("config, platform: yt_dlp")
    assert re.search(r"found a value of type (list|dict|str); allowed: ", message)
    assert "secret" not in message


def test_a_password_of_digits_alone_must_be_quoted_and_is_not_repeated(config: Config) -> None:
    config["platform"]["yt_dlp"] = {"password": 123456}
    assert "found a value of type int; allowed: string" in refused(config)


@pytest.mark.parametrize("browser", ["netscape", "firefoxx", 3])
def test_a_browser_that_yt_dlp_does_not_know_is_refused(config: Config, browser: Any) -> None:
    config["platform"]["cookies_from_browser"] = browser
    assert refused(config).startswith("config, platform: cookies_from_browser: found ")


def test_the_browsers_of_the_schema_are_those_of_yt_dlp(config: Config) -> None:
    for browser in SUPPORTED_BROWSERS:
        config["platform"]["cookies_from_browser"] = f"{browser}:profile"
        checked_config(config)


def test_every_option_is_one_that_yt_dlp_has_and_is_described() -> None:
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    options = schema["properties"]["platform"]["properties"]["yt_dlp"]["properties"]
    assert all(option.get("description") for option in options.values())
    assert set(options) <= set(yt_dlp.parse_options([]).ydl_opts) | {"geo_bypass_ip_block"}
    assert not set(options) & set(FIXED)
    assert set(options["js_runtimes"]["properties"]) == set(supported_js_runtimes.value)


@pytest.mark.parametrize(
    ("section", "low", "high"),
    [
        ("fetch_metadata", "min_height_px", "max_height_px"),
        ("traffic", "pause_sec", "max_pause_sec"),
    ],
)
def test_a_least_value_above_the_greatest_is_refused(
    config: Config, section: str, low: str, high: str
) -> None:
    config[section] |= {low: 721, high: 720}
    expected = f"config, {section}: {low}: found 721; allowed: at most {high}, which is 720"
    assert refused(config) == expected
    config[section][low] = 720
    checked_config(config)
