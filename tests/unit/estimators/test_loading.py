import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import signverse.estimators.loading as loading
from signverse.demo.networks import synthetic_frame, write_networks
from signverse.errors import InputError, MachineError
from signverse.estimators.loading import CUDA, TENSORRT, opened_dwpose, providers_for
from signverse.estimators.networks import CPU, Network, Signature, load_network
from signverse.files import sha256, write_json

SETTINGS: dict[str, Any] = {
    "provider": "cpu",
    "threads": 1,
    "batch_frames": 4,
    "detector_channels": "BGR",
    "pose_channels": "RGB",
    "resize_short_side": None,
    "min_detection_score": 0.3,
    "max_persons": None,
    "detect_every": 1,
}
DIGESTS = {"detector": "a" * 64, "pose": "b" * 64}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("networks")
    return {key: str(path) for key, path in write_networks(folder).items()}


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No device is visible and no nvidia-smi is there."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two pretended devices."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    return


def test_painted_persons_are_found_where_they_are(networks: dict[str, str], tmp_path: Path) -> None:
    boxes = [(40, 60, 200, 420), (320, 80, 460, 400)]
    frame = synthetic_frame(640, 480, boxes)
    with opened_dwpose(SETTINGS, networks["detector"], networks["pose"], tmp_path) as estimator:
        (persons,) = estimator.estimate([frame])
    found = sorted(tuple(person.bbox * (640, 480, 640, 480)) for person in persons)
    np.testing.assert_allclose(found, sorted(boxes), atol=3)


def test_networks_and_versions_are_described(networks: dict[str, str], tmp_path: Path) -> None:
    with opened_dwpose(SETTINGS, networks["detector"], networks["pose"], tmp_path) as estimator:
        described = estimator.describe()
    assert described["models"] == {key: sha256(path) for key, path in networks.items()}
    assert described["versions"]["onnxruntime"] == onnxruntime.__version__
    assert described["versions"]["opencv"].startswith("4.")
    assert described["provider"] == "cpu"
    assert described["settings"]["detector_channels"] == "BGR"


def test_auto_is_the_cpu_where_no_gpu_is(
    networks: dict[str, str], tmp_path: Path, no_gpu: None
) -> None:
    settings = SETTINGS | {"provider": "auto"}
    with opened_dwpose(settings, networks["detector"], networks["pose"], tmp_path) as estimator:
        assert estimator.describe()["provider"] == "cpu"


@pytest.mark.parametrize("provider", ["cuda", "tensorrt"])
def test_a_gpu_that_was_asked_for_and_is_not_there_is_an_error(
    networks: dict[str, str], tmp_path: Path, no_gpu: None, provider: str
) -> None:
    settings = SETTINGS | {"provider": provider}
    with (
        pytest.raises(MachineError, match="nvidia-smi"),
        opened_dwpose(settings, networks["detector"], networks["pose"], tmp_path),
    ):
        pass


def test_a_session_that_falls_back_to_the_cpu_is_an_error(
    networks: dict[str, str], tmp_path: Path, two_gpus: None
) -> None:
    settings = SETTINGS | {"provider": "cuda"}
    with (
        pytest.raises(MachineError, match=r"CUDAExecutionProvider was asked for.*provider: cpu"),
        opened_dwpose(settings, networks["detector"], networks["pose"], tmp_path),
    ):
        pass


def test_a_process_sees_just_the_device_it_leased(tmp_path: Path, two_gpus: None) -> None:
    with loading._device("cuda", tmp_path) as (provider, device):
        assert (provider, device) == ("cuda", "4")
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "4"


def test_a_fetched_network_that_is_not_as_its_receipt_says_is_refused(
    networks: dict[str, str], tmp_path: Path
) -> None:
    detector = tmp_path / "yolox_l.onnx"
    detector.write_bytes(Path(networks["detector"]).read_bytes())
    write_json(detector.with_suffix(".json"), {"sha256": "0" * 64})
    with (
        pytest.raises(InputError, match=rf"expected SHA-256 {'0' * 64}.*found [0-9a-f]{{64}}"),
        opened_dwpose(SETTINGS, str(detector), networks["pose"], tmp_path),
    ):
        pass


def test_swapped_networks_are_refused_by_file(networks: dict[str, str], tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"dw-ll_ucoco_384\.onnx: has inputs of shape"),
        opened_dwpose(SETTINGS, networks["pose"], networks["detector"], tmp_path),
    ):
        pass


def test_the_cpu_needs_no_options(tmp_path: Path) -> None:
    assert providers_for("cpu", None, tmp_path, DIGESTS) == [CPU]
    assert list(tmp_path.iterdir()) == []


def test_cuda_is_the_one_device_that_the_process_sees(tmp_path: Path) -> None:
    assert providers_for("cuda", "3", tmp_path, DIGESTS) == [(CUDA, {"device_id": 0}), CPU]


def test_tensorrt_keeps_engines_by_networks_and_device(tmp_path: Path) -> None:
    first, cuda, cpu = providers_for("tensorrt", "3", tmp_path, DIGESTS)
    other = providers_for("tensorrt", "3", tmp_path, DIGESTS | {"pose": "c" * 64})[0]
    name, options = first
    assert (name, cuda[0], cpu) == (TENSORRT, CUDA, CPU)
    assert isinstance(options, dict)
    assert options["trt_fp16_enable"] is True
    folder = tmp_path / ("a" * 16 + "-" + "b" * 16 + "-3")
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"] == str(folder)
    assert folder.is_dir()
    assert other[1] != options


@pytest.mark.parametrize(
    ("provider", "wanted", "batch"),
    [("cpu", None, 1), ("cpu", 3, 3), ("cuda", None, 8), ("tensorrt", None, 8), ("cuda", 2, 2)],
)
def test_frames_to_a_batch_are_several_on_a_gpu_and_one_on_the_cpu(
    tmp_path: Path,
    networks: dict[str, str],
    two_gpus: None,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    wanted: int | None,
    batch: int,
) -> None:
    def on_the_cpu(path: str, signature: Signature, **options: Any) -> Network:
        return load_network(path, signature, **options | {"providers": [CPU]})

    monkeypatch.setattr(loading, "load_network", on_the_cpu)
    settings = SETTINGS | {"provider": provider, "batch_frames": wanted}
    with opened_dwpose(settings, networks["detector"], networks["pose"], tmp_path) as estimator:
        assert (estimator.batch, estimator.pose.batch) == (batch, batch)
