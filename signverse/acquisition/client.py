"""yt-dlp as the config wants it; its errors are ours, and what it says holds no secrets."""

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import yt_dlp
from yt_dlp.networking.exceptions import HTTPError, RequestError

from signverse.acquisition.options import cookie_text, downloader_options, secret_texts
from signverse.errors import InputError, MachineError, VideoError
from signverse.outcomes import UNKNOWN, classify, without_secrets, world_fault
from signverse.traffic import RATE_LIMITED, retry_after


def check_platform(settings: Mapping[str, Any]) -> None:
    """Raise InputError when no job could ask the platform with the config section `platform`."""
    with Client(settings).opened():
        pass


class Client:
    """The way to a platform, as the config section `platform` describes it.

    Raises InputError when a cookies file or an environment variable is missing or damaged.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.retries: int = settings["retries"]
        self._options = downloader_options(settings)
        self._cookies = cookie_text(settings["cookies_file"])
        # Names of headers that every request gets here anyway, in small letters.
        self.own_headers = {name.lower() for name in self._options.get("http_headers", {})}
        self._secrets = secret_texts(self._options, self._cookies)

    @contextlib.contextmanager
    def opened(self, **options: Any) -> Iterator[yt_dlp.YoutubeDL]:
        """A downloader with further options; errors inside the context become ours.

        VideoError when the video is at fault, MachineError when the world is, InputError when
        yt-dlp does not take an option.
        """
        cookies = {} if self._cookies is None else {"cookiefile": io.StringIO(self._cookies)}
        log = {"logger": _Log(self)}
        try:
            downloader = _Downloader({**self._options, **cookies, **log, **options})
        except yt_dlp.utils.YoutubeDLError as error:  # e.g. no library that impersonates a browser
            raise InputError(f"config, platform: {self.clean(str(error))}") from error
        with self._faults(downloader), downloader:
            yield downloader

    @contextlib.contextmanager
    def _faults(self, downloader: "_Downloader") -> Iterator[None]:
        """Turn errors of yt-dlp and of the machine into ours, without secrets in their words."""
        try:
            yield
        except (yt_dlp.utils.YoutubeDLError, RequestError) as error:
            raise self._with_delay(classify(self.clean(str(error))), error, downloader) from error
        except OSError as error:
            raise world_fault(self.clean(str(error))) from error

    def _with_delay(
        self, found: VideoError | MachineError, error: Exception, downloader: "_Downloader"
    ) -> VideoError | MachineError:
        """A fault with the time that the platform asked to wait.

        YouTube's extractor swallows a 429 and then says something else, or nothing of use.
        """
        refusal = downloader.refusal
        if isinstance(found, MachineError):
            if refusal is not None and found.status == UNKNOWN:
                found = MachineError(f"{RATE_LIMITED}: {found}", RATE_LIMITED)
            found.retry_after_sec = retry_after(error)
            if found.retry_after_sec is None and refusal and found.status == RATE_LIMITED:
                found.retry_after_sec = retry_after(refusal)
        return found

    def clean(self, text: str) -> str:
        """`text` without cookies, passwords and tokens of the config, nor those of addresses."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return without_secrets(text)


class _Downloader(yt_dlp.YoutubeDL):  # type: ignore[misc]  # yt-dlp has no types
    """yt-dlp, which remembers whether the platform said "too many requests"."""

    refusal: HTTPError | None = None

    def urlopen(self, req: Any) -> Any:
        """As in the base class; a 429 is kept, an answer afterwards takes nothing back."""
        try:
            return super().urlopen(req)
        except HTTPError as error:
            if error.status == 429:
                self.refusal = error
            raise


class _Log(logging.LoggerAdapter):
    """Where yt-dlp's messages go: into the job's log, without secrets."""

    def __init__(self, client: Client) -> None:
        super().__init__(logging.getLogger("yt_dlp"))
        self._client = client

    def process(self, msg: Any, kwargs: Any) -> tuple[str, Any]:
        """The message as it may be kept."""
        return self._client.clean(str(msg)), kwargs
