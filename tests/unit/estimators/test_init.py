import inspect
import subprocess
import sys

import pytest

from signverse.errors import InputError
from signverse.estimators import (
    ESTIMATORS,
    NOT_YET,
    Estimator,
    check_estimator,
    make_estimator,
    uses_gpu,
)
from signverse.estimators.mediapipe import MediaPipeHolistic

SETTINGS = {
    "estimator": "mediapipe",
    "mediapipe": {"min_detection_confidence": 0.25, "min_tracking_confidence": 0.75},
}


@pytest.mark.parametrize(("name", "gpu"), [("mediapipe", False), ("dwpose", True)])
def test_the_registry_knows_what_computes_on_a_gpu(name: str, gpu: bool) -> None:
    assert uses_gpu(name) is gpu


def test_an_unknown_name_uses_nothing() -> None:
    with pytest.raises(KeyError):
        uses_gpu("openpose")


def test_what_cannot_run_yet_is_declared() -> None:
    assert set(NOT_YET) < set(ESTIMATORS)


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in NOT_YET])
def test_an_estimator_that_runs_passes_the_check(name: str) -> None:
    check_estimator(name)


def test_a_declared_estimator_is_refused_by_name_with_what_is_allowed() -> None:
    expected = (
        r"^config, estimate_poses: estimator: 'dwpose' is not available in this version; "
        r"allowed: mediapipe$"
    )
    with pytest.raises(InputError, match=expected):
        check_estimator("dwpose")
    with pytest.raises(InputError, match=expected):
        make_estimator(SETTINGS | {"estimator": "dwpose"})


def test_the_settings_reach_the_estimator() -> None:
    estimator = make_estimator(SETTINGS)
    assert isinstance(estimator, MediaPipeHolistic)
    assert estimator.describe()["settings"] == {
        "model_complexity": 1,
        "min_detection_confidence": 0.25,
        "min_tracking_confidence": 0.75,
    }


def test_the_estimator_has_the_methods_of_the_interface() -> None:
    for name in ("describe", "estimate"):
        declared = inspect.signature(getattr(Estimator, name))
        assert inspect.signature(getattr(MediaPipeHolistic, name)) == declared


def test_a_setting_that_the_estimator_does_not_know_is_an_error() -> None:
    with pytest.raises(TypeError, match="min_luck"):
        make_estimator({"estimator": "mediapipe", "mediapipe": {"min_luck": 1}})


def test_reading_the_registry_loads_no_network_library() -> None:
    code = (
        "import sys, signverse.estimators as e; e.check_estimator('mediapipe'); "
        "sys.exit('mediapipe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
