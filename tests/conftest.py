"""What several test modules share."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from signverse.demo.recordings import write_astronaut, write_carphone

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture
def config(root: Path) -> dict[str, Any]:
    """The config as it is shipped."""
    loaded: dict[str, Any] = yaml.safe_load((root / "config/config.yaml").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real clip of a person: 480 x 480, 12 frames at 25 frames/s. Not to be changed."""
    path = tmp_path_factory.mktemp("media") / "astronaut.mp4"
    write_astronaut(path, frames=12)
    return path


@pytest.fixture(scope="session")
def carphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real recording of a person: 176 x 144, 120 frames at 30000/1001. Not to be changed."""
    path = tmp_path_factory.mktemp("media") / "carphone.mp4"
    write_carphone(path)
    return path
