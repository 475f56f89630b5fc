"""A random window of 4 seconds out of a video of 10 minutes, in several formats in one run.

This project's shard, the published layout (pickled), numpy's compressed archive, HDF5, and a
WebDataset tar, all with the same poses: those of the demo's recordings, estimated by MediaPipe,
played forwards and backwards with noise of half a pixel. A benchmark: it prints a table and never
fails on a number.

    python benchmarks/shard_read.py
"""

import argparse
import dataclasses
import io
import platform
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import signverse
from signverse.demo.recordings import write_astronaut, write_carphone
from signverse.estimation import estimate_video
from signverse.files import write_json
from signverse.outcomes import product
from signverse.poses import PARTS, Poses, array_names, load, save
from signverse.shards.packing import VideoFiles, pack_shard
from signverse.shards.verification import verify_shard

FPS, FRAMES, WINDOW = 24, 10 * 60 * 24, 4 * 24
NOISE = 0.5 / 1920
SETTINGS = {
    **{"estimator": "mediapipe", "fps": FPS},
    "mediapipe": {"min_detection_confidence": 0.5, "min_tracking_confidence": 0.5},
}
OF_FRAMES = ("frame_indices", "frame_times", "num_persons", "person_offsets")
Reader = Callable[[int], Any]  # from the first frame of a window to its poses


def lengthened(poses: Poses, frames: int) -> Poses:
    """Forwards and backwards until it is long enough; what was not found stays so."""
    forwards, chance = np.arange(len(poses.bboxes)), np.random.default_rng(0)
    rows = np.resize(np.concatenate([forwards, forwards[::-1]]), frames)
    arrays = {name: getattr(poses, name)[rows] for name in array_names() if name not in OF_FRAMES}
    for part in PARTS:
        points = arrays[f"{part}_keypoints"]
        moved = points + chance.normal(0, NOISE, points.shape).astype(np.float32)
        arrays[f"{part}_keypoints"] = np.where(points == 0, 0, moved)
    return dataclasses.replace(
        poses,
        total_frames=frames,
        frame_indices=np.arange(frames, dtype=np.int32),
        frame_times=(np.arange(frames) / FPS).astype(np.float32),
        num_persons=np.ones(frames, np.int32),
        person_offsets=np.arange(frames + 1),
        **arrays,
    )


def write_products(folder: Path, poses: Poses) -> VideoFiles:
    """What the stages before packing leave of a video."""
    files = VideoFiles(*(str(folder / name) for name in ("m.json", "c.json", "poses.npz")))
    write_json(files.metadata, product(poses.video_id, 1))
    write_json(files.captions, product(poses.video_id, 1, tracks=[]))
    save(files.poses, poses)
    return files


def pack(folder: Path, files: list[VideoFiles], ids: list[str]) -> Path:
    """Pack and verify a shard; prints how fast."""
    rows = [
        dict.fromkeys(("sign_language", "label", "excluded"), "") | {"video_id": i} for i in ids
    ]
    path, summary = folder / "00000.zarr.zip", folder / "00000.json"
    start = time.perf_counter(), time.process_time()
    pack_shard("00000", rows, files, path=path, summary=summary, made_by={})
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    frames = len(ids) * FRAMES
    print(f"packing: {frames / wall:,.0f} frames/s, {frames / cpu:,.0f} of processor time")
    start_verify = time.perf_counter()
    verify_shard(path, summary, rows, files)
    print(f"verifying: {frames / (time.perf_counter() - start_verify):,.0f} frames/s\n")
    return path


def shard_reader(path: Path) -> Reader:
    corpus = signverse.open_corpus(path)
    poses = corpus[next(iter(corpus))].poses
    return lambda t: poses[t : t + WINDOW]


def published(path: Path, poses: Poses) -> Reader:
    """The layout of the published corpora: one pickled dict to a frame, compressed."""
    payloads = np.empty(len(poses.frame_indices), object)
    for t in range(len(payloads)):
        payload: dict[str, Any] = {"num_persons": 1, "frame_width": 480, "frame_height": 480}
        for part in PARTS:
            payload[f"person_000_{part}_keypoints"] = getattr(poses, f"{part}_keypoints")[t]
            payload[f"person_000_{part}_scores"] = getattr(poses, f"{part}_scores")[t]
        payloads[t] = payload
    np.savez_compressed(path, frame_payloads=payloads, frame_indices=poses.frame_indices)
    return lambda t: np.load(path, allow_pickle=True)["frame_payloads"][t : t + WINDOW]


