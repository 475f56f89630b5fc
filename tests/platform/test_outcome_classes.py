"""Each outcome class by its name: what the project's jobs leave of a video that meets it."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from loopback_jobs import Jobs
from loopback_site import LoopbackSite, loopback_site
from loopback_streams import stream_bytes
from loopback_videos import STATES, Fault, Video
from pretended_corpus import plan_of

from signverse.errors import InputError, MachineError
from signverse.files import read_json
from signverse.outcomes import VIDEO_FAULTS, WORLD_FAULTS
from signverse.retries import find_lost, remove_lost

MakeJobs = Callable[..., Jobs]

# Class of a video's fault → the platform's states that lead to it.
OF_VIDEOS = {
    "private": ("private",),
    "removed": ("removed", "unavailable", "terminated", "policy", "not_recorded"),
    "geo_blocked": ("geo_blocked", "copyright_blocked"),
    "age_restricted": ("age_restricted",),
    "members_only": ("members_only", "paid"),
    "not_a_video": ("live", "upcoming", "premiere"),
    "no_video_stream": ("audio_only", "drm"),
    "undecodable": (),  # of the stream
    "excluded": (),  # of the config
}
# Class of the world's fault → states that pass, and faults of an extraction and of a stream.
OF_THE_WORLD = {
    "rate_limited": (("session_limited",), ("rate_limited",), ("rate_limited",)),
    "bot_check": (("bot_check", "captcha"), (), ()),
    "network": (
        (),
        ("server_error", "reset", "stall"),
        ("server_error", "reset", "stall", "truncated", "html"),
    ),
    "disk_full": ((), (), ()),  # of this machine
    "unknown": (("processing", "client_refused", "without_formats"), ("unauthorised",), ()),
}
PAUSES = ("rate_limited", "bot_check")  # the job waits and asks again


def small(video_id: str = "a", **facts: object) -> Video:
    return Video(video_id, max_height=144, tracks=(), **facts)  # type: ignore[arg-type]


def test_every_class_and_every_state_has_its_test_here() -> None:
    assert {*OF_VIDEOS} == {*VIDEO_FAULTS}
    assert {*OF_THE_WORLD} == {*WORLD_FAULTS}
    states = {state for found in OF_VIDEOS.values() for state in found}
    states |= {state for found, _, _ in OF_THE_WORLD.values() for state in found}
    assert states == {*STATES} - {"combined_only"}


@pytest.mark.parametrize(
    ("status", "state"), [(status, state) for status, found in OF_VIDEOS.items() for state in found]
)
def test_the_videos_own_fault_is_a_tombstone_in_every_product(
    jobs: MakeJobs, status: str, state: str
) -> None:
    with loopback_site(small(state=state)) as site:
        job = jobs(site)
        job.fetch("a")
        job.structure_captions("a")
        assert len(site.extractions("a")) == 1
        assert site.streams("a") == site.subtitles("a") == []
    names = ("metadata.json", "subtitles.json", "download.json", "captions.json", "video.json")
    stones = [read_json(job.path("a", name)) for name in (*names, "video.mp4")]
    assert [stone["status"] for stone in stones] == [status] * 6
    assert stones == stones[:1] * 6
    assert stones[0].keys() == {"video_id", "status", "reason"}
    assert stones[0]["reason"]


def test_undecodable_is_found_by_opening_the_file(jobs: MakeJobs) -> None:
    garbage = {"stream": [Fault("garbage", times=None)]}
    with loopback_site(small(faults=garbage)) as site:
        job = jobs(site)
        assert job.fetch("a")["status"] == "undecodable"
        assert len(site.streams("a")) == 2  # once more from its beginning: pieces may not fit
    assert read_json(job.path("a", "video.mp4"))["status"] == "undecodable"
    assert job.document("a", "metadata")["status"] == "ok"  # only what is broken is lost
    assert not job.path("a", "video.mp4.parts").exists()


def test_excluded_is_for_the_config_to_say_and_no_job_asks_for_such_a_video() -> None:
    """What becomes of its products: tests/workflow/test_exclude.py."""
    plan = plan_of(["a", "b"], excluded={"a": "asked to be left out (2026-11-22)"})
    assert plan.active("00000") == ["b"]
    with pytest.raises(InputError, match="excluded"):
        plan.entry("a")


def fails_with(status: str, job: Callable[[], object]) -> MachineError:
    with pytest.raises(MachineError) as caught:
        job()
    assert caught.value.status == status
    assert str(caught.value).startswith(f"{status}: ")
    return caught.value


@pytest.mark.parametrize(
    ("status", "state", "kind"),
    [(s, state, "") for s, (states, _, _) in OF_THE_WORLD.items() for state in states]
    + [(s, "", kind) for s, (_, kinds, _) in OF_THE_WORLD.items() for kind in kinds],
)
def test_the_worlds_fault_is_no_tombstone_and_passes(
    jobs: MakeJobs, status: str, state: str, kind: str
) -> None:
    faults = {"extraction": [Fault(kind)]} if kind else {}
    with loopback_site(small(state=state, faults=faults)) as site:
        job = jobs(site, sleep=lambda _: site.add(small()), platform={"timeout_sec": 0.2})
        if status not in PAUSES:
            fails_with(status, lambda: job.fetch_metadata("a"))
            assert job.written() == {}
            site.add(small())
        assert job.fetch_metadata("a")["status"] == "ok"
        assert len(site.extractions("a")) == 2


@pytest.mark.parametrize(
    ("status", "kind"), [(s, kind) for s, (_, _, kinds) in OF_THE_WORLD.items() for kind in kinds]
)
def test_the_worlds_fault_of_a_stream_is_no_tombstone_and_passes(
    jobs: MakeJobs, status: str, kind: str
) -> None:
    # A page in place of the file may be about an expired address: a fresh one is tried.
    times = 2 if kind == "html" else 1
    with loopback_site(small(faults={"stream": [Fault(kind, times=times)]})) as site:
        job = jobs(site, platform={"timeout_sec": 0.3})
        job.fetch_metadata("a")
        if status not in PAUSES:
            fails_with(status, lambda: job.fetch_video("a"))
            assert not job.path("a", "video.mp4").exists()
            assert not job.path("a", "video.json").exists()
        assert job.fetch_video("a")["status"] == "ok"
    assert job.path("a", "video.mp4").read_bytes() == stream_bytes("160")


@pytest.mark.parametrize("kind", ["server_error", "reset", "stall"])
def test_the_network_may_fail_at_a_caption_track_too(jobs: MakeJobs, kind: str) -> None:
    video = Video("a", max_height=144, faults={"subtitles": [Fault(kind)]})
    with loopback_site(video) as site:
        job = jobs(site, platform={"timeout_sec": 0.3})
        fails_with("network", lambda: job.fetch_metadata("a"))
        assert job.written() == {}
        job.fetch_metadata("a")
        assert [track["problem"] for track in job.tracks("a")] == [None, None]


def test_disk_full_is_said_in_one_line_before_anybody_is_asked(jobs: MakeJobs) -> None:
    with loopback_site(small()) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        with pytest.raises(MachineError, match=r"GB free .* min_free_gb") as caught:
            job.fetch_video("a", min_free_gb=1e9)
        assert site.streams() == []
    assert caught.value.status == "disk_full"
    assert "\n" not in str(caught.value)


def test_disk_full_in_the_middle_of_a_download_is_the_worlds_fault(jobs: MakeJobs) -> None:
    with loopback_site(small(faults={"stream": [Fault("reset")]})) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        fails_with("network", lambda: job.fetch_video("a"))
        (part,) = job.path("a", "video.mp4.parts").iterdir()
        part.unlink()
        part.symlink_to("/dev/full")  # as if the disk had no room for what follows
        fails_with("disk_full", lambda: job.fetch_video("a"))
        assert not job.path("a", "video.mp4").exists()
        part.unlink()
        assert job.fetch_video("a")["status"] == "ok"


# Trying lost videos again -----------------------------------------------------------------------


def lost_and_found(site: LoopbackSite, job: Jobs, reason: str) -> list[str]:
    """Remove the tombstones of a class, and say of which videos."""
    found = list(find_lost(job.folder, plan_of(list(site.videos)), [reason]))
    remove_lost(job.folder, found)
    return [lost.video_id for lost in found]


def test_a_lost_video_that_came_back_is_fetched_after_retry_of_its_class(jobs: MakeJobs) -> None:
    private, members = small("a", state="private"), small("b", state="members_only")
    with loopback_site(private, members) as site:
        job = jobs(site)
        for video_id in "ab":
            job.fetch(video_id)
        site.add(small("a"), small("b"))
        assert lost_and_found(site, job, "geo_blocked") == []
        assert lost_and_found(site, job, "private") == ["a"]
        assert not list(job.path("a", "").glob("*"))
        assert job.fetch("a")["status"] == "ok"
        assert job.document("b", "metadata")["status"] == "members_only"


def test_a_broken_file_is_fetched_again_without_another_extraction(jobs: MakeJobs) -> None:
    with loopback_site(small(faults={"stream": [Fault("garbage", times=2)]})) as site:
        job = jobs(site)
        assert job.fetch("a")["status"] == "undecodable"
        assert lost_and_found(site, job, "undecodable") == ["a"]
        assert job.fetch_video("a")["status"] == "ok"
        assert len(site.extractions("a")) == 1


def test_a_tombstone_says_what_the_platform_said(
    jobs: MakeJobs, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with loopback_site(small(state="members_only")) as site, caplog.at_level(logging.WARNING):
        reason = jobs(site).fetch_metadata("a")["reason"]
    assert reason.startswith("a: Join this channel to get access to members-only content")
    assert f"members_only: {reason}" in caplog.messages
