import logging
from pathlib import Path

import pytest
from platform_settings import ask

from signverse.errors import InputError, MachineError, SignverseError, VideoError
from signverse.files import read_json, write_json
from signverse.outcomes import (
    VIDEO_FAULTS,
    WORLD_FAULTS,
    check_not_tombstone,
    classify,
    one_line,
    product,
    raise_if_tombstone,
    read_document,
    read_product,
    tombstone,
    tombstones_on_fault,
    without_secrets,
    world_fault,
)

COOKIES = (
    "Use --cookies-from-browser or --cookies for the authentication. See  "
    "https://github.com/yt-dlp/yt-dlp/wiki/FAQ#how-do-i-pass-cookies-to-yt-dlp  for how to "
    "manually pass cookies. Also see  "
    "https://github.com/yt-dlp/yt-dlp/wiki/Extractors#exporting-youtube-cookies  for tips on "
    "effectively exporting YouTube cookies"
)
BUG = (
    "; please report this issue on  https://github.com/yt-dlp/yt-dlp/issues?q= , filling out the "
    "appropriate issue template. Confirm you are on the latest version using  yt-dlp -U"
)
YOUTUBE = "ERROR: [youtube] zJwm0gDgx74: "

OF_THE_VIDEO = [
    (
        "private",
        f"Private video. Sign in if you've been granted access to this video. {COOKIES}",
    ),
    ("private", "This video is private"),
    ("removed", "Video unavailable"),
    ("removed", "Video unavailable. This video has been removed by the uploader"),
    (
        "removed",
        "Video unavailable. This video is no longer available because the YouTube account "
        "associated with this video has been terminated.",
    ),
    ("removed", "This video has been removed for violating YouTube's Terms of Service"),
    ("removed", "This video is not available"),
    ("removed", "This video is no longer available due to a copyright claim by Example Ltd"),
    (
        "geo_blocked",
        "Video unavailable. The uploader has not made this video available in your country",
    ),
    ("geo_blocked", "This video is not available from your location due to geo restriction"),
    (
        "geo_blocked",
        "Video unavailable. This video contains content from Example Ltd, who has blocked it in "
        "your country on copyright grounds",
    ),
    (
        "age_restricted",
        f"Sign in to confirm your age. This video may be inappropriate for some users. {COOKIES}",
    ),
    ("age_restricted", "This video is age-restricted and only available on YouTube"),
    (
        "members_only",
        "Join this channel to get access to members-only content like this video, and other "
        "exclusive perks.",
    ),
    (
        "members_only",
        "This video is available to this channel's members on level: Friends (or any higher "
        "level). Join this channel to get access to members-only content and other perks.",
    ),
    ("members_only", "This video is only available to Music Premium members"),
    ("members_only", "This video requires payment to watch"),
    ("private", "This is a private video. Please sign in to verify that you may see it."),
    ("removed", "This video isn't available anymore"),
    ("removed", "Video unavailable. This video is unavailable"),
    (
        "geo_blocked",
        "Unable to download API page: HTTP Error 451: Unavailable For Legal Reasons "
        "(caused by <HTTPError 451: Unavailable For Legal Reasons>)",
    ),
    ("not_a_video", "Premieres in 3 hours"),
    ("not_a_video", "This live event will begin in 5 days."),
    (
        "no_video_stream",
        "Requested format is not available. Use --list-formats for a list of available formats",
    ),
    ("no_video_stream", "This video is DRM protected"),
]
OF_THE_WORLD = [
    ("bot_check", f"Sign in to confirm you’re not a bot. {COOKIES}"),
    ("bot_check", f"Sign in to confirm you're not a bot. {COOKIES}"),
    (
        "bot_check",
        "Video unavailable. YouTube is requiring a captcha challenge before playback",
    ),
    (
        "rate_limited",
        "Video unavailable. This content isn't available, try again later. The current session "
        "has been rate-limited by YouTube for up to an hour. It is recommended to use `-t sleep`",
    ),
    (
        "rate_limited",
        "Unable to download API page: HTTP Error 429: Too Many Requests "
        "(caused by <HTTPError 429: Too Many Requests>)",
    ),
    ("rate_limited", "Video unavailable. This content isn’t available, try again later."),
    ("rate_limited", "Video unavailable. This content isn’t available."),
    ("rate_limited", f"Failed to extract any player response{BUG}"),
    (
        "bot_check",
        "All player responses are invalid. Your IP is likely being blocked by Youtube",
    ),
    (
        "unknown",
        "The following content is not available on this app.. Watch on the latest version of "
        "YouTube.",
    ),
    ("unknown", "This video is unavailable. Watch on the latest version of YouTube."),
    (
        "unknown",
        "Video unavailable. This video is restricted. Please check the Google Workspace "
        "administrator and/or the network administrator restrictions.",
    ),
    ("unknown", f"No video formats found!{BUG}"),
    (
        "network",
        "Unable to download webpage: HTTP Error 503: Service Unavailable "
        "(caused by <HTTPError 503: Service Unavailable>)",
    ),
    (
        "network",
        "Unable to download webpage: HTTPSConnection(host='www.youtube.com', port=443): Read "
        "timed out. (read timeout=30.0) (caused by TransportError('Read timed out.'))",
    ),
    (
        "network",
        "Unable to download API page: ('Connection aborted.', ConnectionResetError(104, "
        "'Connection reset by peer')) (caused by TransportError('Connection aborted.'))",
    ),
    (
        "network",
        "Unable to download webpage: [Errno -3] Temporary failure in name resolution "
        "(caused by TransportError('[Errno -3] Temporary failure in name resolution'))",
    ),
    (
        "network",
        "A network error has occurred. (caused by <IncompleteRead: 10 bytes read, 90 more "
        "expected>)",
    ),
    ("unknown", f"Unable to extract initial player response{BUG}"),
    (
        "unknown",
        "Unable to download API page: HTTP Error 403: Forbidden "
        "(caused by <HTTPError 403: Forbidden>)",
    ),
    ("unknown", "We're processing this video. Check back later."),
]
WITHOUT_A_VIDEO_ID = [
    ("not_a_video", "ERROR: Unsupported URL: https://example.org/about"),
    ("not_a_video", "ERROR: [generic] 'about' is not a valid URL"),
    (
        "not_a_video",
        "ERROR: [youtube:truncated_id] abc: Incomplete YouTube ID abc. URL "
        "https://www.youtube.com/watch?v=abc looks truncated.",
    ),
    (
        "removed",
        "ERROR: [generic] a: Unable to download webpage: HTTP Error 404: Not Found "
        "(caused by <HTTPError 404: Not Found>)",
    ),
    ("removed", "ERROR: [generic] a: Unable to download webpage: HTTP Error 410: Gone"),
    ("removed", "ERROR: unable to download video data: HTTP Error 404: Not Found"),
]
OF_THE_MACHINE = [
    ("disk_full", "[Errno 28] No space left on device"),
    ("disk_full", "Unable to download video: [Errno 122] Disk quota exceeded"),
    ("network", "ERROR: unable to download video data: [SSL: WRONG_VERSION_NUMBER] wrong version"),
    ("network", "HTTP Error 502: Bad Gateway"),
    ("unknown", "ERROR: [generic] a: Unable to download webpage: HTTP Error 401: Unauthorized"),
    ("unknown", "ERROR: [generic] a: Unable to download webpage: HTTP Error 403: Forbidden"),
    ("unknown", "ERROR: unable to download video data: HTTP Error 403: Forbidden"),
    ("unknown", "ERROR: content too short (expected 100 bytes and served 10)"),
    ("unknown", "[Errno 13] Permission denied: 'video.mp4'"),
    ("unknown", ""),
]


