"""Layout: what the document says of the arrays is what is written."""

from pathlib import Path

import numpy as np
import pytest
import zarr

from signverse.shards.layout import COLUMNS, KEYPOINTS, Column, part_slices


def test_the_parts_of_the_body_follow_each_other() -> None:
    slices = part_slices()
    assert list(slices) == ["body", "face", "left_hand", "right_hand", "feet"]
    assert [part.start for part in slices.values()] == [0, 18, 86, 107, 128]
    assert slices["feet"].stop == KEYPOINTS == 134


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_a_column_is_an_array_of_its_type_in_chunks_of_rows(tmp_path: Path, column: Column) -> None:
    column.create(zarr.open_group(str(tmp_path), mode="w"))
    array = zarr.open_group(str(tmp_path), mode="r")[column.name]
    assert array.shape == (0, *column.row_shape)
    assert array.dtype == np.dtype(column.dtype)
    assert array.chunks == (column.chunk_rows, *column.row_shape)
    assert array.shards == (128 * column.chunk_rows, *column.row_shape)
    assert array.fill_value == 0
    assert array.metadata.dimension_names == column.dimensions


def test_every_array_is_described_in_the_document(root: Path) -> None:
    text = (root / "docs/format.md").read_text("utf-8")
    assert [column.name for column in COLUMNS if f"`{column.name}`" not in text] == []
