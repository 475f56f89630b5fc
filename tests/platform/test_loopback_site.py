"""The platform that other tests rely on: its videos, and what it counts."""

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import av
import pytest
from loopback_client import cookies, download, extract, track
from loopback_site import loopback_site, plugin_environment
from loopback_streams import LADDER, stream_bytes
from loopback_videos import AUTOMATIC, ENGLISH, GERMAN, Fault, Track, Video

HEALTHY = Video("-abc", tracks=(ENGLISH, GERMAN, AUTOMATIC), live_chat=True)


@pytest.fixture(scope="module")
def info() -> dict[str, Any]:
    with loopback_site(HEALTHY) as site:
        return extract(site, "-abc")


def test_an_info_has_the_facts_of_the_video_as_youtubes_has_them(info: dict[str, Any]):
    expected = {
        "id": "-abc",
        "title": HEALTHY.title,
        "description": HEALTHY.description,
        "duration": 2,
        "channel": HEALTHY.channel,
        "uploader": HEALTHY.channel,
        "uploader_id": HEALTHY.handle,
        "channel_id": HEALTHY.channel_id,
        "license": HEALTHY.licence,
        "upload_date": "20240301",
        "timestamp": 1709314200,
        "availability": "public",
        "live_status": "not_live",
        "age_limit": 0,
        "tags": list(HEALTHY.tags),
        "view_count": 1234,
        "comment_count": 56,
    }
    assert {key: info[key] for key in expected} == expected
    # The language spoken stands with the sound only, as YouTube knows it from its own captions.
    assert "language" not in info
    spoken = {one["format_id"]: one.get("language") for one in info["formats"]}
    assert (spoken["140"], spoken["18"], spoken["160"]) == ("en", "en", None)
    assert info["webpage_url"].startswith("http://127.0.0.1:")
    assert info["thumbnails"]


def test_the_formats_are_a_ladder_of_pictures_sound_both_and_storyboards(info: dict[str, Any]):
    kinds = {
        one["format_id"]: (one["vcodec"] != "none", one["acodec"] != "none")
        for one in info["formats"]
    }
    assert kinds["sb0"] == (False, False)
    assert kinds["140"] == kinds["251"] == (False, True)
    assert kinds["18"] == kinds["22"] == (True, True)
    only_pictures = {
        (one["height"], one["ext"])
        for one in info["formats"]
        if kinds[one["format_id"]] == (True, False)
    }
    heights = (144, 240, 360, 480, 720, 1080)
    assert only_pictures == {(height, ext) for height in heights for ext in ("mp4", "webm")}
    for one in info["formats"]:
        if one["format_id"] != "sb0":
            assert "sig=" in one["url"]
            assert "expire=" in one["url"]
            assert one["filesize"] > 0
            assert one["http_headers"]["User-Agent"]


@pytest.mark.parametrize("one", LADDER, ids=lambda one: str(one.itag))
def test_the_file_behind_a_format_is_what_is_stated(one: Any):
    with av.open(io.BytesIO(stream_bytes(str(one.itag)))) as file:
        assert abs(file.duration / 1_000_000 - 2) < 0.1
        assert len(file.streams.audio) == bool(one.audio)
        sizes = [(stream.width, stream.height) for stream in file.streams.video]
    assert sizes == ([(one.width, one.height)] if one.video else [])


def test_a_ladder_can_be_cut_at_both_ends():
    with loopback_site(Video("a", min_height=240, max_height=360)) as site:
        heights = {one["height"] for one in extract(site, "a")["formats"] if one.get("vbr")}
    assert heights == {240, 360}


def test_manual_automatic_translated_tracks_and_live_chat_are_listed_as_youtubes(
    info: dict[str, Any],
):
    assert list(info["subtitles"]) == ["en", "de", "live_chat"]
    chat = info["subtitles"]["live_chat"][0]
    assert chat["protocol"] == "youtube_live_chat_replay"
    assert chat["url"].startswith("http://127.0.0.1:")
    formats = ["json3", "srv1", "srv2", "srv3", "ttml", "srt", "vtt"]
    assert [one["ext"] for one in info["subtitles"]["en"]] == formats
    automatic = info["automatic_captions"]
    assert list(automatic) == ["en-orig", "en", "de", "fr"]
    assert automatic["en-orig"][0]["name"] == "English (Original)"
    translated = {key: "tlang=" in tracks[0]["url"] for key, tracks in automatic.items()}
    assert translated == {"en-orig": False, "en": False, "de": True, "fr": True}


