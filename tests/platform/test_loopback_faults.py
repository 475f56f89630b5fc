"""Each state and fault of the platform by name, with the class that the project gives it."""

from pathlib import Path

import av
import pytest
import yt_dlp
from loopback_client import OPTIONS, Messages, download, extract, outcome, track
from loopback_site import loopback_site
from loopback_streams import stream_bytes
from loopback_videos import HTTP_FAULTS, OTHER_FAULTS, PLAYABILITY, STATES, Fault, Video
from yt_dlp.networking.exceptions import HTTPError, RequestError

from signverse.errors import MachineError, VideoError
from signverse.outcomes import classify

VIDEO, WORLD = VideoError, MachineError
# State of a video, or fault of an extraction → whose fault it is, and its class.
CLASSES = {
    "private": (VIDEO, "private"),
    "removed": (VIDEO, "removed"),
    "unavailable": (VIDEO, "removed"),
    "terminated": (VIDEO, "removed"),
    "policy": (VIDEO, "removed"),
    "not_recorded": (VIDEO, "removed"),
    "geo_blocked": (VIDEO, "geo_blocked"),
    "copyright_blocked": (VIDEO, "geo_blocked"),
    "age_restricted": (VIDEO, "age_restricted"),
    "members_only": (VIDEO, "members_only"),
    "paid": (VIDEO, "members_only"),
    "upcoming": (VIDEO, "not_a_video"),
    "premiere": (VIDEO, "not_a_video"),
    "audio_only": (VIDEO, "no_video_stream"),
    "drm": (VIDEO, "no_video_stream"),
    "processing": (WORLD, "unknown"),
    "client_refused": (WORLD, "unknown"),
    "bot_check": (WORLD, "bot_check"),
    "captcha": (WORLD, "bot_check"),
    "session_limited": (WORLD, "rate_limited"),
}
OF_THE_WEB = {
    "rate_limited": (WORLD, "rate_limited"),
    "forbidden": (WORLD, "rate_limited"),  # yt-dlp does not tell 403 from 429
    "unauthorised": (WORLD, "unknown"),
    "legal": (VIDEO, "geo_blocked"),
    "not_found": (VIDEO, "removed"),
    "server_error": (WORLD, "network"),
    "reset": (WORLD, "network"),
    "stall": (WORLD, "network"),
    "truncated": (WORLD, "rate_limited"),
    "html": (WORLD, "rate_limited"),
}


@pytest.mark.parametrize("state", CLASSES)
def test_a_state_has_its_class_and_stays(state: str):
    whose, status = CLASSES[state]
    with loopback_site(Video("a", state=state)) as site:
        for _ in range(2):
            found = outcome(site, "a")
            assert isinstance(found, whose)
            assert found.status == status
        assert len(site.extractions("a")) == 2


@pytest.mark.parametrize("kind", [*OF_THE_WEB, *(k for k in CLASSES if k in PLAYABILITY)])
def test_a_fault_of_an_extraction_has_its_class_and_passes(kind: str):
    whose, status = (OF_THE_WEB | CLASSES)[kind]
    with loopback_site(Video("a", faults={"extraction": [Fault(kind)]})) as site:
        found = outcome(site, "a")
        assert isinstance(found, whose)
        assert found.status == status
        assert outcome(site, "a") is None


def test_every_state_and_every_fault_is_tested_here():
    elsewhere = {"live", "combined_only", "without_formats", "slow", "garbage", "expired"}
    assert {*STATES, *HTTP_FAULTS, *OTHER_FAULTS} == {*CLASSES, *OF_THE_WEB} | elsewhere


def test_a_video_that_is_live_says_so():
    with loopback_site(Video("a", state="live")) as site:
        assert extract(site, "a")["live_status"] == "is_live"


def test_a_video_may_have_no_stream_of_pictures_alone():
    with loopback_site(Video("a", state="combined_only")) as site:
        formats = extract(site, "a", format="b")["formats"]
    assert {one["format_id"] for one in formats} == {"sb0", "18", "22"}


def test_a_video_of_which_only_pictures_are_listed_fails_as_one_with_sound_only():
    """What a client says that YouTube gives no addresses; the message alone does not tell."""
    with loopback_site(Video("a", state="without_formats")) as site:
        found = outcome(site, "a")
        info = extract(site, "a", ignore_no_formats_error=True)
    assert found is not None
    assert "Requested format is not available" in str(found)
    assert [one["format_id"] for one in info["formats"]] == ["sb0"]


def test_a_video_that_nobody_put_there_is_unavailable():
    with loopback_site() as site:
        found = outcome(site, "nobody")
    assert str(found) == "removed: nobody: Video unavailable"


def test_faults_are_met_one_after_the_other_and_counted_off():
    faults = [Fault("bot_check", times=2), Fault("server_error")]
    with loopback_site(Video("a", faults={"extraction": faults})) as site:
        found = [getattr(outcome(site, "a"), "status", "ok") for _ in range(4)]
        assert found == ["bot_check", "bot_check", "network", "ok"]
        site.add(Video("a", faults={"extraction": [Fault("bot_check", times=None)]}))
        assert [getattr(outcome(site, "a"), "status", "ok") for _ in range(5)] == ["bot_check"] * 5


def test_yt_dlp_itself_asks_again_after_an_error_of_the_server():
    with loopback_site(Video("a", faults={"extraction": [Fault("server_error")]})) as site:
        assert outcome(site, "a", extractor_retries=1) is None
        assert [one.status for one in site.requests("extraction", "a")] == [503, 200]


