"""Layout of a shard, version 2: which arrays it has and how they are stored.

Flat arrays over all videos of the shard, with offsets: the frames of video v are rows
frame_offsets[v] … frame_offsets[v + 1] - 1 of the arrays of frames, the detections of frame t
rows person_offsets[t] … person_offsets[t + 1] - 1 of those of detections. All codecs belong to
the specification of Zarr v3, so that every reader of it has them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, BloscShuffle, BytesCodec, Crc32cCodec, TransposeCodec

from signverse.poses import PARTS

IDENTITY: dict[str, Any] = {"format": "signverse-shard", "format_version": 2}
KEYPOINTS = sum(PARTS.values())
CHUNKS_PER_ZARR_SHARD = 128
ZSTD_LEVEL = 5  # 7 saves 3 % and takes twice the time (docs/performance.md)
# Fields of Poses that stand in the table of videos, but for the estimator: it stands once.
POSE_FACTS = ("fps", "total_frames", "frame_width", "frame_height", "lost_frames")


@dataclass(frozen=True, slots=True)
class Column:
    """One array of a shard: rows of `row_shape`, cut into chunks of so many rows."""

    name: str
    dtype: str
    dimensions: tuple[str, ...]
    row_shape: tuple[int, ...]
    chunk_rows: int

    @property
    def zarr_shard_rows(self) -> int:
        """Rows to one member of the zip."""
        return self.chunk_rows * CHUNKS_PER_ZARR_SHARD

    def create(self, group: zarr.Group) -> zarr.Array:
        """The array, without rows."""
        size = np.dtype(self.dtype).itemsize
        turned = (*range(1, len(self.dimensions)), 0)  # the values of one keypoint over time
        compressor = BloscCodec(
            cname="zstd", clevel=ZSTD_LEVEL, shuffle=BloscShuffle.bitshuffle, typesize=size
        )
        return group.create_array(
            self.name,
            shape=(0, *self.row_shape),
            dtype=self.dtype,
            chunks=(self.chunk_rows, *self.row_shape),
            shards=(self.zarr_shard_rows, *self.row_shape),
            filters=[TransposeCodec(order=turned)] if self.row_shape else [],
            serializer=BytesCodec(endian="little" if size > 1 else None),
            compressors=[compressor, Crc32cCodec()],  # a damaged chunk is noticed by its reader
            fill_value=0,
            dimension_names=self.dimensions,
        )


def _detections(name: str, dtype: str, *row: tuple[str, int]) -> Column:
    names, shape = tuple(n for n, _ in row), tuple(size for _, size in row)
    return Column(name, dtype, ("detection", *names), shape, 128)


COLUMNS = (
    # One array for all parts and the box: a window costs two reads, far away two requests.
    _detections("points", "int32", ("point", KEYPOINTS + 2), ("xy", 2)),  # and two corners
    _detections("scores", "uint8", ("score", KEYPOINTS + 1)),  # and the box's
    Column("person_offsets", "int64", ("frame_edge",), (), 4096),
    Column("frame_indices", "int32", ("frame",), (), 4096),
    Column("frame_times", "float32", ("frame",), (), 4096),
    Column("frame_offsets", "int64", ("video_edge",), (), 4096),
    Column("metadata", "uint8", ("byte",), (), 65536),
    Column("metadata_offsets", "int64", ("video_edge",), (), 4096),
    Column("captions", "uint8", ("byte",), (), 65536),
    Column("captions_offsets", "int64", ("video_edge",), (), 4096),
)


def part_slices() -> dict[str, slice]:
    """Part of the body → its keypoints' place in `points` and `scores`."""
    edges = [0, *np.cumsum(list(PARTS.values())).tolist()]
    return {part: slice(*edges[number : number + 2]) for number, part in enumerate(PARTS)}
