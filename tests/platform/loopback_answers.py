"""What the platform answers about a video: the watch page and the player's JSON.

The shape is that of YouTube's own answers, as far as yt-dlp's extractor reads them.
"""

import html
import json
import urllib.parse
from typing import Any

from loopback_streams import Format, ladder, stream_bytes
from loopback_videos import PLAYABILITY, Video

Json = dict[str, Any]
QUALITIES = {144: "tiny", 240: "small", 360: "medium", 480: "large", 720: "hd720", 1080: "hd1080"}


def text(words: str) -> Json:
    return {"simpleText": words}


def query(**values: Any) -> str:
    return urllib.parse.urlencode({name: value for name, value in values.items() if value != ""})


class Answers:
    """Answers about one video; `state` is that of this extraction.

    address: of the site. secrets: the part of a stream's or track's query that is signed.
    """

    def __init__(self, video: Video, state: str, address: str, secrets: dict[str, Any]) -> None:
        self.video, self.state = video, state
        self.address, self.secrets = address, secrets

    def page(self) -> str:
        """The watch page, with the first player's answer and the data around the video."""
        title = html.escape(self.video.title)
        return (
            f"<!doctype html><html><head><title>{title} - YouTube</title></head><body>"
            f"<script>var ytInitialPlayerResponse = {json.dumps(self.player())};</script>"
            f"<script>var ytInitialData = {json.dumps(self.around())};</script></body></html>"
        )

    def player(self) -> Json:
        answer: Json = {"playabilityStatus": self._playability()}
        if self.state in ("private", "unavailable", "terminated"):
            return answer | {"videoDetails": {"videoId": self.video.video_id}}
        answer |= {"videoDetails": self._details(), "microformat": self._microformat()}
        if self.state not in PLAYABILITY:
            answer |= {"streamingData": self._streams(), "captions": self._captions()}
            spec = f"{self.address}/sb/L$L/$N.jpg?sqp=x|48#27#20#10#10#0#default#rs"
            answer["storyboards"] = {"playerStoryboardSpecRenderer": {"spec": spec}}
        return answer

    def _playability(self) -> Json:
        if self.state not in PLAYABILITY:
            return {"status": "OK", "playableInEmbed": True}
        status, reason, subreason = PLAYABILITY[self.state]
        message = {"reason": text(reason)}
        if subreason:
            message["subreason"] = text(subreason)
        screen: Json = {"playerErrorMessageRenderer": message}
        if self.state == "captcha":
            screen["playerCaptchaViewModel"] = {"title": "captcha"}
        return {"status": status, "reason": reason, "errorScreen": screen}

    def _details(self) -> Json:
        video = self.video
        return {
            "videoId": video.video_id,
            "title": video.title,
            "lengthSeconds": str(video.duration_sec),
            "keywords": list(video.tags),
            "channelId": video.channel_id,
            "shortDescription": video.description,
            "viewCount": str(video.view_count),
            "author": video.channel,
            "isPrivate": False,
            "isLiveContent": self.state in ("live", "upcoming", "premiere", "not_recorded"),
            "isLive": self.state == "live",
            "isUpcoming": self.state in ("upcoming", "premiere"),
            "thumbnail": {"thumbnails": [{"url": f"{self.address}/vi/{video.video_id}/0.jpg"}]},
        }

    def _microformat(self) -> Json:
        video = self.video
        facts = {
            "title": text(video.title),
            "description": text(video.description),
            "lengthSeconds": str(video.duration_sec),
            "ownerProfileUrl": f"http://www.youtube.com/{video.handle}",
            "externalChannelId": video.channel_id,
            "isFamilySafe": video.age_limit < 18,
            "isUnlisted": False,
            "uploadDate": video.upload_date,
            "category": "Education",
        }
        if self.state == "geo_blocked":
            facts["availableCountries"] = ["DE", "AT"]
        return {"playerMicroformatRenderer": facts}

    def _streams(self) -> Json:
        video = self.video
        if self.state == "live":
            path = f"/manifest/hls_variant?{query(v=video.video_id, **self.secrets)}"
            return {"hlsManifestUrl": self.address + path}
        if self.state == "without_formats":
            return {"formats": [], "adaptiveFormats": []}
        offered = ladder(video.min_height, video.max_height)
        if self.state == "audio_only":
            offered = [one for one in offered if not one.video]
        if self.state == "combined_only":
            offered = [one for one in offered if one.video and one.audio]
        streams: Json = {"formats": [], "adaptiveFormats": []}
        for one in offered:
            both = one.video and one.audio
            streams["formats" if both else "adaptiveFormats"].append(self._stream(one))
        if self.state == "drm":
            streams["licenseInfos"] = [{"drmFamily": "WIDEVINE"}]
        return streams

    def _stream(self, one: Format) -> Json:
        size = len(stream_bytes(str(one.itag)))
        bits_per_sec = size * 8 // self.video.duration_sec
        address = query(
            id=self.video.video_id,
            itag=one.itag,
            mime=one.mime,
            clen=size,
            dur=f"{self.video.duration_sec:.3f}",
            **self.secrets,
        )
        stream: Json = {
            "itag": one.itag,
            "url": f"{self.address}/videoplayback?{address}",
            "mimeType": f'{one.mime}; codecs="{one.codecs}"',
            "bitrate": bits_per_sec,
            "averageBitrate": bits_per_sec,
            "contentLength": str(size),
            "approxDurationMs": str(self.video.duration_sec * 1000),
            "quality": QUALITIES.get(one.height, "tiny"),
        }
        if one.video:
            stream |= {"width": one.width, "height": one.height, "fps": 10}
            stream |= {"qualityLabel": f"{one.height}p", "projectionType": "RECTANGULAR"}
        if one.audio:
            stream |= {"audioQuality": "AUDIO_QUALITY_MEDIUM", "audioSampleRate": "48000"}
            stream |= {"audioChannels": 2}
        if self.state == "drm":
            stream["drmFamilies"] = ["WIDEVINE"]
        return stream

    def _captions(self) -> Json:
        tracks = []
        for track in self.video.tracks:
            kind = "asr" if track.automatic else ""
            address = query(v=self.video.video_id, lang=track.language, kind=kind, **self.secrets)
            tracks.append(
                {
                    "baseUrl": f"{self.address}/api/timedtext?{address}",
                    "name": text(track.name),
                    "vssId": f"{'a' if track.automatic else ''}.{track.language}",
                    "languageCode": track.language,
                    "isTranslatable": True,
                }
                | ({"kind": "asr"} if track.automatic else {})
            )
        translations = [
            {"languageCode": language, "languageName": text(name)}
            for language, name in self.video.translations.items()
        ]
        return {
            "playerCaptionsTracklistRenderer": {
                "captionTracks": tracks,
                "translationLanguages": translations,
            }
        }

    def around(self) -> Json:
        """What stands around the video: licence, channel, number of comments, live chat."""
        video = self.video
        owner = {
            "title": {"runs": [{"text": video.channel}]},
            "subscriberCountText": text("1.2K subscribers"),
        }
        licence = {"title": text("License"), "contents": [text(video.licence)]}
        rows = [{"metadataRowRenderer": licence}] if video.licence else []
        first = {"title": text(video.title), "viewCount": {}}
        second = {
            "owner": {"videoOwnerRenderer": owner},
            "metadataRowContainer": {"metadataRowContainerRenderer": {"rows": rows}},
        }
        comments = {
            "commentsEntryPointHeaderRenderer": {"commentCount": text(str(video.comment_count))}
        }
        columns: Json = {
            "results": {
                "results": {
                    "contents": [
                        {"videoPrimaryInfoRenderer": first},
                        {"videoSecondaryInfoRenderer": second},
                        {"itemSectionRenderer": {"contents": [comments]}},
                    ]
                }
            }
        }
        if video.live_chat:
            chat = {"reloadContinuationData": {"continuation": "chat"}}
            columns["conversationBar"] = {"liveChatRenderer": {"continuations": [chat]}}
        return {"contents": {"twoColumnWatchNextResults": columns}}
