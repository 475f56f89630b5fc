"""fetch_video: from download.json to video.mp4."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from platform_settings import platform_settings, stream_info

from signverse.demo.recordings import truncate
from signverse.demo.site import serve
from signverse.errors import MachineError, VideoError
from signverse.files import read_json, write_json
from signverse.outcomes import product, tombstone
from signverse.traffic import Traffic, TrafficSettings


def write_download(
    tmp_path: Path, port: int, name: str, duration_sec: float | None = None
) -> dict[str, Any]:
    """Write a download.json of a file of the site; return the script's arguments."""
    url = f"http://127.0.0.1:{port}/{name}"
    info = stream_info(url) | {"duration": duration_sec}
    folder = tmp_path / "videos" / "x"
    write_json(folder / "download.json", product("x", 2, info=info))
    return arguments(folder)


def arguments(folder: Path) -> dict[str, Any]:
    paths = {"download": "download.json", "video": "video.mp4", "facts": "video.json"}
    given = {name: folder / file for name, file in paths.items()}
    traffic = Traffic(folder.parent.parent / "traffic", TrafficSettings(2, 0, None, 1, 1))
    settings = {"platform": platform_settings(retries=0), "min_free_gb": 0.0, "traffic": traffic}
    return {"video_id": "x", **settings, **given}


def write_with_sound(path: Path, picture_file: Path) -> None:
    """The packets of a video file with half a second of silence beside them."""
    with av.open(str(picture_file)) as source, av.open(str(path), "w") as target:
        pictures = target.add_stream_from_template(source.streams.video[0])
        sound: Any = target.add_stream("aac", rate=44100)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                target.mux(packet)
        for number in range(20):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate, silence.pts = 44100, number * 1024
            silence.time_base = Fraction(1, 44100)
            target.mux(sound.encode(silence))
        target.mux(sound.encode(None))


def test_a_video_is_downloaded_as_it_is(
    main: Callable[..., None], tmp_path: Path, carphone: Path
) -> None:
    with serve(carphone.parent) as server:
        given = write_download(tmp_path, server.server_port, carphone.name)
        main(**given)
        assert server.requests == [f"/{carphone.name}"]
    assert given["video"].read_bytes() == carphone.read_bytes()
    assert sorted(path.name for path in given["video"].parent.iterdir()) == [
        "download.json",
        "video.json",
        "video.mp4",
    ]


def test_sound_is_left_out_and_every_picture_kept(
    main: Callable[..., None], tmp_path: Path, astronaut: Path
) -> None:
    (tmp_path / "site").mkdir()
    write_with_sound(tmp_path / "site" / "sound.mp4", astronaut)
    with av.open(str(tmp_path / "site" / "sound.mp4")) as container:
        assert sorted(stream.type for stream in container.streams) == ["audio", "video"]
    with serve(tmp_path / "site") as server:
        given = write_download(tmp_path, server.server_port, "sound.mp4")
        main(**given)
    with av.open(str(given["video"])) as container, av.open(str(astronaut)) as original:
        assert [stream.type for stream in container.streams] == ["video"]
        frames = [frame.to_ndarray() for frame in container.decode(video=0)]
        expected = [frame.to_ndarray() for frame in original.decode(video=0)]
    assert len(frames) == 12
    assert all(map(np.array_equal, frames, expected))


def test_a_file_that_does_not_open_becomes_a_tombstone(
    main: Callable[..., None], tmp_path: Path, carphone: Path
) -> None:
    (tmp_path / "site").mkdir()
    truncate(carphone, tmp_path / "site" / "broken.mp4", share=0.6)
    with serve(tmp_path / "site") as server:
        given = write_download(tmp_path, server.server_port, "broken.mp4")
        main(**given)
    document = read_json(given["video"])
    assert sorted(document) == ["reason", "status", "video_id"]
    assert (document["video_id"], document["status"]) == ("x", "undecodable")
    assert len(list(given["video"].parent.iterdir())) == 3


def test_a_file_that_opens_but_does_not_decode_becomes_a_tombstone(
    main: Callable[..., None], tmp_path: Path, astronaut: Path
) -> None:
    (tmp_path / "site").mkdir()
    with av.open(str(astronaut)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(astronaut.read_bytes())
    for start, size in packets:
        data[start : start + size] = b"\xff" * size
    (tmp_path / "site" / "noise.mp4").write_bytes(data)
    with serve(tmp_path / "site") as server:
        given = write_download(tmp_path, server.server_port, "noise.mp4")
        main(**given)
    document = read_json(given["video"])
    assert (document["video_id"], document["status"]) == ("x", "undecodable")
    assert document["reason"] == "no frame of the video can be decoded"


def test_a_file_that_is_gone_becomes_a_tombstone(main: Callable[..., None], tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        given = write_download(tmp_path, server.server_port, "missing.mp4")
        main(**given)
    document = read_json(given["video"])
    assert document["status"] == "removed"
    assert "HTTP Error 404" in document["reason"]
    assert len(list(given["video"].parent.iterdir())) == 3


def test_a_tombstone_is_passed_on_and_nobody_asked(
    main: Callable[..., None], tmp_path: Path
) -> None:
    given = arguments(tmp_path)
    write_json(given["download"], tombstone("x", VideoError("geo_blocked", "not in your country")))
    main(**given | {"platform": None, "traffic": None, "min_free_gb": math.inf})
    assert given["video"].read_bytes() == given["download"].read_bytes()
    assert given["facts"].read_bytes() == given["download"].read_bytes()
    names = {"download.json", "video.mp4", "video.json", "empty"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_disk_that_is_nearly_full_fails_the_job_before_anybody_is_asked(
    main: Callable[..., None], tmp_path: Path, carphone: Path
) -> None:
    with serve(carphone.parent) as server:
        given = write_download(tmp_path, server.server_port, carphone.name)
        with pytest.raises(MachineError, match=r"GB free .*min_free_gb") as caught:
            main(**given | {"min_free_gb": 1e9})
        assert server.requests == []
    assert caught.value.status == "disk_full"
    assert [path.name for path in given["video"].parent.iterdir()] == ["download.json"]


def test_a_site_that_is_down_fails_the_job_and_the_next_try_succeeds(
    main: Callable[..., None], tmp_path: Path, carphone: Path
) -> None:
    with serve(carphone.parent) as server:
        given = write_download(tmp_path, server.server_port, carphone.name)
        port = server.server_port
    with pytest.raises(MachineError, match=r"^network: "):
        main(**given)
    assert not given["video"].exists()
    with serve(carphone.parent, port):
        main(**given)
    assert given["video"].read_bytes() == carphone.read_bytes()
    assert len(list(given["video"].parent.iterdir())) == 3


@pytest.mark.parametrize(
    ("stated", "flags"), [(4.004, []), (None, []), (60, ["shorter_than_stated"])]
)
def test_the_file_is_compared_with_what_the_platform_said(
    main: Callable[..., None], tmp_path: Path, carphone: Path, root: Path, stated: Any, flags: Any
) -> None:
    with serve(carphone.parent) as server:
        given = write_download(tmp_path, server.server_port, carphone.name, stated)
        main(**given)
    document = read_json(given["facts"])
    assert document["status"] == "ok"
    assert (document["format_id"], document["refreshed"]) == ("0", False)
    assert document["bytes"] == given["video"].stat().st_size
    assert document["duration_sec"] == pytest.approx(120 * 1001 / 30000, abs=0.05)
    assert (document["stated_duration_sec"], document["flags"]) == (stated, flags)
    schema = read_json(root / "resources/schemas/video.schema.json")
    Draft202012Validator(schema).validate(document)