@pytest.mark.parametrize(("status", "message"), OF_THE_VIDEO)
def test_what_youtube_says_of_a_video_is_the_videos_fault(status: str, message: str) -> None:
    error = classify(YOUTUBE + message)
    assert isinstance(error, VideoError)
    assert error.status == status


@pytest.mark.parametrize(("status", "message"), WITHOUT_A_VIDEO_ID)
def test_what_other_sites_say_of_a_video_is_the_videos_fault(status: str, message: str) -> None:
    error = classify(message)
    assert isinstance(error, VideoError)
    assert error.status == status


@pytest.mark.parametrize(
    ("kind", "message"), [*((k, YOUTUBE + m) for k, m in OF_THE_WORLD), *OF_THE_MACHINE]
)
def test_what_may_be_the_worlds_fault_is_no_fault_of_the_video(kind: str, message: str) -> None:
    error = classify(message)
    assert isinstance(error, MachineError)
    assert str(error).startswith(f"{kind}: ")


@pytest.mark.parametrize(("_", "world"), OF_THE_WORLD[:-3])
@pytest.mark.parametrize(("__", "video"), OF_THE_VIDEO[::4])
def test_the_worlds_fault_wins_over_the_videos(_: str, world: str, __: str, video: str) -> None:
    assert isinstance(classify(f"{YOUTUBE}{video}. {world}"), MachineError)
    assert isinstance(classify(f"{YOUTUBE}{world}. {video}"), MachineError)


