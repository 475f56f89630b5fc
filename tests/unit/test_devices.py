import contextlib
import errno
import fcntl
import gc
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from signverse import devices
from signverse.devices import assigned_device, lease_folder, leased_device, visible_devices
from signverse.errors import MachineError

UUIDS = ["GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", "GPU-1d6f54b4-7b1e-4a2b-93ab-0c1f2d3e4f50"]
MIG = [
    "MIG-d9a47cfb-d1f2-d08c-b40e-0812b597ae69",
    "MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6/1/0",
]
FOUR = ["0", "1", "2", "3"]
JOB_VARIABLES = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
QUIET_SEC = 1.2  # more than two polls

# Each prints its device and holds it until a line comes in; "raise" ends it by an error, "spawn"
# first starts a program that outlives it.
LEASE = """
import logging, subprocess, sys
from signverse.devices import leased_device

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="log: %(message)s")
folder, timeout, *devices = sys.argv[1:]
with leased_device(devices, folder, float(timeout)) as device:
    print(device, flush=True)
    order = sys.stdin.readline().strip()
    if order == "spawn":
        print(subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL).pid, flush=True)
        sys.stdin.readline()
    if order == "raise":
        raise RuntimeError("a defect")
print("after", flush=True)
sys.stdin.readline()
"""

ASSIGN = """
import logging, sys
from signverse.devices import assigned_device

logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="log: %(message)s")
with assigned_device(sys.argv[1], float(sys.argv[2])) as device:
    print(device, flush=True)
    sys.stdin.readline()
"""


class Job:
    """A real process that takes a device."""

    def __init__(self, root: Path, code: str, *arguments: object, **variables: str) -> None:
        pipe = subprocess.PIPE
        kept = {k: v for k, v in os.environ.items() if k not in (devices.VISIBLE, *JOB_VARIABLES)}
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *map(str, arguments)],
            cwd=root, env=kept | variables, stdin=pipe, stdout=pipe, stderr=pipe,
        )  # fmt: skip

    def line(self) -> str:
        """The next line it prints, read without a buffer so that is_silent sees the rest."""
        text = b""
        while not text.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], 30)
            assert ready, f"nothing came after {text!r}"
            byte = os.read(self.process.stdout.fileno(), 1)  # type: ignore[union-attr]
            assert byte, self.process.stderr.read()  # type: ignore[union-attr]
            text += byte
        return text.decode().strip()

    def device(self) -> str:
        """The device it says to have; lines of its log are skipped."""
        while (line := self.line()).startswith("log:"):
            pass
        return line

    def wait_until_it_waits(self) -> None:
        assert "waiting" in self.line()

    def is_silent(self) -> bool:
        return not select.select([self.process.stdout], [], [], QUIET_SEC)[0]

    def tell(self, order: str = "go on") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{order}\n".encode())
        self.process.stdin.flush()

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        assert self.process.wait(timeout=10) == -signal.SIGKILL


