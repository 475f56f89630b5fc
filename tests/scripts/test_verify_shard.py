"""verify_shard: from a shard and its products to {shard}.verified.json."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packed_products import ROWS, Products

from signverse.errors import InputError
from signverse.files import read_json, sha256


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """The script's arguments for a packed shard."""
    products = Products(tmp_path / "corpus")
    products.pack()
    videos = [row["video_id"] for row in ROWS if not row["excluded"]]
    kinds = ("metadata", "captions", "poses")
    return {
        "shard": products.path,
        "summary": products.summary,
        "rows": ROWS,
        **{kind: [str(products.product(kind, video)) for video in videos] for kind in kinds},
        "report": tmp_path / "00000.verified.json",
    }


def test_the_report_names_the_shard_by_its_hash(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    main(**given)
    report = read_json(given["report"])
    assert (report["shard"], report["sha256"]) == ("00000", sha256(given["shard"]))
    assert (report["packed_videos"], report["frames"], report["detections"]) == (2, 5, 5)


def test_a_shard_that_differs_is_named_and_nothing_reported(
    main: Callable[..., None], given: dict[str, Any]
) -> None:
    given["poses"].reverse()
    with pytest.raises(InputError, match=r"poses\.npz: belongs to video 'two', expected 'one'"):
        main(**given)
    assert not given["report"].exists()
