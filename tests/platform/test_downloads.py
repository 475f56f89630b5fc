"""The stream of a video: addresses that expire, downloads that break off, files that are odd."""

from collections.abc import Callable
from typing import Any

import pytest
from loopback_jobs import Jobs
from loopback_site import loopback_site
from loopback_streams import stream_bytes
from loopback_videos import Fault, Video

from signverse.errors import MachineError

MakeJobs = Callable[..., Jobs]
WHOLE = stream_bytes("160")


def small(*faults: Fault, **facts: Any) -> Video:
    return Video("a", max_height=144, tracks=(), faults={"stream": list(faults)}, **facts)


# Addresses that expire --------------------------------------------------------------------------


def test_a_refused_address_is_renewed_by_exactly_one_more_extraction(jobs: MakeJobs) -> None:
    with loopback_site(small(Fault("expired"))) as site:
        facts = jobs(site).fetch("a")
        assert len(site.extractions("a")) == 2
        assert [one.status for one in site.requests("stream")] in ([403, 200], [403, 206])
    assert (facts["status"], facts["refreshed"], facts["format_id"]) == ("ok", True, "160")


def test_an_address_that_says_it_has_expired_is_renewed_before_it_is_asked(jobs: MakeJobs) -> None:
    with loopback_site(small(lifetime_sec=-1)) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        site.add(small())
        assert job.fetch_video("a")["refreshed"] is True
        assert [one.status // 100 for one in site.requests("stream")] == [2]
        assert len(site.extractions("a")) == 2


def test_an_address_that_expires_again_fails_the_job_and_is_no_tombstone(jobs: MakeJobs) -> None:
    with loopback_site(small(Fault("expired", times=2))) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        with pytest.raises(MachineError, match="HTTP Error 403") as caught:
            job.fetch_video("a")
        assert caught.value.status == "unknown"
        assert len(site.extractions("a")) == 2
        assert not job.path("a", "video.mp4").exists()
        assert job.fetch_video("a")["status"] == "ok"
        assert len(site.extractions("a")) == 3


def test_a_video_that_was_removed_meanwhile_is_found_by_the_renewal(jobs: MakeJobs) -> None:
    with loopback_site(small()) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        site.add(small(Fault("expired"), state="removed"))
        assert job.fetch_video("a")["status"] == "removed"
        assert len(site.extractions("a")) == 2


# Downloads that break off -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset", "stall"])
def test_the_next_job_goes_on_where_a_download_broke_off(jobs: MakeJobs, kind: str) -> None:
    with loopback_site(small(Fault(kind))) as site:
        job = jobs(site, platform={"timeout_sec": 0.3})
        job.fetch_metadata("a")
        with pytest.raises(MachineError, match=r"^network: "):
            job.fetch_video("a")
        (part,) = job.path("a", "video.mp4.parts").iterdir()
        done = part.stat().st_size
        assert 0 < done < len(WHOLE)
        assert job.fetch_video("a")["status"] == "ok"
        assert site.streams("a")[1][1].startswith(f"bytes={done}-")  # type: ignore[union-attr]
        assert len(site.extractions("a")) == 1
    assert job.path("a", "video.mp4").read_bytes() == WHOLE
    assert not job.path("a", "video.mp4.parts").exists()


def test_a_retry_within_the_job_goes_on_too(jobs: MakeJobs) -> None:
    with loopback_site(small(Fault("reset"))) as site:
        job = jobs(site, platform={"retries": 1})
        assert job.fetch("a")["status"] == "ok"
        assert int(site.streams("a")[1][1][6:].partition("-")[0]) > 0  # type: ignore[index]
        assert site.bytes_served("stream") < 2 * len(WHOLE)
    assert job.path("a", "video.mp4").read_bytes() == WHOLE


# Files that are not what they should be ---------------------------------------------------------


def test_a_truncated_file_is_fetched_again_and_never_ok(jobs: MakeJobs) -> None:
    with loopback_site(small(Fault("truncated", times=2))) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        for _ in range(2):
            with pytest.raises(MachineError, match="bytes") as caught:
                job.fetch_video("a")
            assert caught.value.status == "network"
            assert not job.path("a", "video.mp4").exists()
            assert not job.path("a", "video.json").exists()
        assert job.fetch_video("a")["flags"] == []
    assert job.path("a", "video.mp4").read_bytes() == WHOLE


def test_a_page_in_place_of_a_video_is_never_one(jobs: MakeJobs) -> None:
    with loopback_site(small(Fault("html", times=None))) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        with pytest.raises(MachineError, match=r"^network: a web page instead of a video$"):
            job.fetch_video("a")
    assert not job.path("a", "video.mp4").exists()


@pytest.mark.parametrize(
    ("stated", "flags"),
    [(2, []), (3, []), (60, ["shorter_than_stated"])],
)
def test_another_duration_than_stated_is_flagged(
    jobs: MakeJobs, stated: int, flags: list[str]
) -> None:
    with loopback_site(small(duration_sec=stated)) as site:
        facts = jobs(site).fetch("a")
    assert (facts["status"], facts["flags"]) == ("ok", flags)
    assert facts["stated_duration_sec"] == stated
    assert facts["duration_sec"] == pytest.approx(2, abs=0.1)


def test_a_video_has_its_name_only_when_it_is_whole(jobs: MakeJobs) -> None:
    """While it comes slowly, nothing stands under the name."""
    slow = Fault("slow", bytes_per_sec=len(WHOLE) * 4)
    with loopback_site(small(slow)) as site:
        job = jobs(site)
        job.fetch_metadata("a")
        seen: list[bool] = []
        waits = site.closing.wait
        site.closing.wait = lambda timeout=None: (  # type: ignore[method-assign]
            seen.append(job.path("a", "video.mp4").exists()) or waits(timeout)
        )
        job.fetch_video("a")
    assert seen
    assert not any(seen)
