"""What was asked of the platform, and what it remembers from one request to the next."""

from dataclasses import dataclass

from loopback_videos import Fault


@dataclass
class Asked:
    """One request. kind: "extraction" (the watch page), "api", "subtitles" or "stream"."""

    kind: str
    video_id: str
    query: dict[str, str]
    headers: dict[str, str]
    when: float  # seconds since the epoch
    status: int = 0  # 0: no answer
    served: int = 0  # bytes of the body
    done: float = 0.0

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.headers.get("Cookie", "").split("; "))
        return {name: value for name, _, value in pairs if name}

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


@dataclass
class Visit:
    """What the platform remembers of a video between requests."""

    fault: Fault | None = None  # of the extraction that is going on
    addresses: int = 0  # number of the newest set of addresses
    expired: int = 0  # number of the newest set that is refused