@pytest.mark.parametrize("word", ["deaf-connection", "timeout", "captcha", "not-a-bot?rate-limit"])
def test_a_word_in_the_address_is_no_fault_of_the_world(word: str) -> None:
    error = classify(f"ERROR: Unsupported URL: https://example.org/{word}")
    assert isinstance(error, VideoError)
    assert error.status == "not_a_video"


def test_every_fault_that_has_a_message_is_found_by_one() -> None:
    videos = {status for status, _ in [*OF_THE_VIDEO, *WITHOUT_A_VIDEO_ID]}
    assert videos == {status for status, patterns in VIDEO_FAULTS.items() if patterns}
    world = {kind for kind, _ in [*OF_THE_WORLD, *OF_THE_MACHINE]}
    assert world == {*WORLD_FAULTS, "unknown"}


def test_a_truncated_youtube_id_is_a_fault_of_the_video_for_yt_dlp_itself() -> None:
    """Refused by yt-dlp without asking the network."""
    with pytest.raises(VideoError, match=r"^not_a_video: .*Incomplete YouTube ID abc"):
        ask("https://www.youtube.com/watch?v=abc", timeout_sec=1, retries=0)


@pytest.mark.parametrize("message", [m for _, m in [*OF_THE_VIDEO, *OF_THE_WORLD]])
def test_a_reason_is_one_plain_line_without_advice(message: str) -> None:
    reason = one_line(f"\x1b[0;31mERROR:\x1b[0m [youtube] zJwm0gDgx74: {message}\n  \n")
    assert reason.startswith("zJwm0gDgx74: ")
    assert reason.isprintable()
    assert len(reason) <= 300
    for unwanted in ("ERROR", "[youtube]", "cookies", "please report", "caused by", "--", "  "):
        assert unwanted not in reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", ""),
        ("Video unavailable", "Video unavailable"),
        ("  Two\n lines\twith   blanks ", "Two lines with blanks"),
        (
            "\x1b[0;31mERROR:\x1b[0m [youtube] a1: \x1b[1mPrivate video\x1b[0m.",
            "a1: Private video.",
        ),
        (
            "ERROR: [youtube:truncated_id] abc: Incomplete YouTube ID abc.",
            "abc: Incomplete YouTube ID abc.",
        ),
        (
            "ERROR: [youtube] a1: Requested format is not available. Use --list-formats for a list",
            "a1: Requested format is not available.",
        ),
        (f"ERROR: [youtube] a1: No video formats found!{BUG}", "a1: No video formats found!"),
        (
            "ERROR: [generic] a: Unable to download webpage: HTTP Error 410: Gone "
            "(caused by <HTTPError 410: Gone>)",
            "a: Unable to download webpage: HTTP Error 410: Gone",
        ),
        ("x" * 1000, "x" * 300),
    ],
)
def test_a_message_becomes_a_reason(message: str, reason: str) -> None:
    assert one_line(message) == reason


def test_a_classified_fault_carries_its_reason() -> None:
    error = classify(f"{YOUTUBE}Private video. {COOKIES}")
    assert str(error) == "private: zJwm0gDgx74: Private video."
    assert isinstance(error, VideoError)
    assert error.reason == "zJwm0gDgx74: Private video."


PRIVATE = VideoError("private", "Private video")


