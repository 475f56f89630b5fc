"""What reruns after a change, and what does not."""

import csv
import time
from pathlib import Path

import pytest
from workflow_project import PAGES, Project, Site

from signverse.demo.site import write_manifest

pytestmark = pytest.mark.slow

CAPTIONS = "signverse/captions/cleaning.py"
CAPTION_LINE = 'return " ".join(JOINER_AT_EDGE.sub("", text).split())'


def test_an_edit_of_a_rule_of_cleaning_reruns_captions_and_what_follows(built: Project) -> None:
    built.edit(CAPTIONS, CAPTION_LINE, f"text = text.strip()\n    {CAPTION_LINE}")
    assert built.planned() == {
        "structure_captions": 4,
        "pack_shard": 1,
        "verify_shard": 1,
        "collect_status": 1,
    }
    built.build()
    assert built.planned() == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CAPTION_LINE, f"# by time\n    {CAPTION_LINE}"),
        ('"""Text of captions without markup', '"""The text of captions without markup'),
        (CAPTION_LINE, CAPTION_LINE.replace(", text", ",  text")),
    ],
    ids=["comment", "docstring", "layout"],
)
def test_an_edit_that_changes_no_code_reruns_nothing(built: Project, old: str, new: str) -> None:
    built.edit(CAPTIONS, old, new)
    assert built.planned() == {}


def test_another_spoken_language_reruns_the_captions_of_its_videos_only(built: Project) -> None:
    built.edit(
        "resources/sign_languages.csv",
        "gsg,German Sign Language,deu",
        "gsg,German Sign Language,deu;eng",
    )
    assert built.planned() == {
        "structure_captions": 1,
        "pack_shard": 1,
        "verify_shard": 1,
        "collect_status": 1,
    }


def test_an_edit_of_a_module_that_captions_import_reruns_captions(built: Project) -> None:
    built.edit("signverse/outcomes.py", 'OK = "ok"', 'OK = "o" + "k"')
    assert built.planned()["structure_captions"] == 4


def test_a_refactoring_of_the_estimator_reruns_no_pose_job(built: Project) -> None:
    built.edit("signverse/estimators/mediapipe.py", "def _coordinates(", "def _points(")
    built.edit("signverse/estimators/mediapipe.py", "= _coordinates(", "= _points(")
    built.edit("workflow_scripts/estimate_poses.py", "def main(", "def main(  # renamed\n    ")
    assert built.planned() == {}


def test_a_raised_recipe_version_reruns_every_pose_job(built: Project) -> None:
    built.edit("signverse/recipes.py", "POSES_VERSION = 2", "POSES_VERSION = 3")
    planned = built.planned()
    assert planned["estimate_poses"] == 4
    assert "fetch_metadata" not in planned


def test_a_setting_that_changes_poses_reruns_them(built: Project) -> None:
    assert built.planned("--config", "estimate_poses={'fps': 12}")["estimate_poses"] == 4


def test_a_setting_that_changes_no_result_reruns_nothing(built: Project) -> None:
    assert built.planned("--config", "platform={'timeout_sec': 99, 'retries': 9}") == {}


def test_touching_the_manifest_reruns_nothing(built: Project) -> None:
    (built.folder / "manifest.csv").touch()
    assert built.planned() == {}


def test_appended_rows_build_only_what_is_new(built: Project, site: Site) -> None:
    write_manifest(built.folder / "manifest.csv", PAGES[:6], site.port)
    assert built.planned() == {
        "fetch_metadata": 2,
        "structure_captions": 2,
        "fetch_video": 2,
        "estimate_poses": 2,
        "render_preview": 1,
        "plan_shards": 1,
        "pack_shard": 1,
        "verify_shard": 1,
        "collect_status": 1,
    }
    before = (built.videos / "first000001" / "poses.npz").stat().st_mtime_ns
    built.build()
    assert (built.videos / "first000001" / "poses.npz").stat().st_mtime_ns == before
    with (built.folder / "results/corpus/videos.csv").open(encoding="utf-8", newline="") as file:
        assert [row["video_id"] for row in csv.DictReader(file)] == [p.video_id for p in PAGES]
    assert built.planned() == {}


