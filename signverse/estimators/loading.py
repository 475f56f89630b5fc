"""DWPose on the device that the config asks for.

No GPU was at hand when this was written: what concerns CUDA and TensorRT has been tested with
pretended sessions only.
"""

import contextlib
import importlib.metadata
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnxruntime

from signverse.devices import assigned_device, lease_folder, visible_devices
from signverse.estimators.dwpose import DETECTOR, POSE, DWPose, DWPoseSettings
from signverse.estimators.networks import CPU, Provider, load_network
from signverse.models import verify_model
from signverse.recipes import DWPOSE_SETTINGS

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
# Frames to a batch: a GPU wants several; on a processor they only cost memory (performance.md).
GPU_BATCH, CPU_BATCH = 8, 1
LEASE_TIMEOUT_SEC = 600.0  # Snakemake starts no more jobs than there are GPUs: waits are short


@contextlib.contextmanager
def opened_dwpose(
    settings: Mapping[str, Any], detector: str, pose: str, shared: str | Path
) -> Iterator[DWPose]:
    """DWPose with its networks loaded, on a GPU of its own where it uses one.

    Raises InputError for a network file that does not fit and MachineError when the GPU that was
    asked for cannot be had.
    """
    digests = {"detector": verify_model(Path(detector)), "pose": verify_model(Path(pose))}
    with _device(settings["provider"], shared) as (provider, device):
        providers = providers_for(provider, device, Path(shared) / "tensorrt", digests)
        batch = settings["batch_frames"] or (CPU_BATCH if provider == "cpu" else GPU_BATCH)
        options = {
            "batch": batch,
            "threads": settings["threads"],
            "providers": providers,
        }
        yield DWPose(
            load_network(detector, DETECTOR, **options),
            load_network(pose, POSE, **options),
            DWPoseSettings(**{name: settings[name] for name in DWPOSE_SETTINGS}),
            batch=batch,
            facts={
                "models": digests,
                "versions": {"onnxruntime": onnxruntime.__version__, "opencv": _opencv_version()},
                "provider": provider,
            },
        )


def _opencv_version() -> str:
    return importlib.metadata.version("opencv-python-headless")


@contextlib.contextmanager
def _device(provider: str, shared: str | Path) -> Iterator[tuple[str, str | None]]:
    """Where to compute: `cpu`, or `cuda` or `tensorrt` with the GPU that is this process's own."""
    if provider == "auto":
        able = CUDA in onnxruntime.get_available_providers() and visible_devices()
        provider = "cuda" if able else "cpu"
        logging.info("provider auto: %s", provider)
    if provider == "cpu":
        yield "cpu", None
        return
    with assigned_device(lease_folder(shared), LEASE_TIMEOUT_SEC) as device:
        os.environ["CUDA_VISIBLE_DEVICES"] = device  # before CUDA starts in this process
        if hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()
        yield provider, device


def providers_for(
    provider: str, device: str | None, cache: Path, digests: Mapping[str, str]
) -> list[Provider]:
    """What to hand to onnxruntime for `cpu`, `cuda` or `tensorrt`.

    The process sees its own GPU only, which is therefore number 0. TensorRT computes in fp16 and
    keeps engines and timings below `cache`, by networks and GPU.
    """
    if provider == "cpu":
        return [CPU]
    cuda: Provider = (CUDA, {"device_id": 0})
    if provider == "cuda":
        return [cuda, CPU]
    folder = cache / "-".join([*(digest[:16] for digest in digests.values()), str(device)])
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "device_id": 0,
        "trt_fp16_enable": True,
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(folder),
    }
    return [(TENSORRT, options), cuda, CPU]
