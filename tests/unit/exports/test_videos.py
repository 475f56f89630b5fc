import numpy as np
import pytest
from export_samples import TITLE, ShardSample
from made_poses import made_poses

from signverse.errors import InputError
from signverse.exports.videos import Files, Video, read_videos
from signverse.files import write_json
from signverse.outcomes import product
from signverse.poses import save


def read(sample: ShardSample) -> list[Video]:
    names = ("metadata.json", "captions.json", "poses.npz")
    return list(read_videos(sample.rows, map(Files, *map(sample.files, names))))


def test_videos_come_in_the_order_of_the_plan_with_how_they_went(sample: ShardSample) -> None:
    found = [(video.video_id, video.status, video.reason) for video in read(sample)]
    assert found == [
        ("-good", "ok", ""),
        ("out", "excluded", "asked for (2026-01-02)"),
        ("gone", "removed", "HTTP Error 404"),
    ]


def test_only_a_good_video_has_poses_and_files(sample: ShardSample) -> None:
    good, out, gone = read(sample)
    assert good.poses is not None
    assert good.metadata is not None
    np.testing.assert_array_equal(good.poses.body_scores, sample.poses.body_scores)
    assert good.metadata["title"] == TITLE
    assert (out.metadata, out.poses, out.files) == (None, None, None)
    assert gone.metadata == {"video_id": "gone", "status": "removed", "reason": "HTTP Error 404"}
    assert (gone.poses, gone.files) == (None, None)


@pytest.mark.parametrize("name", ["metadata.json", "captions.json", "poses.npz"])
def test_a_product_of_another_video_is_named(sample: ShardSample, name: str) -> None:
    path = sample.folder / "-good" / name
    if name == "poses.npz":
        save(path, made_poses("stranger"))
    else:
        write_json(path, product("stranger", 1))
    with pytest.raises(InputError, match=f"-good/{name}: belongs to video 'stranger'"):
        read(sample)
