"""A file server on the loopback address that can fail in every way a real one does."""

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class File:
    """What is said of one path; `cut` is the byte at which a connection ends, or stalls."""

    data: bytes = b""
    status: int = 200
    etag: str | None = None
    modified: str | None = None
    kind: str = "application/octet-stream"
    location: str | None = None
    ranges: bool = True
    heeds_if_range: bool = True
    range_starts: int | None = None  # a range begins here, whatever was asked for
    length: bool = True
    chunked: bool = False
    cut: int | None = None
    stalls: bool = False
    fails_first: int = 0  # how many requests get status 503 before


@dataclass
class Server:
    """The files by path, and what was asked for and served."""

    files: dict[str, File]
    address: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path with query, Range
    headers: list[dict[str, str]] = field(default_factory=list)
    served: int = 0  # bytes of files
    closing: bool = False

    def url(self, path: str) -> str:
        return f"{self.address}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Listener"

    def do_GET(self) -> None:
        told, wanted = self.server.told, self.headers["Range"]
        told.asked.append((self.path, wanted))
        told.headers.append(dict(self.headers))
        file = told.files.get(self.path.partition("?")[0], File(status=404))
        self.close_connection = True
        if file.fails_first:
            file.fails_first -= 1
            return self.send_error(503)
        if file.status >= 400:
            return self.send_error(file.status)
        if_range = self.headers["If-Range"]
        ranged = wanted and file.ranges and file.status == 200
        if ranged and if_range and file.heeds_if_range:
            ranged = if_range in (file.etag, file.modified)
        first = int(wanted.removeprefix("bytes=").removesuffix("-")) if ranged else 0
        if ranged and file.range_starts is not None:
            first = file.range_starts
        if ranged and first >= len(file.data):
            return self.send_error(416)
        self.send_response(206 if ranged else file.status)
        self._describe(file, first, bool(ranged))
        return self._send(file, first)

    def _describe(self, file: File, first: int, ranged: bool) -> None:
        size = len(file.data)
        facts = {
            "Content-Type": file.kind,
            "Content-Length": str(size - first) if file.length and not file.chunked else None,
            "Transfer-Encoding": "chunked" if file.chunked else None,
            "Content-Range": f"bytes {first}-{size - 1}/{size}" if ranged else None,
            "ETag": file.etag,
            "Last-Modified": file.modified,
            "Location": file.location,
            "Connection": "close",
        }
        for name, value in facts.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()

    def _send(self, file: File, first: int) -> None:
        told = self.server.told
        for start in range(first, len(file.data[: file.cut]), 1 << 14):
            block = file.data[start : min(start + (1 << 14), file.cut or len(file.data))]
            with contextlib.suppress(OSError):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if file.chunked else block)
                told.served += len(block)
        while file.stalls and not told.closing:
            time.sleep(0.02)
        if file.chunked and file.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *arguments: object) -> None:
        pass


class Listener(http.server.ThreadingHTTPServer):
    told: Server


@contextlib.contextmanager
def file_server(files: dict[str, File]) -> Iterator[Server]:
    """Serve the files while the context lasts; they may be changed meanwhile."""
    told = Server(files)
    listener = Listener(("127.0.0.1", 0), Handler)
    listener.told = told
    told.address = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.closing = True
        listener.shutdown()
        listener.server_close()
        thread.join()
