"""A video that is excluded leaves every product; one that is taken back is fetched anew."""

import csv
import json

import pytest
from workflow_project import Project, Site

from signverse.shards.reading import Shard

pytestmark = pytest.mark.slow

TAKEN_OUT = "-second0002,asked to be left out,2026-11-22\n"
EXCLUDE = ("--config", "exclude=exclude.csv")
WITHOUT_IT = {"pack_shard": 1, "verify_shard": 1, "remove_excluded": 1, "collect_status": 1}


def exclude(project: Project, rows: str) -> None:
    (project.folder / "exclude.csv").write_text(f"video_id,reason,date\n{rows}", encoding="utf-8")


def traces(project: Project, video: str) -> set[str]:
    """Files and folders named after a video."""
    folders = (project.folder / name for name in ("results", "logs", "benchmarks"))
    return {path.name for folder in folders for path in folder.rglob(f"{video}*")}


def test_an_excluded_video_leaves_shard_table_and_disk_and_nothing_else_reruns(
    built: Project,
) -> None:
    folder = built.videos / "-second0002"
    facts = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    private = {value for key in ("title", "channel_id") if (value := facts.get(key))}
    assert private
    exclude(built, TAKEN_OUT)
    assert built.planned(*EXCLUDE) == WITHOUT_IT
    assert folder.exists()  # a dry run removes nothing
    built.build(*EXCLUDE)
    assert traces(built, "-second0002") == set()
    with (built.folder / "results/corpus/videos.csv").open(encoding="utf-8", newline="") as file:
        row = list(csv.DictReader(file))[1]
    row = {name: value for name, value in row.items() if value}
    assert row == {
        **{"video_id": "-second0002", "sign_language": "gsg", "label": "gsg", "shard": "00000"},
        **{"status": "excluded", "reason": "asked to be left out (2026-11-22)", "stage": "exclude"},
    }
    summary = (built.folder / "results/shards/00000.json").read_text(encoding="utf-8")
    shard = Shard(str(built.folder / "results/shards/00000.zarr.zip"))
    documents = [shard.document(1, name) for name in ("metadata", "captions")]
    assert (documents, shard.frames(1)["frame_times"].size) == ([None, None], 0)
    others = [shard.document(n, name) for n in (0, 2, 3) for name in ("metadata", "captions")]
    packed = json.dumps([shard.attributes, others])
    assert [words for words in private if words in summary or words in packed] == []
    assert (built.folder / "results/corpus/excluded.csv").read_text() == (
        "video_id,reason\n-second0002,asked to be left out (2026-11-22)\n"
    )
    assert built.planned(*EXCLUDE) == {}


def test_a_video_that_is_taken_back_is_fetched_anew_and_may_be_excluded_again(
    built: Project, site: Site
) -> None:
    exclude(built, TAKEN_OUT)
    built.build(*EXCLUDE)
    before = len(site.requests(""))
    built.build("results/videos/-second0002/metadata.json")  # a target of its own, by name
    assert len(site.requests("")) > before
    assert built.planned(*EXCLUDE) == {"remove_excluded": 1}
    built.build()
    assert (built.videos / "-second0002" / "poses.npz").exists()
    assert (built.folder / "results/corpus/excluded.csv").read_text() == "video_id,reason\n"
    assert built.planned(*EXCLUDE) == WITHOUT_IT


def test_excluded_videos_leave_when_a_part_of_the_corpus_is_asked_for(built: Project) -> None:
    exclude(built, TAKEN_OUT)
    built.build("--config", "exclude=exclude.csv", "select={'videos': ['first000001']}")
    assert traces(built, "-second0002") == set()


@pytest.mark.parametrize(
    ("rows", "select", "words"),
    [
        (TAKEN_OUT, "select={'videos': ['-second0002']}", ["'-second0002'", "is excluded"]),
        (TAKEN_OUT * 2, "select={}", ["exclude.csv, line 3", "'-second0002'", "duplicate"]),
        ("first000001,asked to,now\n", "select={}", ["line 2", "'now'", "YYYY-MM-DD"]),
        ("first000001,,2026-11-22\n", "select={}", ["line 2", "reason of 'first000001'"]),
    ],
    ids=["selected", "twice", "date", "reason"],
)
def test_a_list_that_cannot_be_followed_is_refused_and_removes_nothing(
    built: Project, rows: str, select: str, words: list[str]
) -> None:
    exclude(built, rows)
    done = built.run("--config", "exclude=exclude.csv", select)
    assert done.returncode == 1
    assert [word for word in words if word not in done.stdout] == []
    assert "Traceback" not in done.stdout
    assert (built.videos / "-second0002" / "poses.npz").exists()
