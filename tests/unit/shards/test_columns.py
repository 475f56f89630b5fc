"""Writing row by row: whole Zarr shards, whatever the size of what is appended."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from signverse.shards.columns import ColumnWriter, ShardWriter
from signverse.shards.layout import Column

COLUMN = Column("values", "int32", ("row", "xy"), (2,), 3)  # 384 rows to a Zarr shard
VALUES = np.arange(2 * 1000, dtype=np.int32).reshape(1000, 2)


@pytest.mark.parametrize("step", [1000, 384, 383, 100, 7])
def test_rows_arrive_whole_and_the_files_do_not_depend_on_the_steps(
    tmp_path: Path, step: int
) -> None:
    written = []
    for name, size in (("one", step), ("other", 1000)):
        writer = ColumnWriter(zarr.open_group(str(tmp_path / name), mode="w"), COLUMN)
        for start in range(0, 1000, size):
            writer.append(VALUES[start : start + size])
        writer.flush()
        assert writer.count == 1000
        files = (path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert len(written[0]) == 2 + 3  # the metadata of group and array, three Zarr shards
    found = zarr.open_group(str(tmp_path / "one"), mode="r")["values"][...]
    np.testing.assert_array_equal(found, VALUES)


def test_documents_and_videos_are_found_by_their_offsets(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path)
    for document in ({"a": "ä"}, None):
        writer.append_document("metadata", document)
        writer.end_video()
    writer.close({"shard": "x"})
    group = zarr.open_group(str(tmp_path), mode="r")
    assert group["metadata"][...].tobytes().decode() == '{"a": "ä"}'
    assert group["metadata_offsets"][...].tolist() == [0, 11, 11]
    assert group["frame_offsets"][...].tolist() == [0, 0, 0]
    assert group["person_offsets"][...].tolist() == [0]
    assert group.attrs["shard"] == "x"


def test_half_a_surrogate_is_written_as_a_question_mark(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path)
    writer.append_document("captions", {"text": "\ud83d"})
    writer.close({})
    group = zarr.open_group(str(tmp_path), mode="r")
    assert group["captions"][...].tobytes() == b'{"text": "?"}'