@pytest.mark.parametrize("after", [None, 7, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_429_is_seen_in_the_requests_though_not_in_the_error(after: int | str | None):
    """yt-dlp's YouTube extractor makes a warning of it; only `urlopen` sees the header."""
    seen: list[str | None] = []

    class Watching(yt_dlp.YoutubeDL):
        def urlopen(self, request):
            try:
                return super().urlopen(request)
            except HTTPError as error:
                seen.append(error.response.headers.get("Retry-After"))
                raise

    messages = Messages()
    faults = {"extraction": [Fault("rate_limited", retry_after=after)]}
    with (
        loopback_site(Video("a", faults=faults)) as site,
        Watching(OPTIONS | {"logger": messages}) as downloader,
        pytest.raises(yt_dlp.utils.DownloadError, match="Failed to extract any player") as caught,
    ):
        downloader.extract_info(site.url("a"), download=False)
    assert "429" not in str(caught.value)
    assert all("HTTP Error 429" in message for message in messages.warnings)
    assert set(seen) == {None if after is None else str(after)}


def download_error(path: Path, *faults: Fault, **options: object) -> VideoError | MachineError:
    with loopback_site(Video("a", faults={"stream": list(faults)})) as site:
        info = extract(site, "a")
        with pytest.raises(yt_dlp.utils.YoutubeDLError) as caught:
            download(info, path, **options)
    return classify(str(caught.value))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *(("rate_limited", "rate_limited"), ("server_error", "network")),
        *(("reset", "network"), ("stall", "network"), ("forbidden", "unknown")),
    ],
)
def test_a_fault_of_a_stream_has_its_class(tmp_path: Path, kind: str, status: str):
    found = download_error(tmp_path / "video.mp4", Fault(kind))
    assert isinstance(found, MachineError)
    assert found.status == status


@pytest.mark.parametrize("kind", ["reset", "stall"])
def test_after_half_a_file_yt_dlp_asks_for_the_rest(tmp_path: Path, kind: str):
    with loopback_site(Video("a", faults={"stream": [Fault(kind)]})) as site:
        info = extract(site, "a")
        assert download(info, tmp_path / "video.mp4", retries=1) == stream_bytes("160")
        first, second = site.streams("a")
        assert second[1].startswith("bytes=")
        assert int(second[1][6:].partition("-")[0]) > 0
        assert first[1] is None or first[1].startswith("bytes=0-")


def test_expired_addresses_are_refused_until_extracted_anew(tmp_path: Path):
    with loopback_site(Video("a", faults={"stream": [Fault("expired")]})) as site:
        old = extract(site, "a")
        for _ in range(2):
            with pytest.raises(yt_dlp.utils.DownloadError, match="HTTP Error 403"):
                download(old, tmp_path / "video.mp4")
        assert download(extract(site, "a"), tmp_path / "video.mp4") == stream_bytes("160")
        assert [one.status for one in site.requests("stream", "a")][:2] == [403, 403]


def test_addresses_expire_by_themselves_and_cannot_be_altered(tmp_path: Path):
    with loopback_site(Video("old", lifetime_sec=-1), Video("new")) as site:
        for video_id in ("old", "new"):
            info = extract(site, video_id)
            for one in info["formats"]:
                one["url"] = one["url"].replace("id=new", "id=old")
            with pytest.raises(yt_dlp.utils.DownloadError, match="HTTP Error 403"):
                download(info, tmp_path / "video.mp4")


@pytest.mark.parametrize("kind", ["truncated", "html", "garbage"])
def test_a_damaged_file_arrives_without_an_error_of_the_web(tmp_path: Path, kind: str):
    with loopback_site(Video("a", faults={"stream": [Fault(kind)]})) as site:
        data = download(extract(site, "a"), tmp_path / "video.mp4")
    assert data != stream_bytes("160")
    with pytest.raises(av.error.InvalidDataError), av.open(str(tmp_path / "video.mp4")) as file:
        list(file.decode(video=0))


def test_a_slow_stream_takes_its_time(tmp_path: Path):
    size = len(stream_bytes("160"))
    slow = Fault("slow", bytes_per_sec=size * 4)
    with loopback_site(Video("a", faults={"stream": [slow]})) as site:
        download(extract(site, "a"), tmp_path / "video.mp4", socket_timeout=2)
        asked = site.requests("stream", "a")[0]
    assert 0.2 < asked.done - asked.when < 2


def test_a_fault_may_meet_one_language_or_one_stream_only(tmp_path: Path):
    faults = {
        "subtitles": [Fault("rate_limited", only="de", times=None)],
        "stream": [Fault("server_error", only="160", times=None)],
    }
    with loopback_site(Video("a", faults=faults)) as site:
        info = extract(site, "a")
        assert track(info, "automatic_captions", "fr", "vtt").startswith(b"WEBVTT")
        with pytest.raises(HTTPError, match="429"):
            track(info, "automatic_captions", "de", "vtt")
        with pytest.raises(yt_dlp.utils.DownloadError, match="503"):
            download(info, tmp_path / "a.mp4")
        assert download(info, tmp_path / "b.webm", itag="278") == stream_bytes("278")


@pytest.mark.parametrize("kind", ["reset", "stall", "server_error", "not_found"])
def test_a_fault_of_a_track_passes(kind: str):
    with loopback_site(Video("a", faults={"subtitles": [Fault(kind)]})) as site:
        info = extract(site, "a")
        with pytest.raises(RequestError):
            track(info, "subtitles", "en", "vtt")
        assert track(info, "subtitles", "en", "vtt").startswith(b"WEBVTT")