def test_appended_rows_leave_full_shards_alone(built: Project, site: Site) -> None:
    four_to_a_shard = {"videos_per_shard": 4}
    built.configure(
        manifest="manifest.csv", pack_shard=four_to_a_shard, render_preview={"every": 2}
    )
    assert built.planned() == {}
    write_manifest(built.folder / "manifest.csv", PAGES[:6], site.port)
    built.build()
    endings = ("json", "verified.json", "zarr.zip")
    shards = sorted(path.name for path in (built.folder / "results/shards").iterdir())
    assert shards == [f"0000{n}.{end}" for n in (0, 1) for end in endings]
    times = [(built.folder / f"results/shards/0000{n}.zarr.zip").stat().st_mtime for n in (0, 1)]
    assert times[0] < times[1] - 1


@pytest.mark.parametrize(
    ("pages", "message"),
    [
        ([PAGES[1], PAGES[0], *PAGES[2:4]], "row 1: found '-second0002'"),
        ([PAGES[4], *PAGES[:4]], "row 1: found 'fifth000005'"),
        (PAGES[:3], "3 rows, but results/corpus/plan.csv has 4"),
    ],
    ids=["reordered", "inserted", "shortened"],
)
def test_a_manifest_that_lost_its_order_is_refused(
    built: Project, site: Site, pages: list, message: str
) -> None:
    write_manifest(built.folder / "manifest.csv", pages, site.port)
    done = built.run("-n")
    assert done.returncode == 1
    assert message in done.stdout
    assert "exclude" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_preview_wanted_later_need_not_estimate_again(built: Project) -> None:
    target = "results/videos/-second0002/preview.png"
    arguments = ("--allowed-rules", "fetch_video", "render_preview", "--", target)
    assert built.planned(*arguments) == {"fetch_video": 1, "render_preview": 1}
    poses = built.videos / "-second0002" / "poses.npz"
    before = poses.stat().st_mtime_ns
    time.sleep(0.01)
    built.build(*arguments)
    assert poses.stat().st_mtime_ns == before
    assert Path(built.folder / target).exists()
    assert built.planned() == {}


def test_a_lost_product_is_made_again_when_asked_for(built: Project) -> None:
    target = "results/videos/first000001/captions.json"
    (built.folder / target).unlink()
    assert built.planned(target) == {"structure_captions": 1}


@pytest.fixture
def windowed(built: Project) -> Project:
    """The complete corpus, with a window smaller than its one shard."""
    built.configure(manifest="manifest.csv", render_preview={"every": 2}, fetch_video={"window": 1})
    return built


def test_a_changed_setting_reaches_every_video_beyond_the_window(windowed: Project) -> None:
    assert windowed.planned("--config", "estimate_poses={'fps': 12}")["estimate_poses"] == 4
    assert windowed.planned("-R", "estimate_poses")["estimate_poses"] == 4


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("results/videos/-second0002/poses.npz",),
        ("./results//videos/-second0002/poses.npz",),
        ("--config", "select={'videos': ['-second0002']}"),
        ("--config", "fetch_video={'window': 2}"),
        ("--config", "fetch_video={'keep': true}"),
        ("--config", "render_preview={'every': 0}"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_finished_poses_are_left_alone_whatever_part_is_asked_for_and_how(
    windowed: Project, arguments: tuple[str, ...]
) -> None:
    assert windowed.planned(*arguments) == {}


def test_a_lost_plan_is_recorded_again(built: Project) -> None:
    (built.folder / "results/corpus/plan.csv").unlink()
    assert built.planned()["plan_shards"] == 1
