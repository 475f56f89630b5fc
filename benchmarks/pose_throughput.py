"""Time per frame inside and outside the networks: this estimator, rtmlib, easy-dwpose.

One process, one clip, the same two networks and the same number of threads for all; frames are
decoded before the clock starts. A benchmark: it prints a table and never fails on time.

    python -m pip install --no-deps --require-hashes -r benchmarks/requirements.txt
    python benchmarks/pose_throughput.py [--detector FILE --pose FILE] [--video FILE]

Without networks the stand-ins are taken: their own time means nothing, what is outside does.
"""

import argparse
import contextlib
import importlib.metadata
import io
import os
import platform
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from signverse.demo.networks import write_networks
from signverse.demo.recordings import write_astronaut
from signverse.estimators.dwpose import DETECTOR, POSE, DWPose, DWPoseSettings
from signverse.estimators.networks import load_network
from signverse.video import SampledVideo

Frames = list[np.ndarray]
Run = Callable[[Frames], int]
PACKAGES = ("onnxruntime-gpu", "opencv-python-headless", "numpy", "rtmlib", "easy-dwpose")


class TimedSession(onnxruntime.InferenceSession):
    """A session of a fixed number of threads that adds up the time of its runs."""

    threads = 1
    seconds = 0.0

    def __init__(self, path_or_bytes: Any, sess_options: Any = None, **options: Any) -> None:
        sess_options = sess_options or onnxruntime.SessionOptions()
        sess_options.intra_op_num_threads = TimedSession.threads
        # As ours: spinning threads would take the processor from the work outside.
        sess_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        super().__init__(path_or_bytes, sess_options, **options)

    def run(self, *arguments: Any, **options: Any) -> Any:
        """As in the base class, with the clock running."""
        start = time.perf_counter()
        try:
            return super().run(*arguments, **options)
        finally:
            TimedSession.seconds += time.perf_counter() - start


def ours(detector: str, pose: str, threads: int) -> Run:
    """The estimator of this project, in batches of eight frames."""
    networks = [
        load_network(path, signature, batch=8, threads=threads)
        for path, signature in ((detector, DETECTOR), (pose, POSE))
    ]
    estimator = DWPose(
        *networks, DWPoseSettings(detector_channels="BGR", pose_channels="BGR"), batch=8
    )
    return lambda frames: sum(len(persons) for persons in estimator.estimate(frames))


def rtmlib(detector: str, pose: str) -> Run:
    """Rtmlib's Wholebody, OpenPose order, as its demos call it."""
    import rtmlib

    wholebody = rtmlib.Wholebody(
        det=detector, pose=pose, to_openpose=True, backend="onnxruntime", device="cpu"
    )
    return lambda frames: sum(len(wholebody(frame)[0]) for frame in frames)


def easy_dwpose(detector: str, pose: str) -> Run:
    """easy-dwpose as published; torch and the hub, which it only imports, are stubs."""
    torch, hub = types.ModuleType("torch"), types.ModuleType("huggingface_hub")
    torch.inference_mode = lambda: lambda function: function  # type: ignore[attr-defined]
    hub.hf_hub_download = lambda *given, **options: None  # type: ignore[attr-defined]
    for stub in (torch, hub):
        sys.modules.setdefault(stub.__name__, stub)
    from easy_dwpose.body_estimation import Wholebody
    from easy_dwpose.dwpose import DWposeDetector

    estimator = object.__new__(DWposeDetector)
    estimator.pose_estimation = Wholebody(detector, pose, device="cpu")
    return lambda frames: sum(len(estimator(frame, draw_pose=None)["faces"]) for frame in frames)


def measure(run: Run, frames: Frames, rounds: int) -> tuple[float, float, int]:
    """Median milliseconds per frame inside and outside the networks, and persons found."""
    run(frames[:8])
    inside, outside, persons = [], [], 0
    for _ in range(rounds):
        TimedSession.seconds = 0.0
        start = time.perf_counter()
        persons = run(frames)
        total = time.perf_counter() - start
        inside.append(1000 * TimedSession.seconds / len(frames))
        outside.append(1000 * (total - TimedSession.seconds) / len(frames))
    return statistics.median(inside), statistics.median(outside), persons


@contextlib.contextmanager
def inputs(options: argparse.Namespace) -> Iterator[tuple[str, str, Path]]:
    """Detector, pose network and clip: those of the command line, else made for the occasion."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {key: str(path) for key, path in write_networks(Path(folder)).items()}
        clip = options.video or Path(folder) / "astronaut.mp4"
        if not options.video:
            write_astronaut(clip, frames=options.frames)
        yield options.detector or paths["detector"], options.pose or paths["pose"], clip


def clip_frames(path: Path, size: str) -> tuple[Frames, float]:
    """Frames of a clip at a size, and milliseconds per frame to decode them."""
    start = time.perf_counter()
    frames = [sampled.image for sampled in SampledVideo(path, 24)]
    decoding = 1000 * (time.perf_counter() - start) / len(frames)
    width, height = map(int, size.split("x"))
    return [cv2.resize(frame, (width, height)) for frame in frames], decoding


def main() -> None:
    """Measure all three and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--detector")
    parser.add_argument("--pose")
    parser.add_argument("--video", type=Path)
    parser.add_argument("--size", default="640x360", help="width x height of the frames")
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    TimedSession.threads = options.threads
    onnxruntime.InferenceSession = TimedSession
    cv2.setNumThreads(options.threads)
    with inputs(options) as (detector, pose, clip), contextlib.redirect_stdout(io.StringIO()):
        frames, decoding = clip_frames(clip, options.size)
        runs = {
            "this estimator": ours(detector, pose, options.threads),
            "rtmlib": rtmlib(detector, pose),
            "easy-dwpose": easy_dwpose(detector, pose),
        }
        # The peers give the networks the channels as they come; ours takes RGB and turns them.
        turned = [np.ascontiguousarray(frame[:, :, ::-1]) for frame in frames]
        given = {"this estimator": frames, "rtmlib": turned, "easy-dwpose": turned}
        rows = {name: measure(run, given[name], options.rounds) for name, run in runs.items()}
    print_table(rows, decoding, options, len(frames))


def print_table(
    rows: dict[str, tuple[float, float, int]],
    decoding: float,
    options: argparse.Namespace,
    frames: int,
) -> None:
    """Print the machine, the versions and a table in Markdown."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    print(f"{platform.machine()}, {options.threads} threads, Python {platform.python_version()}")
    print(f"{versions}; {frames} frames of {options.size}, median of {options.rounds} rounds")
    print(f"decoding apart: {decoding:.2f} ms a frame\n")
    print("| | networks, ms | outside, ms | outside, times ours | total, ms | persons |")
    print("|---|---|---|---|---|---|")
    base = rows["this estimator"][1]
    for name, (inside, outside, persons) in rows.items():
        ratio = outside / base
        print(
            f"| {name} | {inside:.2f} | {outside:.2f} | {ratio:.1f} | {inside + outside:.2f} "
            f"| {persons} |"
        )


if __name__ == "__main__":
    main()
