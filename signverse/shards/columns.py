"""Writing the arrays of a shard row by row, so that memory does not grow with the shard."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from signverse.shards.layout import COLUMNS, Column


class ColumnWriter:
    """Collects rows and writes them in whole Zarr shards, none of which is touched again."""

    def __init__(self, group: zarr.Group, column: Column) -> None:
        self._array = column.create(group)
        self._rows = np.empty((column.zarr_shard_rows, *column.row_shape), column.dtype)
        self._filled = 0
        self.count = 0

    def append(self, rows: np.ndarray) -> None:
        """Add rows; their shape and dtype are the column's."""
        while len(rows):
            taken = rows[: len(self._rows) - self._filled]
            self._rows[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            self.count += len(taken)
            rows = rows[len(taken) :]
            if self._filled == len(self._rows):
                self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        start = self.count - self._filled
        self._array.resize((self.count, *self._array.shape[1:]))
        self._array[start:] = self._rows[: self._filled]
        self._filled = 0


class ShardWriter:
    """All arrays of a new shard in a folder."""

    def __init__(self, folder: Path) -> None:
        self._root = zarr.open_group(str(folder), mode="w", zarr_format=3)
        self._writers = {column.name: ColumnWriter(self._root, column) for column in COLUMNS}
        for name in self._writers:
            if name.endswith("_offsets"):
                self.append(name, np.zeros(1, np.int64))

    def append(self, name: str, rows: np.ndarray) -> None:
        """Add rows to an array."""
        self._writers[name].append(rows)

    def count(self, name: str) -> int:
        """Rows of an array so far."""
        return self._writers[name].count

    def append_document(self, name: str, document: dict[str, Any] | None) -> None:
        """Add a video's JSON to `metadata` or `captions`; None is no bytes."""
        text = "" if document is None else json.dumps(document, ensure_ascii=False)
        data = text.encode("utf-8", errors="replace")  # as files.write_json does
        self.append(name, np.frombuffer(data, np.uint8))

    def end_video(self) -> None:
        """Put down where the video's frames and documents end."""
        ends = {"frame_offsets": "frame_times", "metadata_offsets": "metadata"}
        for name, of in (ends | {"captions_offsets": "captions"}).items():
            self.append(name, np.array([self.count(of)]))

    def close(self, attributes: dict[str, Any]) -> None:
        """Write the rest, and the attributes of the shard."""
        for writer in self._writers.values():
            writer.flush()
        self._root.attrs.update(attributes)