class Jobs:
    """Starts jobs of the project and ends those that are still there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[Job] = []

    def lease(self, folder: Path, names: list[str], timeout_sec: float = 30) -> Job:
        return self.start(LEASE, folder, timeout_sec, *names)

    def assign(self, folder: Path, timeout_sec: float = 30, **variables: str) -> Job:
        return self.start(ASSIGN, folder, timeout_sec, **variables)

    def start(self, code: str, *arguments: object, **variables: str) -> Job:
        self.started.append(Job(self.root, code, *arguments, **variables))
        return self.started[-1]


@pytest.fixture
def jobs(root: Path) -> Iterator[Jobs]:
    made = Jobs(root)
    yield made
    for job in made.started:
        job.process.kill()
        job.process.communicate()


def fake_nvidia_smi(folder: Path, script: str) -> dict[str, str]:
    """An environment in which `nvidia-smi` is this shell script."""
    folder.mkdir(exist_ok=True)
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


# What is visible


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", ["0"]),
        ("2,1", ["2", "1"]),
        (" 0, 3 ", ["0", "3"]),
        ("007,+1", ["7", "1"]),
        ("1gpu2,2ampere", ["1", "2"]),
        ("0,2,-1,1", ["0", "2"]),
        ("0,,1", ["0"]),
        ("0,GPU-8932f937", ["0"]),
        ("", []),
        (" ", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,1,0", []),
        ("0,00", []),
        ("0,-1,0", ["0"]),
    ],
)
def test_indices_are_read_as_cuda_reads_them(value: str, expected: list[str]) -> None:
    assert visible_devices({"CUDA_VISIBLE_DEVICES": value}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (",".join(UUIDS), UUIDS),
        ("GPU-8932f937", ["GPU-8932f937"]),
        (",".join(MIG), MIG),
        (f"{UUIDS[0]},1", UUIDS[:1]),
        (f"{UUIDS[0]},{MIG[0]}", UUIDS[:1]),
        (f"{MIG[0]},{UUIDS[0]}", MIG[:1]),
        (f"{UUIDS[0]},{UUIDS[0]}", []),
    ],
)
def test_uuids_and_mig_ids_are_kept_as_they_are(value: str, expected: list[str]) -> None:
    assert visible_devices({"CUDA_VISIBLE_DEVICES": value}) == expected


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    assert visible_devices() == ["5"]


def test_without_the_variable_nvidia_smi_lists_the_devices_of_the_host(tmp_path: Path) -> None:
    script = f'echo "$@" > {tmp_path}/asked\nprintf "0\\n1\\n10\\n"'
    assert visible_devices(fake_nvidia_smi(tmp_path / "bin", script)) == ["0", "1", "10"]
    assert (tmp_path / "asked").read_text() == "--query-gpu=index --format=csv,noheader\n"


def test_with_the_variable_nvidia_smi_is_not_asked(tmp_path: Path) -> None:
    environment = fake_nvidia_smi(tmp_path / "bin", f"touch {tmp_path}/asked; echo 0")
    assert visible_devices(environment | {"CUDA_VISIBLE_DEVICES": ""}) == []
    assert not (tmp_path / "asked").exists()


FAILURES = {
    "echo NVIDIA-SMI has failed because it could not reach the driver; exit 9": (
        "fails with exit code 9: NVIDIA-SMI has failed because it could not reach the driver"
    ),
    "echo 0; echo GPU 1 is lost >&2; exit 15": "fails with exit code 15: 0 GPU 1 is lost",
    "echo No devices were found": "lists none",
    "true": "lists none",
    "exec sleep 30": "cannot be run (",
}


@pytest.mark.parametrize(("script", "reason"), FAILURES.items())
def test_an_nvidia_smi_that_fails_gives_no_devices_and_a_reason(
    tmp_path: Path,
    script: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(devices, "LISTING_TIMEOUT_SEC", 1.0 if "sleep" in script else 30.0)
    environment = fake_nvidia_smi(tmp_path / "bin", script)
    with caplog.at_level(logging.INFO):
        assert visible_devices(environment) == []
    assert reason in caplog.text
    with pytest.raises(MachineError) as error, assigned_device(tmp_path, 0, environment):
        pass
    assert "CUDA_VISIBLE_DEVICES is not set, and nvidia-smi" in str(error.value)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_an_nvidia_smi_that_is_no_program_gives_no_devices(tmp_path: Path) -> None:
    environment = fake_nvidia_smi(tmp_path / "bin", "")
    (tmp_path / "bin" / "nvidia-smi").write_bytes(b"\x7fELF damaged")
    assert visible_devices(environment) == []
    with (
        pytest.raises(MachineError, match="nvidia-smi cannot be run"),
        assigned_device(tmp_path, 0, environment),
    ):
        pass


def test_without_nvidia_smi_there_are_no_devices_and_the_error_says_so(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    assert visible_devices(environment) == []
    message = "no GPU: CUDA_VISIBLE_DEVICES is not set, and nvidia-smi is not on the PATH"
    with (
        pytest.raises(MachineError, match=f"^{message}$"),
        assigned_device(tmp_path, 0, environment),
    ):
        pass


def test_a_variable_that_names_no_device_is_quoted_in_the_error(tmp_path: Path) -> None:
    environment = {"CUDA_VISIBLE_DEVICES": "-1,0", "SLURM_JOB_ID": "7"}
    with (
        pytest.raises(MachineError, match="CUDA_VISIBLE_DEVICES is '-1,0', which names none"),
        assigned_device(tmp_path, 0, environment),
    ):
        pass


# Leases among real processes


def test_four_processes_have_four_different_devices_at_the_same_time(
    jobs: Jobs, tmp_path: Path
) -> None:
    four = [jobs.lease(tmp_path / "leases", FOUR) for _ in range(4)]
    assert sorted(job.device() for job in four) == FOUR
    assert all(job.process.poll() is None for job in four)


def test_a_fifth_process_waits_until_one_of_four_releases_its_device(
    jobs: Jobs, tmp_path: Path
) -> None:
    four = {job.device(): job for job in [jobs.lease(tmp_path, FOUR) for _ in range(4)]}
    fifth = jobs.lease(tmp_path, FOUR)
    fifth.wait_until_it_waits()
    assert fifth.is_silent()
    four["2"].tell()
    assert four["2"].line() == "after"
    assert fifth.device() == "2"
    assert four["2"].process.poll() is None  # released by the block's end, not the process's


def test_killing_one_of_four_frees_its_device_for_the_one_that_waits(
    jobs: Jobs, tmp_path: Path
) -> None:
    four = {job.device(): job for job in [jobs.lease(tmp_path, FOUR) for _ in range(4)]}
    fifth = jobs.lease(tmp_path, FOUR)
    fifth.wait_until_it_waits()
    four["1"].kill()
    assert fifth.device() == "1"


def test_a_program_that_outlives_its_killed_parent_does_not_hold_the_device(
    jobs: Jobs, tmp_path: Path
) -> None:
    first = jobs.lease(tmp_path, ["0"])
    assert first.device() == "0"
    first.tell("spawn")
    child = int(first.line())
    first.kill()
    try:
        os.kill(child, 0)
        assert jobs.lease(tmp_path, ["0"], timeout_sec=5).device() == "0"
    finally:
        os.kill(child, signal.SIGKILL)


def test_an_exception_in_a_process_frees_its_device(jobs: Jobs, tmp_path: Path) -> None:
    first = jobs.lease(tmp_path, ["0"])
    assert first.device() == "0"
    second = jobs.lease(tmp_path, ["0"])
    second.wait_until_it_waits()
    first.tell("raise")
    assert second.device() == "0"
    assert first.process.wait(timeout=10) == 1


def test_a_process_that_waits_too_long_is_told_which_devices_are_leased_and_where(
    jobs: Jobs, tmp_path: Path
) -> None:
    names = [UUIDS[0], MIG[1]]
    holders = [jobs.lease(tmp_path, names) for _ in names]
    assert sorted(job.device() for job in holders) == sorted(names)
    before = time.monotonic()
    with pytest.raises(MachineError) as error, leased_device(names, tmp_path, 0.7):
        pass
    assert 0.7 <= time.monotonic() - before < 5
    message = str(error.value)
    assert message.startswith(f"{tmp_path}: no GPU became free in 0.7 s; devices: 2; leased")
    for name, file in zip(
        names,
        [f"{names[0]}.lock", "MIG-GPU-8932f937-d72c-4106-c12f-20bd9faed9f6%2F1%2F0.lock"],
        strict=True,
    ):
        assert f"{name} ({file})" in message
        assert (tmp_path / file).is_file()
    assert "\n" not in message


# Leases inside one process


def locks_in_memory() -> list[FileLock]:
    """The lock objects there are; one that is kept cannot free its lock by being collected."""
    return [found for found in gc.get_objects() if type(found) is FileLock]


def test_a_block_that_raises_frees_the_device(tmp_path: Path) -> None:
    with pytest.raises(KeyError), leased_device(["0"], tmp_path, 0):
        kept = locks_in_memory()
        raise KeyError
    with leased_device(["0"], tmp_path, 0) as device:
        assert device == "0"
    assert kept


def test_an_os_error_of_the_block_is_passed_on_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), leased_device(["0"], tmp_path, 0):
        (tmp_path / "missing").read_text()


def test_two_leases_of_one_process_are_of_two_devices(tmp_path: Path) -> None:
    with (
        leased_device(["0", "1"], tmp_path, 0) as one,
        leased_device(["0", "1"], tmp_path, 0) as two,
    ):
        assert (one, two) == ("0", "1")
        with (
            pytest.raises(MachineError, match="devices: 2"),
            leased_device(["0", "1"], tmp_path, 0),
        ):
            pass


def test_another_thread_may_end_a_lease(tmp_path: Path) -> None:
    stack = contextlib.ExitStack()
    stack.enter_context(leased_device(["0"], tmp_path, 0))
    kept = locks_in_memory()
    thread = threading.Thread(target=stack.close)
    thread.start()
    thread.join()
    with leased_device(["0"], tmp_path, 0) as device:
        assert device == "0"
    assert kept


def test_a_lock_file_that_nobody_holds_is_no_lease(tmp_path: Path) -> None:
    with leased_device(["0"], tmp_path, 0):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["0.lock"]
    with leased_device(["0"], tmp_path, 0) as device:
        assert device == "0"


def test_ids_that_differ_only_in_what_no_file_name_may_hold_are_two_devices(tmp_path: Path) -> None:
    names = ["MIG-GPU-a/1/0", "MIG-GPU-a_1_0", "../outside"]
    folder = tmp_path / "leases"
    with contextlib.ExitStack() as stack:
        leased = [stack.enter_context(leased_device(names, folder, 0)) for _ in names]
    assert leased == names
    assert len(list(folder.iterdir())) == 3
    assert list(tmp_path.iterdir()) == [folder]


def test_nothing_to_lease_is_an_error_at_once(tmp_path: Path) -> None:
    with (
        pytest.raises(MachineError, match="there is no GPU to lease"),
        leased_device([], tmp_path, 60),
    ):
        pass


# Folders that cannot be used


@contextlib.contextmanager
def without_privileges() -> Iterator[None]:
    """Permissions do not bind root; be nobody for a moment."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_a_folder_without_permission_is_named_in_the_error(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    folder.mkdir(mode=0o000)
    with (
        without_privileges(),
        pytest.raises(MachineError, match=f"^{folder}: .*Permission denied"),
        leased_device(["0"], folder, 60),
    ):
        pass


