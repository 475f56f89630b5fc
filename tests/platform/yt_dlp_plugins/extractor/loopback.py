"""yt-dlp's own YouTube extractor, led to the platform that the tests run on this machine.

yt-dlp finds this file by itself when the folder `tests/platform` is on `sys.path`. Only where
the requests go is changed, so that infos, warnings, retries and messages are the real ones.
"""

import urllib.parse
from typing import Any

from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.networking import Request
from yt_dlp.utils import NO_DEFAULT


class LoopbackIE(YoutubeIE):
    IE_NAME = "loopback"
    _VALID_URL = r"http://127\.0\.0\.1:\d+/watch\?v=(?P<id>[A-Za-z0-9_-]+)"

    def _real_extract(self, url: str) -> dict[str, Any]:
        # An extractor serves many videos, which may be of several sites.
        self._site = urllib.parse.urlsplit(url).netloc
        info = super()._real_extract(url)
        for chat in info["subtitles"].get("live_chat", []):  # whoever asks is to be seen
            chat["url"] = self._led(chat["url"])
        return info | {"webpage_url": url}

    def _create_request(self, *arguments: Any, **options: Any) -> Request:
        request = super()._create_request(*arguments, **options)
        request.url = self._led(request.url)
        return request

    def _led(self, address: str) -> str:
        """The same address, on this machine if it is YouTube's."""
        parts = urllib.parse.urlsplit(address)
        if parts.netloc.endswith(".youtube.com"):
            return parts._replace(scheme="http", netloc=self._site).geturl()
        return address

    def _get_requested_clients(self, *_: Any) -> list[str]:
        """The client that yt-dlp takes where there is no JavaScript: the same on any machine."""
        return self._configuration_arg("player_client", ["visionos"])

    def _configuration_arg(
        self, key: str, default: Any = NO_DEFAULT, *, ie_key: Any = None, casesense: bool = False
    ) -> Any:
        """Extractor arguments are given for `youtube`, as in a real run."""
        return super()._configuration_arg(key, default, ie_key="youtube", casesense=casesense)
