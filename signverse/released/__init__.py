"""The published layout of poses: what the corpora released by others have, read and written."""
