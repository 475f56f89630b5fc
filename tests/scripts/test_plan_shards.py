"""plan_shards: from a manifest to plan.csv."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signverse.errors import InputError

MANIFEST = "video_id,sign_language\nfirst,ase\n-second,gsg\nthird,vietnam\n"


@pytest.mark.parametrize(
    ("videos_per_shard", "shards"),
    [
        (1, ["00000", "00001", "00002"]),
        (2, ["00000", "00000", "00001"]),
        (500, ["00000", "00000", "00000"]),
    ],
)
def test_the_plan_holds_every_row_of_the_manifest_with_its_shard(
    main: Callable[..., None], tmp_path: Path, videos_per_shard: int, shards: list[str]
) -> None:
    manifest, plan = tmp_path / "manifest.csv", tmp_path / "results" / "corpus" / "plan.csv"
    manifest.write_text(MANIFEST)
    main(manifest=manifest, videos_per_shard=videos_per_shard, plan=plan)
    rows = zip(["first", "-second", "third"], shards, strict=True)
    assert plan.read_text().split() == ["video_id,shard", *(",".join(row) for row in rows)]


def test_a_manifest_with_a_fault_leaves_the_plan_that_was_there(
    main: Callable[..., None], tmp_path: Path
) -> None:
    manifest, plan = tmp_path / "manifest.csv", tmp_path / "plan.csv"
    plan.write_text("as it was")
    manifest.write_text(f"{MANIFEST}first,ase\n")
    with pytest.raises(InputError, match="line 5: video_id 'first' is a duplicate of line 2"):
        main(manifest=manifest, videos_per_shard=500, plan=plan)
    assert plan.read_text() == "as it was"


def test_rows_appended_to_the_manifest_are_appended_to_the_plan(
    main: Callable[..., None], tmp_path: Path
) -> None:
    manifest, plan = tmp_path / "manifest.csv", tmp_path / "plan.csv"
    manifest.write_text(MANIFEST)
    main(manifest=manifest, videos_per_shard=2, plan=plan)
    before = plan.read_text()
    manifest.write_text(f"{MANIFEST}fourth,ase\n")
    main(manifest=manifest, videos_per_shard=2, plan=plan)
    assert plan.read_text() == f"{before}fourth,00001\n"
