"""The format policy, over ladders such as platforms offer."""

from typing import Any

import pytest
from platform_settings import offered

from signverse.acquisition.formats import FormatPolicy, choose_format, is_video, short_side

VIDEO_LADDER = [offered("video", height) for height in (144, 240, 360, 480, 720, 1080)]
BOTH_LADDER = [offered("both", height) for height in (144, 360, 720, 1080)]
AUDIO = [offered("audio", abr=64), offered("audio", format_id="audio128", abr=128)]
PICTURES = [offered("storyboard", 45, ext="mhtml", protocol="mhtml")]


def choice(formats: list[dict[str, Any]], low: int = 360, high: int = 720, **policy: Any) -> str:
    found = choose_format(formats, FormatPolicy(low, high, **policy))
    assert found is not None
    return str(found.format["format_id"])


@pytest.mark.parametrize(
    ("formats", "low", "high", "expected"),
    [
        pytest.param([*PICTURES, *AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 360, 720, "video720"),
        pytest.param([*AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 360, 1080, "video1080"),
        pytest.param([*AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 360, 500, "video480"),
        pytest.param([*AUDIO, *VIDEO_LADDER, *BOTH_LADDER], 0, 100, "video144", id="below all"),
        pytest.param([offered("video", 240), offered("video", 1080)], 360, 720, "video1080"),
        pytest.param([offered("video", 240), offered("video", 1080)], 0, 720, "video240"),
        pytest.param([offered("video", 144), offered("video", 240)], 360, 720, "video240"),
        pytest.param([offered("video", h) for h in (2160, 1080, 1440)], 360, 720, "video1080"),
        pytest.param([*AUDIO, *BOTH_LADDER], 360, 720, "both720", id="only with sound"),
        pytest.param([*AUDIO, offered("both", 1080), offered("both", 2160)], 360, 720, "both1080"),
        pytest.param([offered("video", 240), offered("both", 720)], 360, 720, "video240"),
        pytest.param([offered("video", 1080), offered("both", 360)], 360, 720, "video1080"),
        pytest.param([offered("video"), offered("video", 240)], 360, 720, "video240"),
    ],
)
def test_the_chosen_format_is_the_best_silent_video_within_the_limits(
    formats: list[dict[str, Any]], low: int, high: int, expected: str
) -> None:
    assert choice(formats, low, high) == choice(formats[::-1], low, high) == expected


def test_of_unknown_heights_the_platforms_best_is_taken() -> None:
    """yt-dlp lists the best last."""
    assert choice([offered("video"), offered("video", format_id="rich")]) == "rich"


@pytest.mark.parametrize("formats", [AUDIO, [*PICTURES, *AUDIO], []], ids=["sound", "pics", "none"])
def test_a_ladder_without_video_gives_nothing(formats: list[dict[str, Any]]) -> None:
    assert choose_format(formats, FormatPolicy(360, 720)) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"vcodec": "none"},
        {"ext": "mhtml"},
        {"ext": "webp"},
        {"protocol": "mhtml"},
        {"has_drm": True},
    ],
)
def test_sound_storyboards_pictures_and_protected_streams_are_no_video(facts: Any) -> None:
    assert is_video(offered("video", 720))
    assert not is_video(offered("video", 720) | facts)


def test_a_stream_of_unknown_codec_may_be_a_video() -> None:
    assert is_video({"url": "http://127.0.0.1/a.mp4", "ext": "mp4"})


def same_height(**facts: Any) -> list[dict[str, Any]]:
    """The plain format of 720p, and another one of that height."""
    plain = offered("video", 720, format_id="plain", protocol="https", fps=25, vbr=900)
    return [plain, plain | {"format_id": "other"} | facts]


