"""The project's own jobs on the platform: what its rules run for a video, without Snakemake."""

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from platform_settings import platform_settings

from signverse.files import read_json
from signverse.recipes import metadata_recipe
from signverse.traffic import Traffic, TrafficSettings

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = {"min_height_px": 360, "max_height_px": 720, "personal_data": []}
Document = dict[str, Any]


def quick_traffic(**changed: Any) -> dict[str, Any]:
    """The config section `traffic` for a platform that may be asked at any time."""
    usual = {"max_concurrent_requests": 4, "request_interval_sec": 0, "videos_per_hour": None}
    return {**usual, "pause_sec": 0.05, "max_pause_sec": 0.1, **changed}


def script(name: str) -> Callable[..., None]:
    """main() of an entry script."""
    module = importlib.import_module(f"workflow_scripts.{name}")
    return cast(Callable[..., None], module.main)


@dataclass
class Jobs:
    """Jobs for any video of a platform.

    template: of its addresses. folder: where the videos' folders go. platform, traffic: what
    differs from quick settings of these config sections. sleep, now: a clock of a test's own.
    """

    template: str
    folder: Path
    platform: Mapping[str, Any] = field(default_factory=dict)
    traffic: Mapping[str, Any] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] | None = None

    def fetch_metadata(self, video_id: str, **settings: Any) -> Document:
        """metadata.json, subtitles.json and download.json by these names; the first returned."""
        names = ("metadata", "subtitles", "download")
        url = self.template.format(video_id=video_id)
        script("fetch_metadata")(
            video_id=video_id,
            recipe=metadata_recipe(url, DEFAULTS | settings),
            platform=self._platform(),
            traffic=self._traffic(),
            **{name: self.path(video_id, f"{name}.json") for name in names},
        )
        return self.document(video_id, "metadata")

    def fetch_video(self, video_id: str, *, min_free_gb: float = 0.0) -> Document:
        """video.mp4 and video.json, the latter returned."""
        script("fetch_video")(
            video_id=video_id,
            download=self.path(video_id, "download.json"),
            platform=self._platform(),
            traffic=self._traffic(),
            min_free_gb=min_free_gb,
            video=self.path(video_id, "video.mp4"),
            facts=self.path(video_id, "video.json"),
        )
        return self.document(video_id, "video")

    def fetch(self, video_id: str, **settings: Any) -> Document:
        """Both; video.json is returned."""
        self.fetch_metadata(video_id, **settings)
        return self.fetch_video(video_id)

    def structure_captions(self, video_id: str, spoken: Sequence[str] = ("eng",)) -> Document:
        """captions.json."""
        names = ("metadata", "subtitles", "captions")
        paths = {name: self.path(video_id, f"{name}.json") for name in names}
        script("structure_captions")(video_id=video_id, spoken_languages=spoken, **paths)
        return self.document(video_id, "captions")

    def document(self, video_id: str, name: str) -> Document:
        """A product, which keeps to its schema."""
        found = cast(Document, read_json(self.path(video_id, f"{name}.json")))
        schema = read_json(ROOT / "resources" / "schemas" / f"{name}.schema.json")
        Draft202012Validator(schema).validate(found)
        return found

    def tracks(self, video_id: str) -> list[Document]:
        """The tracks of subtitles.json."""
        return cast(list[Document], self.document(video_id, "subtitles")["tracks"])

    def path(self, video_id: str, name: str) -> Path:
        return self.folder / "videos" / video_id / name

    def written(self) -> dict[str, bytes]:
        """Every file of the folder but locks and clocks, by name and content."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        files = (path for path in files if path.parent.name != ".traffic")
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    def _platform(self) -> dict[str, Any]:
        # Of 1,800 extractors yt-dlp need not look for the right one each time.
        options = {"allowed_extractors": ["loopback"]} | self.platform.get("yt_dlp", {})
        quick = {"timeout_sec": 0.5, "retries": 0, **self.platform, "yt_dlp": options}
        return platform_settings(**quick)

    def _traffic(self) -> Traffic:
        settings = TrafficSettings(**quick_traffic(**self.traffic))
        return Traffic(self.folder / ".traffic", settings, sleep=self.sleep, now=self.now)
