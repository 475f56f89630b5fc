"""Which GPU a process may use.

Snakemake counts GPUs (`--resources gpu=4`) but does not say which one a job gets, so each of the
jobs that run side by side on a host takes a device of its own here: the one that the cluster's
scheduler gave it, or one that it leases from the devices of the host.

A lease is an flock(2) on a file: the system ends it with the process, however that dies.
"""

import contextlib
import logging
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from signverse.errors import MachineError

VISIBLE = "CUDA_VISIBLE_DEVICES"

# Variables by which SLURM, PBS and LSF tell a process the id of its job.
SCHEDULER_JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")

# nvidia-smi wakes every device of the host first when no driver daemon keeps them awake.
LISTING_TIMEOUT_SEC = 60.0

POLL_SEC = 0.5  # jobs take minutes; one look costs one open file per device


def visible_devices(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Ids of the devices that this process may use; [] when there are none.

    They are those of CUDA_VISIBLE_DEVICES where it is set: indices, UUIDs (`GPU-…`) or MIG ids
    (`MIG-…`), read as CUDA reads them. The first entry that is no id, such as -1, ends the list,
    so an empty value gives none (CUDA Programming Guide, "CUDA Environment Variables"); an index
    may have a tail, as for strtoul; ids of another kind than the first end the list, and a
    repeated id empties it (as in torch.cuda, which mirrors the driver). Whether a device of that
    id exists is not checked. Where it is not set, they are the indices that nvidia-smi lists; MIG
    instances are not among them and have to be named. Why there are none goes to the log.
    """
    try:
        return _found_devices(environment)
    except MachineError as error:
        logging.info("%s", error)
        return []


def lease_folder(results: str | Path) -> Path:
    """The folder for the leases of this host, below `results`, which hosts may share.

    It is one host's own, so flock has to work only among the processes of that host. It does on
    local disks and on NFS, also one mounted with local_lock=flock; Lustre has to be mounted with
    flock or localflock. Containers with names of their own do not see each other's leases.
    """
    return Path(results) / ".leases" / quote(socket.gethostname(), safe="")


@contextlib.contextmanager
def assigned_device(
    folder: str | Path, timeout_sec: float, environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Yield the id of the one device that this process is to use, its own until the end.

    To use it, set CUDA_VISIBLE_DEVICES to the id before CUDA starts; it is device 0 then.

    * A scheduler's job (SLURM, PBS, LSF) with one device in CUDA_VISIBLE_DEVICES: that one,
      without a lease. Under cgroups two jobs on one host may both call theirs 0, and a lease
      would make one wait for the other.
    * A scheduler's job with several, such as a whole Snakemake run inside one job: a lease among
      them, in a folder below `folder` of this job alone, for the same reason.
    * Anything else: a lease in `folder` among all visible devices. CUDA_VISIBLE_DEVICES=0 set by
      hand is no assignment: the second of two processes waits for the first. Neither is a job of
      a scheduler that leaves the variable unset, for it does not hand out GPUs.

    Raises MachineError as leased_device does, and when there is no device: it says whether
    CUDA_VISIBLE_DEVICES or nvidia-smi was asked and what it said.
    """
    devices = _found_devices(environment)
    job = _scheduler_job(environment) if VISIBLE in environment else ""
    if job and len(devices) == 1:
        logging.info("GPU %s, assigned by %s", devices[0], job)
        yield devices[0]
    else:
        with leased_device(devices, Path(folder) / job, timeout_sec) as device:
            yield device


@contextlib.contextmanager
def leased_device(devices: Sequence[str], folder: str | Path, timeout_sec: float) -> Iterator[str]:
    """Yield the id of one of `devices` that no other lease in `folder` holds.

    The first free one is taken; when none is, all are tried again every half second, in no order
    among those who wait. The lease ends with the block or with the process, SIGKILL included;
    programs that this process started do not prolong it. The lock files stay: removing one could
    give its device to two processes.

    Raises MachineError when `devices` is empty, when none becomes free within `timeout_sec`
    seconds (0: one try), and when `folder` cannot be used, be it that its file system has no
    flock. Lock files of a softer kind are no way out: they outlive a killed process.
    """
    folder = Path(folder)
    if not devices:
        raise MachineError(f"{folder}: there is no GPU to lease")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        device, lock = _first_free(devices, folder, timeout_sec)
    except OSError as error:
        raise MachineError(f"{folder}: GPUs cannot be leased by locks there ({error})") from error
    try:
        logging.info("GPU %s, leased by %s", device, lock.lock_file)
        yield device
    finally:
        lock.release()


def _first_free(devices: Sequence[str], folder: Path, timeout_sec: float) -> tuple[str, FileLock]:
    """The first device that can be locked, with its lock, held."""
    locks = {device: _lock(device, folder) for device in devices}
    deadline = time.monotonic() + timeout_sec
    found = _free_now(locks)
    if found is None:
        logging.info("all %d GPUs are leased, waiting for one", len(locks))
    while found is None and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(POLL_SEC, left))
        found = _free_now(locks)
    if found is None:
        files = ", ".join(
            f"{device} ({Path(lock.lock_file).name})" for device, lock in locks.items()
        )
        raise MachineError(
            f"{folder}: no GPU became free in {timeout_sec:g} s; devices: {len(locks)}; "
            f"leased, with their lock files there: {files}; `lslocks` tells by which processes"
        )
    return found