def test_tracks_come_in_every_format_and_are_counted_with_language_and_format():
    with loopback_site(HEALTHY) as site:
        info = extract(site, "-abc")
        texts = {
            form: track(info, "subtitles", "de", form).decode()
            for form in ("json3", "srv1", "srv3", "ttml", "srt", "vtt")
        }
        rolling = track(info, "automatic_captions", "en-orig", "vtt").decode()
        translated = json.loads(track(info, "automatic_captions", "de", "json3"))
        assert site.subtitles("-abc")[-2:] == [("en", None, "vtt"), ("en", "de", "json3")]
        assert len(site.subtitles()) == 8
    assert all("Hello everybody," in text for text in texts.values())
    assert "00:00:00,900" in texts["srt"]
    assert "Hello<00:00:00.450><c> everybody,</c>" in rolling
    assert rolling.count("Hello everybody,") == 2  # the hold, and the line above the next one
    assert translated["events"][0]["segs"][0]["utf8"] == "[de]"


def test_a_track_can_be_any_bytes():
    odd = Track("en", "English", raw={"vtt": b"\xff\xfeW"})
    with loopback_site(Video("a", tracks=(odd,))) as site:
        assert track(extract(site, "a"), "subtitles", "en", "vtt") == b"\xff\xfeW"


def test_a_stream_is_downloaded_from_a_saved_info_and_counted(tmp_path: Path):
    with loopback_site(HEALTHY) as site:
        info = json.loads(json.dumps(extract(site, "-abc")))
        assert download(info, tmp_path / "video.mp4") == stream_bytes("160")
        assert len(site.extractions("-abc")) == len(site.extractions()) == 1
        assert [itag for itag, _ in site.streams("-abc")] == ["160"]
        assert site.bytes_served("stream") == len(stream_bytes("160"))


def test_a_partial_download_goes_on_where_it_broke_off(tmp_path: Path):
    whole = stream_bytes("160")
    with loopback_site(HEALTHY) as site:
        info = extract(site, "-abc")
        (tmp_path / "video.mp4.part").write_bytes(whole[:1000])
        assert download(info, tmp_path / "video.mp4") == whole
        assert site.streams("-abc")[0][1].startswith("bytes=1000-")
        assert site.bytes_served("stream") == len(whole) - 1000


def test_cookies_are_seen_and_can_open_a_video():
    with loopback_site(Video("a", state="age_restricted", unlocked_by="SID")) as site:
        extract(site, "a", cookiefile=cookies("SID", "secret"))
        assert site.requests("extraction", "a")[0].cookies["SID"] == "secret"


def test_the_greatest_number_of_requests_at_the_same_time_is_known(tmp_path: Path):
    stalled = {"stream": [Fault("stall", times=2)]}
    with loopback_site(Video("a", faults=stalled)) as site:
        info = extract(site, "a")
        assert site.most_at_once() == 1

        def give_up(number: int) -> None:
            with pytest.raises(Exception, match="timed out"):
                download(info, tmp_path / f"{number}.mp4")

        threads = [threading.Thread(target=give_up, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert site.most_at_once("stream") == 2
        assert site.most_at_once("extraction") == 1


def test_two_sites_do_not_mix():
    with loopback_site(Video("a", title="One")) as one, loopback_site(Video("a")) as two:
        assert extract(one, "a")["title"] == "One"
        assert extract(two, "a")["title"] != "One"
        assert len(one.extractions()) == len(two.extractions()) == 1


def test_another_process_finds_the_plugin_and_the_stdlib_keeps_its_platform(root: Path):
    code = (
        "import platform, sys, yt_dlp\n"
        "assert platform.system()\n"
        "options = {'quiet': True, 'format': 'bv'}\n"
        "print(yt_dlp.YoutubeDL(options).extract_info(sys.argv[1], download=False)['id'])\n"
    )
    with loopback_site(HEALTHY) as site:
        done = subprocess.run(
            [sys.executable, "-c", code, site.url("-abc")],
            env=os.environ | plugin_environment(),
            cwd=root / "tests",
            capture_output=True,
            text=True,
        )
    assert done.stdout.strip() == "-abc", done.stderr
    import platform

    assert platform.system()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Fault("no such thing"),
        lambda: Video("a", state="no such thing"),
        lambda: Video("a", faults={"stremas": []}),
    ],
)
def test_a_word_that_the_platform_does_not_know_is_an_error(wrong: Any):
    with pytest.raises(ValueError, match="no such"):
        wrong()