def compressed(path: Path, poses: Poses) -> Reader:
    """Numpy's archive, the whole of every array."""
    save(path, poses)
    return lambda t: load(path).face_keypoints[t : t + WINDOW]


def hdf5(path: Path, poses: Poses) -> Reader:
    """One data set to a field, float32, gzip and byte shuffle, chunks of 128 frames."""
    names = [name for name in array_names() if name not in OF_FRAMES]
    with h5py.File(path, "w") as file:
        for name in names:
            data = getattr(poses, name)
            options = {"compression": "gzip", "shuffle": True}
            file.create_dataset(name, data=data, chunks=(128, *data.shape[1:]), **options)
    opened = h5py.File(path, "r")
    return lambda t: {name: opened[name][t : t + WINDOW] for name in names}


def tar(path: Path, poses: Poses) -> Reader:
    """A sample to every 4 seconds; a tar is read from its beginning up to the sample."""
    names = [name for name in array_names() if name not in OF_FRAMES]
    with tarfile.open(path, "w") as archive:
        for start in range(0, FRAMES, WINDOW):
            data = io.BytesIO()
            cut = {name: getattr(poses, name)[start : start + WINDOW] for name in names}
            np.savez_compressed(data, **cut)
            info = tarfile.TarInfo(f"{start // WINDOW:06d}.poses.npz")
            info.size = len(data.getvalue())
            data.seek(0)
            archive.addfile(info, data)

    def read(t: int) -> Any:
        wanted = f"{t // WINDOW:06d}.poses.npz"
        with tarfile.open(path, "r|") as archive:
            for member in archive:
                if member.name == wanted:
                    content = archive.extractfile(member)
                    assert content is not None
                    with np.load(io.BytesIO(content.read())) as sample:
                        return {name: sample[name] for name in sample.files}
        raise KeyError(wanted)

    return read


def measure(name: str, size: float, first: float, read: Reader, repeats: int) -> None:
    """Print one row of the table."""
    chance, times = np.random.default_rng(1), []
    for _ in range(repeats):
        t = int(chance.integers(0, FRAMES - WINDOW))
        start = time.perf_counter()
        read(t)
        times.append((time.perf_counter() - start) * 1000)
    middle, worst = np.median(times), np.percentile(times, 95)
    print(f"| {name} | {size / FRAMES:,.0f} | {first:,.1f} | {middle:,.1f} | {worst:,.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200, help="windows from a fast format")
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files, ids, long = [], [], []
        for clip, write in {"carphone": write_carphone, "astronaut": write_astronaut}.items():
            write(folder / f"{clip}.mp4")
            real = estimate_video(clip, folder / f"{clip}.mp4", SETTINGS, scratch=folder)
            long.append(lengthened(real, FRAMES))
            files.append(write_products(folder / clip, long[-1]))
            ids.append(clip)
        print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
        path = pack(folder, files, ids)
        print("| format | bytes a person and frame | first window, ms | next, ms | 95 % |")
        print("|---|---|---|---|---|")
        writers: dict[str, tuple[Callable[[], Reader], Path, int]] = {
            "this shard": (lambda: shard_reader(path), path, repeats),
            "HDF5, gzip": (lambda: hdf5(folder / "p.h5", long[0]), folder / "p.h5", repeats),
            "WebDataset tar": (lambda: tar(folder / "p.tar", long[0]), folder / "p.tar", 20),
            "`np.savez_compressed`": (
                lambda: compressed(folder / "n.npz", long[0]), folder / "n.npz", 5,
            ),
            "published, pickled": (
                lambda: published(folder / "r.npz", long[0]), folder / "r.npz", 3,
            ),
        }  # fmt: skip
        for label, (write_format, file, times) in writers.items():
            begin = time.perf_counter()
            read = write_format()
            if label != "this shard":  # the others have written their file just now
                begin = time.perf_counter()
            read(1000)
            first = (time.perf_counter() - begin) * 1000
            size = file.stat().st_size / (len(ids) if file == path else 1)
            measure(label, size, first, read, times)


if __name__ == "__main__":
    main()
