from pathlib import Path

import pytest

from signverse.errors import InputError
from signverse.products import EXPORTS, PRODUCTS, remove_videos, video_folder


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "results" / "videos").mkdir(parents=True)
    return {name: tmp_path / name for name in ("results", "logs", "benchmarks")}


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("something")
    return path


def test_stages_of_a_video_are_rules_of_the_workflow(root: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in (root / "rules").glob("*.smk"))
    for stage, names in PRODUCTS.items():
        rule = text.partition(f"rule {stage}:")[2].partition("\nrule ")[0]
        assert [name for name in names if f"<results>/videos/{{video}}/{name}" not in rule] == []


def test_everything_of_a_video_is_removed_and_nothing_of_another(folders: dict[str, Path]) -> None:
    for video in ("-a", "-ab", "b"):
        put(folders["results"] / "videos" / video / "video.mp4.parts" / "part")
        put(folders["logs"] / "estimate_poses" / f"{video}.log")
        put(folders["benchmarks"] / "estimate_poses" / f"{video}.tsv")
    remove_videos(["-a"], **folders)
    left = {p.name for p in folders["results"].parent.rglob("*") if "a" in p.stem}
    assert "-a" not in left
    names = {p.name for f in folders.values() for p in f.rglob("*") if p.stem.strip("-") == "a"}
    assert names == set()
    assert (folders["results"] / "videos" / "-ab" / "video.mp4.parts" / "part").exists()
    assert (folders["logs"] / "estimate_poses" / "-ab.log").exists()
    assert (folders["benchmarks"] / "estimate_poses" / "b.tsv").exists()


def test_exports_of_a_video_are_rules_of_the_workflow(root: Path) -> None:
    text = (root / "rules" / "export.smk").read_text("utf-8")
    for rule, paths in EXPORTS.items():
        outputs = text.partition(f"rule {rule}:")[2].partition("log:")[0]
        assert [path for path in paths if f'"<results>/{path}' not in outputs] == []


def test_exports_of_a_video_are_removed(folders: dict[str, Path]) -> None:
    exports = folders["results"] / "exports"
    for video in ("-a", "b"):
        put(exports / "pose" / f"{video}.pose")
        put(exports / "released" / video / "npz" / "poses.npz")
        put(exports / "released_frames" / video / "npz" / "00000001.npz")
        put(folders["logs"] / "export_pose" / f"{video}.log")
    remove_videos(["-a"], **folders)
    left = sorted(path.name for path in exports.glob("*/*"))
    assert left == ["b", "b", "b.pose"]
    assert [path.name for path in (folders["logs"] / "export_pose").iterdir()] == ["b.log"]


def test_a_video_that_left_nothing_is_no_error(folders: dict[str, Path]) -> None:
    remove_videos(["never-fetched"], **folders)


def test_the_log_of_a_shard_is_not_that_of_a_video_of_its_name(folders: dict[str, Path]) -> None:
    log = put(folders["logs"] / "pack_shard" / "00000.log")
    remove_videos(["00000"], **folders)
    assert log.exists()


def test_links_are_removed_and_not_followed(folders: dict[str, Path], tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere" / "kept.mp4")
    (folders["results"] / "videos" / "a").symlink_to(elsewhere.parent)
    put(folders["results"] / "videos" / "b" / "metadata.json")
    (folders["results"] / "videos" / "b" / "link").symlink_to(elsewhere.parent)
    remove_videos(["a", "b"], **folders)
    assert list((folders["results"] / "videos").iterdir()) == []
    assert elsewhere.exists()


@pytest.mark.parametrize("video", ["..", ".", "", "../shards", "/etc", "a/b", "a\0", "*"])
def test_an_id_that_may_lead_elsewhere_is_refused(folders: dict[str, Path], video: str) -> None:
    kept = put(folders["results"] / "shards" / "00000.json")
    with pytest.raises(InputError, match="is malformed"):
        remove_videos([video], **folders)
    with pytest.raises(InputError, match="is malformed"):
        video_folder(folders["results"], video)
    assert kept.exists()
