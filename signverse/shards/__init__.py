"""Shards: everything about up to N videos in one Zarr v3 file. docs/format.md specifies it."""
