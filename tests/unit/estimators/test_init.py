import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from signverse.errors import InputError
from signverse.estimators import Estimator, opened_estimator, uses_gpu
from signverse.estimators.dwpose import DWPose
from signverse.estimators.mediapipe import MediaPipeHolistic

SETTINGS = {
    "estimator": "mediapipe",
    "mediapipe": {"min_detection_confidence": 0.25, "min_tracking_confidence": 0.75},
}


@pytest.mark.parametrize(
    ("estimator", "provider", "gpu"),
    [
        ("mediapipe", "auto", False),
        ("mediapipe", "cuda", False),
        ("dwpose", "auto", True),
        ("dwpose", "cuda", True),
        ("dwpose", "tensorrt", True),
        ("dwpose", "cpu", False),
    ],
)
def test_a_gpu_is_asked_for_where_one_may_be_used(estimator: str, provider: str, gpu: bool) -> None:
    assert uses_gpu({"estimator": estimator, "provider": provider}) is gpu


def test_the_settings_reach_the_estimator() -> None:
    with opened_estimator(SETTINGS, [], ".") as estimator:
        assert isinstance(estimator, MediaPipeHolistic)
        assert estimator.describe()["settings"] == {
            "model_complexity": 1,
            "min_detection_confidence": 0.25,
            "min_tracking_confidence": 0.75,
        }


@pytest.mark.parametrize("estimator", [MediaPipeHolistic, DWPose])
def test_an_estimator_has_the_methods_of_the_interface(estimator: type) -> None:
    for name in ("describe", "estimate"):
        declared = inspect.signature(getattr(Estimator, name))
        assert inspect.signature(getattr(estimator, name)) == declared


def test_a_setting_that_the_estimator_does_not_know_is_an_error() -> None:
    settings = {"estimator": "mediapipe", "mediapipe": {"min_luck": 1}}
    with pytest.raises(TypeError, match="min_luck"), opened_estimator(settings, [], "."):
        pass


def test_dwpose_without_its_networks_is_refused_by_file(tmp_path: Path) -> None:
    networks = [str(tmp_path / "detector.onnx"), str(tmp_path / "pose.onnx")]
    settings = {"estimator": "dwpose", "provider": "cpu"}
    with (
        pytest.raises(InputError, match=r"detector\.onnx"),
        opened_estimator(settings, networks, tmp_path),
    ):
        pass


def test_asking_about_estimators_loads_no_network_library() -> None:
    code = (
        "import sys, signverse.estimators as e; "
        "e.uses_gpu({'estimator': 'dwpose', 'provider': 'auto'}); "
        "sys.exit(bool({'mediapipe', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