@pytest.mark.parametrize("name", ["metadata.json", "video.mp4"])
def test_a_tombstone_holds_status_and_reason_and_comes_back_as_the_fault(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    with tombstones_on_fault("a1", path):
        raise PRIVATE
    assert read_json(path) == {"video_id": "a1", "status": "private", "reason": "Private video"}
    for read in (read_product, check_not_tombstone):
        with pytest.raises(VideoError, match=r"^private: Private video$") as caught:
            read(path)
        assert (caught.value.status, caught.value.reason) == ("private", "Private video")


def test_a_later_stage_passes_a_tombstone_on(tmp_path: Path) -> None:
    with tombstones_on_fault("a1", tmp_path / "subtitles.json"):
        raise PRIVATE
    with tombstones_on_fault("a1", tmp_path / "captions.json"):
        read_product(tmp_path / "subtitles.json")
    first, second = (tmp_path / name for name in ("subtitles.json", "captions.json"))
    assert first.read_bytes() == second.read_bytes()


def test_all_products_of_a_stage_become_tombstones_even_those_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [tmp_path / name for name in ("metadata.json", "subtitles.json", "download.json")]
    with tombstones_on_fault("a1", *paths):
        write_json(paths[1], product("a1", 1, tracks=[]))
        raise PRIVATE
    assert [read_json(path) for path in paths] == [tombstone("a1", PRIVATE)] * 3
    assert caplog.record_tuples == [("root", logging.WARNING, "private: Private video")]


@pytest.mark.parametrize(
    "error",
    [
        MachineError("network: timed out"),
        InputError("a.json: damaged"),
        SignverseError("other"),
        OSError(28, "No space left on device"),
        KeyError("title"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_other_error_passes_and_writes_nothing(tmp_path: Path, error: BaseException) -> None:
    with (
        pytest.raises(type(error)) as caught,
        tombstones_on_fault("a1", tmp_path / "metadata.json"),
    ):
        raise error
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_a_stage_that_goes_well_leaves_no_tombstone(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    with tombstones_on_fault("a1", path, tmp_path / "download.json"):
        write_json(path, product("a1", 3, title="Signs"))
    assert [p.name for p in tmp_path.iterdir()] == ["metadata.json"]
    assert list(read_product(path).items()) == [
        *(("schema_version", 3), ("video_id", "a1"), ("status", "ok"), ("reason", "")),
        ("title", "Signs"),
    ]


def test_a_good_document_is_returned_as_it_is() -> None:
    document = product("a1", 1, n=2)
    assert raise_if_tombstone(document) is document


def test_a_tombstone_that_was_read_already_is_raised() -> None:
    with pytest.raises(VideoError, match=r"^private: Private video$"):
        raise_if_tombstone(tombstone("a1", PRIVATE))


def test_a_damaged_product_is_neither_good_nor_a_tombstone(tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_text('{"video_id": "a1", "sta')
    for read in (read_product, check_not_tombstone):
        with pytest.raises(InputError, match=r"video\.mp4: cannot be read as JSON"):
            read(path)


def test_a_product_without_a_status_is_damaged_input(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    path.write_text('{"video_id": "a1"}')
    with pytest.raises(InputError, match=r"metadata\.json"):
        read_product(path)


def test_a_real_video_is_no_tombstone(carphone: Path, tmp_path: Path) -> None:
    check_not_tombstone(carphone)
    (tmp_path / "empty.mp4").touch()
    check_not_tombstone(tmp_path / "empty.mp4")


@pytest.mark.parametrize("video", ["connection1", "timed-out", "captcha", "age-restricted"])
@pytest.mark.parametrize(
    "head", ["[generic] {0}", "{0}", "[generic] {0}: {0}", "[youtube:tab] {0}"]
)
def test_the_id_of_a_video_does_not_decide_what_is_wrong_with_it(head: str, video: str) -> None:
    before = f"ERROR: {head.format(video)}: "
    found = classify(f"{before}Unable to download webpage: HTTP Error 404: Not Found")
    assert isinstance(found, VideoError)
    assert found.status == "removed"
    assert str(classify(f"{before}Something never seen before")).startswith("unknown: ")


def test_a_reason_holds_no_login_and_no_query() -> None:
    message = "ERROR: Unsupported URL: https://user:word@host.example/page?token=secret#part"
    assert one_line(message) == "Unsupported URL: https://host.example/page"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("by http://me:word@proxy.example:80 and on", "by http://proxy.example:80 and on"),
        ("socks5h://me@127.0.0.1:9: refused", "socks5h://127.0.0.1:9: refused"),
        (
            "'https://a.example/x?sig=abc' and https://b.example#c",
            "'https://a.example/x and https://b.example",
        ),
        (
            "mail me@host.example about http://a.example/@me",
            "mail me@host.example about http://a.example/@me",
        ),
    ],
)
def test_addresses_anywhere_in_a_text_lose_logins_and_queries(text: str, clean: str) -> None:
    assert without_secrets(text) == clean


def test_a_fault_of_the_world_knows_its_class():
    assert [classify(m).status for m in ("HTTP Error 429: Too Many Requests", "Boom")] == [
        "rate_limited",
        "unknown",
    ]


def test_what_cannot_be_about_the_video_is_the_worlds_fault_whatever_it_says():
    found = world_fault("unable to download subtitles: HTTP Error 404: Not Found")
    assert isinstance(found, MachineError)
    assert found.status == "unknown"
    assert "HTTP Error 404" in str(found)
    assert world_fault("HTTP Error 429").status == "rate_limited"


def test_a_document_of_another_video_or_without_a_status_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metadata.json"
    write_json(path, product("a", 2, title="x"))
    assert read_document(path, "a")["title"] == "x"
    with pytest.raises(InputError, match=r"metadata\.json: belongs to video 'a', expected 'b'"):
        read_document(path, "b")
    write_json(path, {"video_id": "a"})
    with pytest.raises(InputError, match=r"fields are missing: reason, status"):
        read_document(path, "a")