def test_a_file_in_place_of_the_folder_is_named_in_the_error(tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    folder.touch()
    with (
        pytest.raises(MachineError, match=f"^{folder}: .*exists"),
        leased_device(["0"], folder, 60),
    ):
        pass


def test_a_folder_in_place_of_a_lock_file_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "0.lock").mkdir()
    with pytest.raises(MachineError, match=r"0\.lock"), leased_device(["0"], tmp_path, 60):
        pass


def test_a_file_system_without_flock_is_refused_and_gets_no_softer_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_flock(*arguments: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", no_flock)  # no such file system is at hand
    with (
        pytest.raises(MachineError, match="Function not implemented"),
        leased_device(["0"], tmp_path, 60),
    ):
        pass


# What a process is assigned


def test_four_processes_share_the_devices_that_nvidia_smi_lists(jobs: Jobs, tmp_path: Path) -> None:
    environment = fake_nvidia_smi(tmp_path / "bin", "seq 0 3")
    four = [jobs.assign(tmp_path / "leases", **environment) for _ in range(4)]
    assert sorted(job.device() for job in four) == FOUR
    late = jobs.assign(tmp_path / "leases", **environment)
    late.wait_until_it_waits()


def test_processes_lease_among_the_devices_that_the_user_made_visible(
    jobs: Jobs, tmp_path: Path
) -> None:
    two = [jobs.assign(tmp_path, CUDA_VISIBLE_DEVICES="5,2") for _ in range(2)]
    assert sorted(job.device() for job in two) == ["2", "5"]


def test_one_device_that_the_user_made_visible_is_used_by_one_process_after_the_other(
    jobs: Jobs, tmp_path: Path
) -> None:
    first = jobs.assign(tmp_path, CUDA_VISIBLE_DEVICES=UUIDS[0])
    assert first.device() == UUIDS[0]
    second = jobs.assign(tmp_path, CUDA_VISIBLE_DEVICES=UUIDS[0])
    second.wait_until_it_waits()
    first.tell()
    assert second.device() == UUIDS[0]


@pytest.mark.parametrize("variable", JOB_VARIABLES)
def test_the_one_device_of_a_schedulers_job_is_taken_without_a_lease(
    tmp_path: Path, variable: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "leases"
    one = {"CUDA_VISIBLE_DEVICES": "0", variable: "4711"}
    other = {"CUDA_VISIBLE_DEVICES": "0", variable: "4712"}
    with (
        caplog.at_level(logging.INFO),
        assigned_device(folder, 0, one) as mine,
        assigned_device(folder, 0, other) as theirs,
    ):
        assert mine == theirs == "0"
    assert not folder.exists()
    assert f"GPU 0, assigned by {variable}=4711" in caplog.text


def test_processes_inside_one_schedulers_job_share_its_devices(jobs: Jobs, tmp_path: Path) -> None:
    environment = {"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_JOB_ID": "4711"}
    two = [jobs.assign(tmp_path, **environment) for _ in range(2)]
    assert sorted(job.device() for job in two) == ["0", "1"]
    jobs.assign(tmp_path, **environment).wait_until_it_waits()


def test_two_schedulers_jobs_do_not_wait_for_each_others_numbers(tmp_path: Path) -> None:
    one = {"CUDA_VISIBLE_DEVICES": "0,1", "PBS_JOBID": "12[3].server/a"}
    other = {"CUDA_VISIBLE_DEVICES": "0,1", "PBS_JOBID": "12[4].server/a"}
    with assigned_device(tmp_path, 0, one) as mine, assigned_device(tmp_path, 0, other) as theirs:
        assert mine == theirs == "0"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_schedulers_job_that_was_given_no_gpus_leases_those_of_the_host(tmp_path: Path) -> None:
    host = fake_nvidia_smi(tmp_path / "bin", "seq 0 1")
    folder = tmp_path / "leases"
    one, other = ({"SLURM_JOB_ID": number, **host} for number in ("4711", "4712"))
    with assigned_device(folder, 0, one) as mine, assigned_device(folder, 0, other) as theirs:
        assert (mine, theirs) == ("0", "1")


def test_an_empty_job_id_is_no_scheduler(tmp_path: Path) -> None:
    environment = {"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": ""}
    with assigned_device(tmp_path, 0, environment):
        assert (tmp_path / "0.lock").is_file()


def test_the_folder_of_a_host_lies_below_the_results_and_has_its_name(tmp_path: Path) -> None:
    folder = lease_folder(str(tmp_path))
    assert folder == tmp_path / ".leases" / socket.gethostname()
    with leased_device(["0"], folder, 0):
        assert (folder / "0.lock").is_file()
