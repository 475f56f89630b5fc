"""Cookies, proxies and options of the config: they reach the platform, and stay secret."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_jobs import Jobs
from loopback_site import LoopbackSite, loopback_site
from loopback_videos import Fault, Video

MakeJobs = Callable[..., Jobs]
SECRET = "session-value-3f9c"
LOCKED = Video("a", state="age_restricted", unlocked_by="SID", max_height=144)


@pytest.fixture
def cookies_file(tmp_path: Path) -> Path:
    """As curl and browsers' add-ons write it: the session's cookie is for HTTP only."""
    path = tmp_path / "private" / "cookies.txt"
    path.parent.mkdir()
    path.write_text(f"# a note\n#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tSID\t{SECRET}\n")
    path.chmod(0o400)
    return path


def leaks(job: Jobs, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Products and log messages with the secret in them."""
    products = [name for name, data in job.written().items() if SECRET.encode() in data]
    return products + [message for message in caplog.messages if SECRET in message]


def everything(job: Jobs, caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Fetch a video and structure its captions with all messages logged."""
    with caplog.at_level(logging.DEBUG):
        facts = job.fetch("a")
        job.structure_captions("a")
    return facts


def sent(site: LoopbackSite, kind: str) -> set[str | None]:
    return {one.cookies.get("SID") for one in site.requests(kind)}


def test_without_cookies_the_video_is_age_restricted(jobs: MakeJobs) -> None:
    with loopback_site(LOCKED) as site:
        assert jobs(site).fetch("a")["status"] == "age_restricted"


def test_a_cookies_file_opens_an_age_restricted_video_and_stays_as_it_is(
    jobs: MakeJobs, cookies_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = (cookies_file.read_bytes(), cookies_file.stat().st_mtime_ns)
    with loopback_site(LOCKED) as site:
        job = jobs(site, platform={"cookies_file": str(cookies_file)})
        assert everything(job, caplog)["status"] == "ok"
        assert sent(site, "extraction") == sent(site, "stream") == {SECRET}
    assert (cookies_file.read_bytes(), cookies_file.stat().st_mtime_ns) == before
    assert list(cookies_file.parent.iterdir()) == [cookies_file]
    assert leaks(job, caplog) == []


def test_a_job_that_fails_does_not_tell_the_cookie_either(
    jobs: MakeJobs, cookies_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faults = {"stream": [Fault("server_error")]}
    with loopback_site(Video("a", max_height=144, faults=faults)) as site:
        job = jobs(site, platform={"cookies_file": str(cookies_file)})
        with pytest.raises(Exception, match="503") as caught:
            everything(job, caplog)
    assert SECRET not in str(caught.value)
    assert leaks(job, caplog) == []


def test_cookies_of_a_browser_open_the_video_too(
    jobs: MakeJobs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    with sqlite3.connect(profile / "cookies.sqlite") as database:
        columns = "host, name, value, path, expiry, isSecure, originAttributes"
        database.execute(f"CREATE TABLE moz_cookies ({columns})")
        cookie = ("127.0.0.1", "SID", SECRET, "/", 4_000_000_000, 0, "")
        database.execute("INSERT INTO moz_cookies VALUES (?, ?, ?, ?, ?, ?, ?)", cookie)
    database.close()
    before = (profile / "cookies.sqlite").read_bytes()
    with loopback_site(LOCKED) as site:
        job = jobs(site, platform={"cookies_from_browser": f"firefox:{profile}"})
        assert everything(job, caplog)["status"] == "ok"
        assert sent(site, "extraction") == {SECRET}
    assert (profile / "cookies.sqlite").read_bytes() == before
    assert leaks(job, caplog) == []


def test_requests_of_every_kind_go_by_the_proxy_whose_password_stays_secret(
    jobs: MakeJobs, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform is its own proxy: its addresses lead nowhere without one."""
    with loopback_site(Video("a", max_height=144)) as site:
        proxy = site.address.replace("//", f"//me:{SECRET}@")
        monkeypatch.setenv("OUR_PROXY", proxy)
        job = jobs(site, platform={"yt_dlp": {"proxy": "${OUR_PROXY}"}})
        assert everything(job, caplog)["status"] == "ok"
        assert {one.kind for one in site.asked} >= {"extraction", "subtitles", "stream"}
        assert all("Proxy-Authorization" in one.headers for one in site.asked)
    assert leaks(job, caplog) == []


def test_extractor_arguments_of_the_config_reach_the_extractor(
    jobs: MakeJobs, caplog: pytest.LogCaptureFixture
) -> None:
    arguments = {"youtube": {"visitor_data": [SECRET]}}
    with loopback_site(Video("a", max_height=144)) as site:
        job = jobs(site, platform={"yt_dlp": {"extractor_args": arguments}})
        assert everything(job, caplog)["status"] == "ok"
        assert {one.headers.get("X-Goog-Visitor-Id") for one in site.requests("api")} == {SECRET}
    assert leaks(job, caplog) == []


def test_any_option_of_yt_dlp_may_be_given(
    jobs: MakeJobs, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"http_headers": {"X-Our-Key": SECRET}}
    with loopback_site(Video("a", max_height=144)) as site:
        job = jobs(site, platform={"yt_dlp": headers})
        assert everything(job, caplog)["status"] == "ok"
        assert {one.headers.get("X-Our-Key") for one in site.requests("stream")} == {SECRET}
    assert leaks(job, caplog) == []


def test_signed_addresses_stand_in_download_json_alone(jobs: MakeJobs) -> None:
    with loopback_site(Video("a", max_height=144)) as site:
        job = jobs(site)
        job.fetch("a")
        job.structure_captions("a")
    assert {name for name, data in job.written().items() if b"sig=" in data} == {
        "videos/a/download.json"
    }