@pytest.mark.parametrize(
    "facts",
    [
        {"vcodec": "vp9"},
        {"vcodec": "vp09.00.31.08", "vbr": 100},
        {"vcodec": "av01.0.05M.08", "vbr": 100},
        {"vcodec": "hvc1.1.6.L93", "vbr": 100},
        {"vcodec": "unheard", "vbr": 100},
        {"vcodec": None},
        {"vbr": 1000},
        {"vbr": None, "tbr": 1000},
        {"vbr": None},
        {"fps": 50, "vbr": 100},
        {"fps": 60, "vbr": 100},
        {"fps": 15, "vbr": 100},
        {"dynamic_range": "HDR10", "vbr": 100},
        {"protocol": "m3u8_native", "vbr": 100},
        {"protocol": "http_dash_segments", "vbr": 100},
        {"preference": -10, "vbr": 100},
        {"format_note": "720p, AI-upscaled", "vbr": 100},
        {"format_note": "720p, MISSING POT", "vbr": 100},
        {"acodec": "mp4a.40.2", "vbr": 100},
    ],
    ids=str,
)
def test_of_one_height_the_plain_one_is_taken_in_any_order(facts: dict[str, Any]) -> None:
    formats = same_height(**facts)
    assert choice(formats) == choice(formats[::-1]) == "plain"


@pytest.mark.parametrize(
    "codecs",
    [("avc1.4d401f", "vp9"), ("vp9", "hvc1.1.6"), ("hev1.1.6", "av01.0.05M.08"), ("av01", "?")],
)
def test_the_codec_that_is_decoded_faster_goes_before_the_smaller_file(codecs: Any) -> None:
    quick, slow = (offered("video", 720, format_id=name, vcodec=name) for name in codecs)
    assert choice([slow | {"vbr": 100}, quick | {"vbr": 900}]) == codecs[0]


def test_sixty_frames_are_better_than_fifteen() -> None:
    formats = [offered("video", 720, format_id=str(fps), fps=fps) for fps in (15, 60)]
    assert choice(formats) == "60"


@pytest.mark.parametrize("fps", [24000 / 1001, 24, 25, 30, 30000 / 1001, None])
def test_usual_frame_rates_are_all_the_same(fps: float | None) -> None:
    assert choice(same_height(fps=fps, vbr=100)) == "other"


@pytest.mark.parametrize("note", [{"preference": -10}, {"format_note": "AI-upscaled"}])
def test_a_damaged_stream_loses_to_any_other_and_wins_when_alone(note: dict[str, Any]) -> None:
    damaged = offered("video", 720) | note
    assert choice([damaged, offered("video", 240)]) == "video240"
    found = choose_format([damaged, *AUDIO], FormatPolicy(360, 720))
    assert found is not None
    assert found.reason.endswith("; all are damaged or upscaled")


def test_an_upright_video_is_measured_by_its_short_side() -> None:
    upright = [
        offered("video", 1280, width=720, format_id="720"),
        offered("video", 1920, width=1080, format_id="1080"),
    ]
    assert [short_side(found) for found in upright] == [720, 1080]
    assert choice(upright) == "720"


def test_the_format_asked_for_is_taken_whatever_its_height() -> None:
    assert choice(VIDEO_LADDER, format_id="video144") == "video144"
    assert choice(VIDEO_LADDER, format_id="gone") == "video720"
    assert choice([*AUDIO, *VIDEO_LADDER], format_id="audio") == "video720"


@pytest.mark.parametrize(
    ("formats", "reason"),
    [
        (VIDEO_LADDER, "the greatest height within 360 to 720 px"),
        (
            [*same_height(vcodec="vp9"), *VIDEO_LADDER[:3]],
            "the greatest height within 360 to 720 px; the least work of 2 of this height (avc1)",
        ),
        ([offered("video", 1080)], "no height within 360 to 720 px: the lowest above"),
        ([offered("video", 144)], "no height of 360 px or more: the greatest"),
        ([offered("video")], "no height is known: the platform's best"),
        (
            [offered("both", 480)],
            "the greatest height within 360 to 720 px; no stream without sound",
        ),
    ],
)
def test_a_choice_says_why_and_of_how_many(formats: list[dict[str, Any]], reason: str) -> None:
    found = choose_format([*AUDIO, *formats, *PICTURES], FormatPolicy(360, 720))
    assert found is not None
    assert (found.reason, found.alternatives) == (reason, len(formats))
