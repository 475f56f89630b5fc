"""Reading a shard's zip: each chunk is fetched by its place, and nothing else.

Python's zipfile reads a member from its beginning to get at its end; for a shard of some
gigabytes, or one that lies on a server, that is too much. The members of a shard are stored as
they are, so that their bytes are at a known place of the file.
"""

import os
import zipfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)
from zarr.core.buffer import Buffer, BufferPrototype

from signverse.errors import InputError

LOCAL_HEADER = 30  # bytes before the name; the lengths of name and extra field are its last four


class StoredZip(Store):
    """A read-only Zarr store over a zip file whose members are not compressed.

    Raises InputError, naming the file, when it is no such zip. A copy in another process (pickle,
    a worker of a data loader) opens the file anew.
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, location: str) -> None:
        super().__init__(read_only=True)
        self._location = location
        self._open_file()
        self._is_open = True

    def _open_file(self) -> None:
        self._starts: dict[str, int] = {}
        self._file = open_binary(self._location)
        try:
            members = zipfile.ZipFile(self._file).infolist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            self._file.close()
            raise InputError(f"{self._location}: is no shard ({error})") from error
        self._members = {member.filename: member for member in members}
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            self._file.close()
            raise InputError(f"{self._location}: is no shard (its members are compressed)")

    def __getstate__(self) -> dict[str, Any]:
        return {"location": self._location}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["location"])  # type: ignore[misc]

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._file.close()

    def _bytes(self, key: str, byte_range: ByteRequest | None) -> bytes | None:
        member = self._members.get(key)
        if member is None:
            return None
        first, last = 0, member.file_size
        if isinstance(byte_range, RangeByteRequest):
            first, last = byte_range.start, min(byte_range.end, last)
        elif isinstance(byte_range, OffsetByteRequest):
            first = byte_range.offset
        elif isinstance(byte_range, SuffixByteRequest):
            first = max(0, last - byte_range.suffix)
        if key not in self._starts:
            header = self._read(member.header_offset, LOCAL_HEADER)
            lengths = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
            self._starts[key] = member.header_offset + LOCAL_HEADER + sum(lengths)
        return self._read(self._starts[key] + first, last - first)

    def _read(self, start: int, length: int) -> bytes:
        """Bytes at a place, whoever else reads: threads and forked processes share the file."""
        return os.pread(self._file.fileno(), length, start)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Bytes of a member, or a range of them."""
        data = self._bytes(key, byte_range)
        return None if data is None else prototype.buffer.from_bytes(data)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Several ranges."""
        return [await self.get(key, prototype, request) for key, request in key_ranges]

    async def exists(self, key: str) -> bool:
        """Whether there is such a member."""
        return key in self._members

    async def set(self, key: str, value: Buffer) -> None:
        """Never: a shard is not changed."""
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Never: a shard is not changed."""
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """Names of all members."""
        for key in self._members:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Names that begin with `prefix`."""
        for key in self._members:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Names of one level."""
        folder = f"{prefix.rstrip('/')}/" if prefix else ""
        below = (key.removeprefix(folder) for key in self._members if key.startswith(folder))
        for name in sorted({key.split("/")[0] for key in below}):
            yield name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredZip) and other._location == self._location

    __hash__ = None  # type: ignore[assignment]


def open_binary(location: str) -> BinaryIO:
    """A local file, read without a buffer of Python's own."""
    try:
        return Path(location).open("rb", buffering=0)
    except OSError as error:
        raise InputError(
            f"{location}: cannot be opened ({os.strerror(error.errno or 0)})"
        ) from error