def _free_now(locks: Mapping[str, FileLock]) -> tuple[str, FileLock] | None:
    for device, lock in locks.items():
        with contextlib.suppress(Timeout):
            lock.acquire(blocking=False)
            return device, lock
    return None


def _lock(device: str, folder: Path) -> FileLock:
    """The lock of a device; it may be released by another thread than the one that took it."""
    path = folder / f"{quote(device, safe='')}.lock"
    return FileLock(path, thread_local=False, fallback_to_soft=False)


def _scheduler_job(environment: Mapping[str, str]) -> str:
    """Name and id of the scheduler's job, fit for a file name; empty outside of one."""
    for name in SCHEDULER_JOBS:
        if environment.get(name):
            return quote(f"{name}={environment[name]}", safe="=")
    return ""


def _found_devices(environment: Mapping[str, str]) -> list[str]:
    """At least one visible device; raise MachineError saying what was looked for."""
    if VISIBLE in environment:
        devices = _named_devices(environment[VISIBLE])
        if not devices:
            raise MachineError(f"no GPU: {VISIBLE} is {environment[VISIBLE]!r}, which names none")
        return devices
    devices = re.findall(r"^\s*(\d+)\s*$", _listing(environment), re.MULTILINE)
    if not devices:
        raise MachineError(f"no GPU: {VISIBLE} is not set, and nvidia-smi lists none")
    return devices


def _named_devices(value: str) -> list[str]:
    """The devices that a value of CUDA_VISIBLE_DEVICES names, as visible_devices says."""
    prefix = next((kind for kind in ("GPU-", "MIG-") if value.startswith(kind)), None)
    devices: list[str] = []
    for entry in value.split(","):
        if prefix:
            device = entry.strip() if entry.strip().startswith(prefix) else ""
        else:
            index = re.match(r"\s*\+?(\d+)", entry)
            device = str(int(index[1])) if index else ""
        if not device:
            break
        if device in devices:
            return []
        devices.append(device)
    return devices


def _listing(environment: Mapping[str, str]) -> str:
    """What nvidia-smi prints, one index a line; MachineError when it is missing or fails."""
    looked = f"no GPU: {VISIBLE} is not set, and nvidia-smi"
    program = shutil.which("nvidia-smi", path=environment.get("PATH", os.defpath))
    if program is None:
        raise MachineError(f"{looked} is not on the PATH")
    try:
        done = subprocess.run(
            [program, "--query-gpu=index", "--format=csv,noheader"],
            env=dict(environment), capture_output=True, text=True, timeout=LISTING_TIMEOUT_SEC,
            errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MachineError(f"{looked} cannot be run ({error})") from error
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())
        raise MachineError(f"{looked} fails with exit code {done.returncode}: {said}")
    return done.stdout
