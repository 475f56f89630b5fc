"""What the platform knows of a video, and what may go wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Cue = tuple[float, float, str]  # start and end in seconds, text
HELLO: tuple[Cue, ...] = ((0.0, 0.9, "Hello everybody,"), (1.0, 1.9, "this is a sign."))

# States of a video, and faults of one extraction, that come in the player's answer: the
# status, the reason and the second line that YouTube gives, as they are reported in the
# issues of yt-dlp. yt-dlp joins them to its message.
PLAYABILITY: dict[str, tuple[str, str, str]] = {
    "private": (
        *("LOGIN_REQUIRED", "Private video"),
        "Sign in if you've been granted access to this video",
    ),
    "removed": ("ERROR", "Video unavailable", "This video has been removed by the uploader"),
    "unavailable": ("ERROR", "Video unavailable", ""),
    "terminated": (
        *("ERROR", "Video unavailable"),
        "This video is no longer available because the YouTube account associated with this "
        "video has been terminated.",
    ),
    "policy": (
        "ERROR",
        "This video has been removed for violating YouTube's policy on harassment",
        "",
    ),
    "geo_blocked": (
        *("UNPLAYABLE", "Video unavailable"),
        "The uploader has not made this video available in your country",
    ),
    "copyright_blocked": (
        *("UNPLAYABLE", "Video unavailable"),
        "This video contains content from Example Ltd, who has blocked it in your country on "
        "copyright grounds",
    ),
    "age_restricted": (
        *("LOGIN_REQUIRED", "Sign in to confirm your age"),
        "This video may be inappropriate for some users.",
    ),
    "members_only": (
        "UNPLAYABLE",
        "Join this channel to get access to members-only content like this video, and other "
        "exclusive perks.",
        "",
    ),
    "paid": ("UNPLAYABLE", "This video requires payment to watch", ""),
    "upcoming": ("LIVE_STREAM_OFFLINE", "This live event will begin in 5 days.", ""),
    "premiere": ("LIVE_STREAM_OFFLINE", "Premieres in 3 hours", ""),
    "not_recorded": ("UNPLAYABLE", "This live stream recording is not available.", ""),
    "processing": ("UNPLAYABLE", "We're processing this video. Check back later.", ""),
    "bot_check": (
        *("LOGIN_REQUIRED", "Sign in to confirm you’re not a bot"),
        "This helps protect our community. Learn more",
    ),
    "captcha": ("UNPLAYABLE", "Video unavailable", ""),
    "session_limited": (
        *("UNPLAYABLE", "Video unavailable"),
        "This content isn't available, try again later.",
    ),
    "client_refused": (
        *("ERROR", "The following content is not available on this app."),
        "Watch on the latest version of YouTube.",
    ),
}
# States of a video that plays (or could), but not as an ordinary one.
STATES = (*PLAYABILITY, "live", "drm", "audio_only", "combined_only", "without_formats")
# Faults of the web itself, of any request.
HTTP_FAULTS = {
    "rate_limited": 429,
    "server_error": 503,
    "forbidden": 403,
    "unauthorised": 401,
    "legal": 451,
    "not_found": 404,
}
OTHER_FAULTS = ("reset", "stall", "slow", "truncated", "html", "garbage", "expired")
REQUESTS = ("extraction", "subtitles", "stream")


@dataclass
class Fault:
    """What goes wrong with the next request of its kind.

    kind: a word of PLAYABILITY (extractions only), HTTP_FAULTS or OTHER_FAULTS:
        reset      the connection breaks off, half-way where there is a file
        stall      half of it comes, then nothing, until the client or the site gives up
        slow       it comes at `bytes_per_sec`
        truncated  half of the file, as if that were all of it
        html       a page instead of the file
        garbage    as many bytes as the file has, which mean nothing
        expired    status 403 for the addresses given so far, until extracted anew (streams)
    times: how many requests it meets; None is all of them.
    retry_after: seconds, or any text, of the header Retry-After.
    only: the one language of subtitle tracks, or itag of streams, that it meets.
    """

    kind: str
    times: int | None = 1
    retry_after: int | str | None = None
    bytes_per_sec: int = 50_000
    only: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in (*PLAYABILITY, *HTTP_FAULTS, *OTHER_FAULTS):
            raise ValueError(f"no such fault: {self.kind}")


@dataclass(frozen=True)
class Track:
    """A caption track; `raw` is format → bytes to send instead of what the cues become."""

    language: str
    name: str
    cues: tuple[Cue, ...] = HELLO
    automatic: bool = False
    raw: Mapping[str, bytes] = field(default_factory=dict)


ENGLISH = Track("en", "English")
GERMAN = Track("de", "German")
AUTOMATIC = Track("en", "English (auto-generated)", automatic=True)


@dataclass
class Video:
    """One video of the platform, healthy unless told otherwise.

    state: for good, one of STATES; "" is healthy.
    unlocked_by: name of the cookie with which a video with a state plays as a healthy one.
    faults: kind of request (REQUESTS) → faults, met one after the other.
    translations: language → its name, offered for every automatic track, as YouTube does.
    max_height: of the ladder of formats, in pixels.
    duration_sec: what is stated; every file lasts 2 s.
    lifetime_sec: how long the addresses of an extraction work.
    """

    video_id: str
    state: str = ""
    unlocked_by: str = ""
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    tracks: tuple[Track, ...] = (ENGLISH, AUTOMATIC)
    translations: dict[str, str] = field(
        default_factory=lambda: {"en": "English", "de": "German", "fr": "French"}
    )
    live_chat: bool = False
    min_height: int = 144
    max_height: int = 1080
    duration_sec: int = 2
    lifetime_sec: int = 6 * 3600
    title: str = "A lesson of signs"
    description: str = "Write to teacher@example.org"
    channel: str = "Teacher of Signs"
    channel_id: str = "UC0123456789abcdefghijkl"
    handle: str = "@teacher-of-signs"
    licence: str = "Creative Commons Attribution licence (reuse allowed)"
    upload_date: str = "2024-03-01T09:30:00-08:00"
    tags: tuple[str, ...] = ("sign language", "lesson")
    view_count: int = 1234
    comment_count: int = 56
    age_limit: int = 0

    def __post_init__(self) -> None:
        if self.state not in ("", *STATES):
            raise ValueError(f"no such state: {self.state}")
        if unknown := self.faults.keys() - set(REQUESTS):
            raise ValueError(f"no such kind of request: {unknown}")
