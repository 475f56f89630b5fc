"""Which stream of the platform's ladder the project takes, and that it asks only once."""

from collections.abc import Callable
from typing import Any

import av
import pytest
from loopback_jobs import Jobs
from loopback_site import loopback_site
from loopback_streams import BY_ITAG, stream_bytes
from loopback_videos import Video

from signverse.errors import MachineError

MakeJobs = Callable[..., Jobs]
AUDIO = {itag for itag, one in BY_ITAG.items() if not one.video}
COMBINED = {itag for itag, one in BY_ITAG.items() if one.video and one.audio}
WITHIN = "the greatest height within 360 to 720 px"
LEAST_WORK = "; the least work of 2 of this height (avc1)"


def chosen(make: MakeJobs, video: Video, **settings: Any) -> tuple[str, str, int]:
    """Itag, reason and number of alternatives of the stream that is taken of a video."""
    with loopback_site(video) as site:
        found = make(site).fetch_metadata(video.video_id, **settings)["format"]
    return found["format_id"], found["reason"].replace("; ", "\n", 1), found["alternatives"]


def reason(first: str, more: str = LEAST_WORK) -> str:
    return first + more.replace("; ", "\n", 1)


def test_of_the_whole_ladder_720p_without_sound_in_h264_is_taken(jobs: MakeJobs) -> None:
    assert chosen(jobs, Video("a")) == ("136", reason(WITHIN), 14)


@pytest.mark.parametrize(
    ("max_height_px", "itag"), [(1080, "137"), (1079, "136"), (480, "135"), (400, "134")]
)
def test_max_height_is_the_upper_limit(jobs: MakeJobs, max_height_px: int, itag: str) -> None:
    found = chosen(jobs, Video("a"), max_height_px=max_height_px)
    assert found[:2] == (itag, reason(f"the greatest height within 360 to {max_height_px} px"))


def test_where_only_larger_streams_exist_the_lowest_of_them_is_taken(jobs: MakeJobs) -> None:
    found = chosen(jobs, Video("a", min_height=720), max_height_px=480)
    assert found[:2] == ("136", reason("no height within 360 to 480 px: the lowest above"))


def test_where_only_smaller_streams_exist_the_greatest_of_them_is_taken(jobs: MakeJobs) -> None:
    found = chosen(jobs, Video("a", max_height=240))
    assert found[:2] == ("133", reason("no height of 360 px or more: the greatest"))


def test_below_min_height_the_next_larger_stream_is_better(jobs: MakeJobs) -> None:
    """240p is above the upper limit, 144p below the lower one."""
    settings = {"min_height_px": 200, "max_height_px": 220}
    found = chosen(jobs, Video("a", max_height=240), **settings)
    assert found[:2] == ("133", reason("no height within 200 to 220 px: the lowest above"))


def test_a_stream_with_sound_is_taken_only_where_there_is_none_without(
    jobs: MakeJobs, tmp_path: Any
) -> None:
    video = Video("a", state="combined_only", min_height=360, max_height=360)
    with loopback_site(video) as site:
        job = jobs(site)
        found = job.fetch_metadata("a")["format"]
        job.fetch_video("a")
        assert {itag for itag, _ in site.streams()} == {"18"}
    assert found["format_id"] == "18"
    assert found["reason"] == f"{WITHIN}; no stream without sound"
    with av.open(str(job.path("a", "video.mp4"))) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_the_stream_that_was_chosen_comes_and_no_sound_is_ever_asked_for(jobs: MakeJobs) -> None:
    with loopback_site(Video("-abc", max_height=360)) as site:
        job = jobs(site)
        assert job.fetch("-abc")["format_id"] == "134"
        assert {itag for itag, _ in site.streams()} == {"134"}
        assert {itag for itag, _ in site.streams()}.isdisjoint(AUDIO | COMBINED)
    assert job.path("-abc", "video.mp4").read_bytes() == stream_bytes("134")


def test_a_healthy_video_costs_one_extraction_and_one_stream(jobs: MakeJobs) -> None:
    """Pages of chats, comments, pictures of people: nothing else is asked for."""
    video = Video("a", max_height=240, live_chat=True)
    with loopback_site(video) as site:
        job = jobs(site)
        assert job.fetch("a")["status"] == "ok"
        assert len(site.extractions("a")) == 1
        assert [one.status for one in site.requests("stream")] in ([200], [206])
        assert {one.kind for one in site.asked} <= {"extraction", "api", "subtitles", "stream"}
        assert len(site.requests("api")) <= 1


def test_fetch_video_asks_for_nothing_but_the_stream(jobs: MakeJobs) -> None:
    with loopback_site(Video("a", max_height=240)) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        site.asked.clear()
        facts = job.fetch_video("a")
        assert {one.kind for one in site.asked} == {"stream"}
    assert (facts["status"], facts["refreshed"], facts["flags"]) == ("ok", False, [])


def test_a_platform_that_names_storyboards_only_is_the_worlds_fault(jobs: MakeJobs) -> None:
    with loopback_site(Video("a", state="without_formats")) as site:
        job = jobs(site)
        with pytest.raises(MachineError, match="names no streams") as caught:
            job.fetch_metadata("a")
    assert caught.value.status == "unknown"
    assert job.written() == {}


def test_streams_with_drm_are_never_taken(jobs: MakeJobs) -> None:
    with loopback_site(Video("a", state="drm", max_height=240)) as site:
        job = jobs(site)
        assert job.fetch("a")["status"] == "no_video_stream"
        assert site.streams() == []


# What is kept of people -------------------------------------------------------------------------


PERSON = {
    "description": "Write to teacher@example.org",
    "channel": "Teacher of Signs",
    "uploader": "Teacher of Signs",
    "uploader_id": "@teacher-of-signs",
}


def kept_personal(make: MakeJobs, *fields: str) -> tuple[dict[str, Any], set[str]]:
    """`personal_data` of metadata.json, and which words about a person stand in any product."""
    with loopback_site(Video("a", max_height=240)) as site:
        job = make(site)
        document = job.fetch_metadata("a", personal_data=list(fields))
        job.fetch_video("a")
        assert document["channel_id"] == "UC0123456789abcdefghijkl"
        assert not [one for one in site.asked if one.kind == "other"]
    texts = b"".join(data for name, data in job.written().items() if name.endswith(".json"))
    pictures = {name for name in ("/vi/", "avatar", "thumbnail") if name.encode() in texts}
    return document["personal_data"], pictures | {w for w in PERSON.values() if w.encode() in texts}


def test_of_people_nothing_but_the_channels_id_is_kept_by_default(jobs: MakeJobs) -> None:
    assert kept_personal(jobs) == ({}, set())


@pytest.mark.parametrize("field", PERSON)
def test_a_field_about_a_person_is_kept_where_the_config_says_so(
    jobs: MakeJobs, field: str
) -> None:
    value = PERSON[field]
    assert kept_personal(jobs, field) == ({field: value}, {value})
