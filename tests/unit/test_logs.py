import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HEAD = "import logging, os, subprocess, sys\nfrom signverse.errors import *\n"
HEAD += "from signverse.logs import job_log\nwith job_log(sys.argv[1]):\n    "


def run_job(body: str, log: Path, root: Path) -> subprocess.CompletedProcess[str]:
    """Run `body` as a job in a process of its own, as Snakemake runs its scripts."""
    return subprocess.run(
        [sys.executable, "-c", HEAD + body, str(log)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_messages_stand_in_the_log_with_time_and_level(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "a.log"
    body = "logging.info('a note'); logging.warning('Gebärde: %d left', 3); logging.debug('no')"
    assert run_job(body, log, root).returncode == 0
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
    expected = rf"{time} INFO a note\n{time} WARNING Gebärde: 3 left\n"
    assert re.fullmatch(expected, log.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "body",
    [
        "print('said this')",
        "print('said this', file=sys.stderr)",
        "os.write(1, b'said this')",
        "os.write(2, b'said this')",
        "subprocess.run(['echo', 'said this'])",
        "subprocess.run('echo said this >&2', shell=True)",
        "import warnings; warnings.warn('said this')",
    ],
)
def test_whatever_is_printed_goes_to_the_log_only(tmp_path: Path, root: Path, body: str) -> None:
    log = tmp_path / "a.log"
    done = run_job(body, log, root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "said this" in log.read_text()


def test_printing_works_as_before_when_the_job_is_over(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "a.log"
    done = run_job("print('inside')\nprint('after')\nprint('wrong', file=sys.stderr)", log, root)
    assert (done.stdout, done.stderr) == ("after\n", "wrong\n")
    assert log.read_text() == "inside\n"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("SignverseError('of no kind')", "of no kind"),
        ("InputError('a.json: damaged')", "a.json: damaged"),
        ("MachineError('network: timed out')", "network: timed out"),
        ("VideoError('private', 'Private video')", "private: Private video"),
    ],
)
def test_an_expected_error_ends_the_job_with_one_line_and_no_traceback(
    tmp_path: Path, root: Path, error: str, message: str
) -> None:
    log = tmp_path / "a.log"
    done = run_job(f"raise {error}", log, root)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert re.fullmatch(rf"\S+ \S+ ERROR {re.escape(message)}\n", log.read_text())


def test_a_defect_ends_the_job_with_its_traceback_in_the_log(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "a.log"
    done = run_job("{}['no such key']", log, root)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert "Traceback (most recent call last)" in log.read_text()
    assert "KeyError: 'no such key'" in log.read_text()


def test_a_job_that_exits_by_itself_keeps_its_code(tmp_path: Path, root: Path) -> None:
    assert run_job("sys.exit(7)", tmp_path / "a.log", root).returncode == 7


def test_the_folder_of_the_log_is_made(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "fetch_video" / "deep" / "a.log"
    assert run_job("print('here')", log, root).returncode == 0
    assert log.read_text() == "here\n"


def test_a_log_begins_anew_with_each_try(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "a.log"
    run_job("print('first try, with many words')", log, root)
    run_job("print('second')", log, root)
    assert log.read_text() == "second\n"


def test_a_killed_job_leaves_the_messages_it_wrote(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "a.log"
    body = "logging.info('half way'); os.kill(os.getpid(), 9)"
    assert run_job(body, log, root).returncode == -signal.SIGKILL
    assert log.read_text().endswith("INFO half way\n")


def test_one_log_after_the_other_in_a_process_do_not_mix(tmp_path: Path, root: Path) -> None:
    log = tmp_path / "a.log"
    body = (
        "logging.info('first')\n"
        "print(len(os.listdir('/dev/fd')))\n"
        "with job_log(sys.argv[1] + '.second'):\n    logging.info('second')\n"
        "print(len(os.listdir('/dev/fd')))\n"
    )
    open_before, open_after = run_job(body, log, root).stdout.split()
    assert re.fullmatch(r"\S+ \S+ INFO first\n", log.read_text())
    assert re.fullmatch(r"\S+ \S+ INFO second\n", Path(f"{log}.second").read_text())
    assert open_before == open_after
