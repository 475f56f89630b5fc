"""Bad input: one clear message, exit code 1, no traceback, nothing written."""

from pathlib import Path

import pytest
from workflow_project import Project, copy_project

pytestmark = pytest.mark.slow


@pytest.fixture
def empty(root: Path, tmp_path: Path) -> Project:
    project = copy_project(root, tmp_path / "project")
    project.configure(manifest="manifest.csv")
    return project


def refusal(project: Project, *arguments: str) -> str:
    """Run; check that it was refused cleanly; return the message."""
    done = project.run(*arguments)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    errors = [line for line in lines if line.startswith("Error: ")]
    assert errors == lines[-1:]
    assert not (project.folder / "results").exists()
    return errors[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["manifest.csv", "no such manifest"]),
        ("", ["manifest.csv", "empty"]),
        ("video_id,sign_language\n", ["manifest.csv", "no rows"]),
        ("abc,ase\nabc,gsg\n", ["line 2", "'abc'", "duplicate", "line 1"]),
        ("video_id,sign_language\na b,ase\n", ["line 2", "'a b'", "malformed"]),
        ("video_id,sign_langage\nabc,ase\n", ["line 1", "'sign_langage'", "sign_language"]),
    ],
    ids=["missing", "empty", "header_only", "duplicate", "malformed_id", "misspelt_column"],
)
def test_a_bad_manifest_is_refused_by_file_row_and_value(
    empty: Project, content: str | None, words: list[str]
) -> None:
    if content is not None:
        (empty.folder / "manifest.csv").write_text(content, encoding="utf-8")
    message = refusal(empty)
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize(
    "content",
    [b"abc,ase\ndef,gsg\n", b"\xef\xbb\xbfvideo_id,sign_language\r\nabc,ase\r\ndef,gsg\r\n"],
    ids=["no_header", "byte_order_mark_and_crlf"],
)
def test_a_manifest_in_another_form_is_accepted(empty: Project, content: bytes) -> None:
    (empty.folder / "manifest.csv").write_bytes(content)
    assert empty.planned()["fetch_metadata"] == 2


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("fetch_video={'keeep': true}", ["fetch_video", "'keeep'", "allowed: keep"]),
        ("estimate_pose={'fps': 24}", ["'estimate_pose'", "estimate_poses"]),
        ("estimate_poses={'fps': '24/s'}", ["estimate_poses: fps", "'24/s'", "number"]),
        ("platform={'timeout_sec': '30s'}", ["timeout_sec", "'30s'", "number"]),
        ("fetch_metadata={'max_height_px': '720p'}", ["max_height_px", "'720p'", "integer"]),
        ("estimate_poses={'estimator': 'openpose'}", ["'openpose'", "mediapipe, dwpose"]),
        (
            "estimate_poses={'estimator': 'dwpose', 'detector': 'nowhere.onnx'}",
            ["estimate_poses", "'nowhere.onnx'", "No such file"],
        ),
        ("estimate_poses={'resize_short_side': 500}", ["resize_short_side", "multiple of 64"]),
        ("select={'videos': ['abc']}", ["'abc'", "not in the manifest"]),
        ("exclude=nowhere.csv", ["exclude", "nowhere.csv"]),
    ],
)
def test_a_bad_config_is_refused_by_key_with_what_is_allowed(
    empty: Project, setting: str, words: list[str]
) -> None:
    (empty.folder / "manifest.csv").write_text("xyz,ase\n", encoding="utf-8")
    message = refusal(empty, "--config", setting)
    assert [word for word in words if word not in message] == []


def test_an_unreachable_platform_fails_the_job_and_makes_no_tombstone(empty: Project) -> None:
    address = "http://127.0.0.1:9/watch"  # the discard port: nobody listens
    manifest = f"video_id,sign_language,url\nabc,ase,{address}\n"
    (empty.folder / "manifest.csv").write_text(manifest, encoding="utf-8")
    settings = "platform={'retries': 0, 'timeout_sec': 2}"
    done = empty.run("--retries", "0", "--config", settings)
    assert done.returncode == 1
    assert "network: " in done.stdout  # the job's log is shown
    assert not list(empty.folder.glob("results/videos/*/*"))


def test_a_disk_that_is_nearly_full_is_told_once_before_anything_is_fetched(empty: Project) -> None:
    (empty.folder / "manifest.csv").write_text("abc,ase\n", encoding="utf-8")
    message = refusal(empty, "--config", "fetch_video={'min_free_gb': 100000000}")
    assert "GB free on the disk" in message
    assert "fetch_video: min_free_gb" in message
    empty.planned("--config", "fetch_video={'min_free_gb': 100000000}")  # a dry run is not refused


def test_a_disk_that_fills_up_during_the_run_is_told_once_at_its_end(empty: Project) -> None:
    """Any failed run looks at the disk; this one fails because nobody listens."""
    manifest = "video_id,sign_language,url\nabc,ase,http://127.0.0.1:9/watch\n"
    (empty.folder / "manifest.csv").write_text(manifest, encoding="utf-8")
    settings = ["platform={'retries': 0}", "fetch_video={'min_free_gb': 100000000}"]
    done = empty.run("--retries", "0", "--until", "fetch_metadata", "--config", *settings)
    assert done.returncode == 1
    assert done.stdout.count("No video is fetched now: results: ") == 1


def test_waiting_fetch_jobs_cannot_take_all_cores_even_with_resources_of_ones_own(
    empty: Project,
) -> None:
    (empty.folder / "manifest.csv").write_text("abc,ase\n", encoding="utf-8")
    for given, limit in (["gpu=4"], 4), (["gpu=4", "requests=9"], 9):
        printed = empty.build("--resources", *given, "--until", "plan_shards", "--forceall")
        assert f'Resource("requests", {limit})' in printed
