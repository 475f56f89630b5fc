"""Memory of pose estimation: with networks of the real size at 1080p, and over a two-hour video.

Each case runs in a process of its own, whose memory is read every half second. A benchmark: it
prints a table and never fails on a number.

    python benchmarks/pose_memory.py                 the real sizes, some minutes
    python benchmarks/pose_memory.py --case long     two hours of video with small networks
"""

import argparse
import importlib.metadata
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from architectures import write_rtmpose_l, write_yolox_l

from signverse.demo.networks import synthetic_frame, write_networks
from signverse.estimation import estimate_video
from signverse.poses import save
from signverse.preview import write_video

MB = 1_000_000
SETTINGS: dict[str, Any] = {
    **{"estimator": "dwpose", "fps": 24, "provider": "cpu"},
    **{"detector_channels": "BGR", "pose_channels": "RGB", "resize_short_side": None},
    **{"min_detection_score": 0.3, "max_persons": None, "detect_every": 1},
}


def pictures(width: int, height: int, count: int) -> Iterator[np.ndarray]:
    """A person who sways from side to side."""
    for number in range(count):
        left = round(width * (0.35 + 0.1 * np.sin(number / 24)))
        box = (left, height // 10, left + width // 3, 9 * height // 10)
        yield synthetic_frame(width, height, [box])


def estimate(folder: Path, batch: int, threads: int) -> None:
    """What the rule does, in this process: from the clip to poses.npz."""
    poses = estimate_video(
        "clip",
        folder / "clip.mp4",
        SETTINGS | {"batch_frames": batch, "threads": threads},
        networks=[str(folder / "yolox_l.onnx"), str(folder / "dw-ll_ucoco_384.onnx")],
        shared=folder,
        scratch=folder,
    )
    save(folder / "poses.npz", poses)
    print(poses.total_frames, len(poses.bboxes))


def watch(folder: Path, batch: int, threads: int) -> tuple[str, list[int], int]:
    """Run `estimate` in a process; what it printed, its memory over time and at most, in bytes."""
    arguments = ["--in", str(folder), "--batch", str(batch), "--threads", str(threads)]
    command = [sys.executable, __file__, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    memory, most = [], 0
    while process.poll() is None:
        try:
            memory.append(psutil.Process(process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
        most = max(most, memory[-1])
        time.sleep(0.5)
    printed = process.communicate()[0]
    if process.returncode:
        raise SystemExit("the estimation failed")
    return printed.strip(), memory, most


def measure_sizes(folder: Path, options: argparse.Namespace) -> None:
    """Networks of the real architecture, 1080p."""
    write_yolox_l(folder / "yolox_l.onnx")
    write_rtmpose_l(folder / "dw-ll_ucoco_384.onnx")
    write_video(folder / "clip.mp4", pictures(1920, 1080, options.frames), 24)
    print("| frames to a batch | frames | persons | peak, MB | time, s |\n|---|---|---|---|---|")
    for batch in options.batches:
        start = time.perf_counter()
        printed, _, most = watch(folder, batch, options.threads)
        seconds = time.perf_counter() - start
        facts = " | ".join(printed.split())
        print(f"| {batch} | {facts} | {most / MB:.0f} | {seconds:.0f} |", flush=True)


def measure_length(folder: Path, options: argparse.Namespace) -> None:
    """Stand-in networks, and a video of many minutes."""
    write_networks(folder)
    frames = round(options.minutes * 60 * 24)
    write_video(folder / "clip.mp4", pictures(320, 180, frames), 24)
    printed, memory, most = watch(folder, 8, options.threads)
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    found = [f"{memory[int(share * len(memory))] / MB:.0f}" for share in shares]
    print("| minutes | frames, persons | " + " | ".join(f"{share:.0%}" for share in shares)
          + " | peak, MB |")  # fmt: skip
    print("|---" * (len(shares) + 3) + "|")
    print(f"| {options.minutes:g} | {printed} | {' | '.join(found)} | {most / MB:.0f} |")


def main() -> None:
    """Measure one case and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--case", choices=("sizes", "long"), default="sizes")
    parser.add_argument("--frames", type=int, default=48, help="of the 1080p clip")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--minutes", type=float, default=120, help="of the long video")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        estimate(options.folder, options.batch, options.threads)
        return
    versions = [f"{n} {importlib.metadata.version(n)}" for n in ("onnxruntime-gpu", "av", "numpy")]
    print(f"{platform.machine()}, {options.threads} threads, Python {platform.python_version()}")
    print(f"{', '.join(versions)}; provider cpu; resident memory\n")
    with tempfile.TemporaryDirectory() as folder:
        measure = measure_sizes if options.case == "sizes" else measure_length
        measure(Path(folder), options)


if __name__ == "__main__":
    main()
