"""The log of one job."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from signverse.errors import SignverseError


@contextlib.contextmanager
def job_log(path: str | Path) -> Iterator[None]:
    """Send messages and all that is printed to the file `path`, and end a job by its error.

    Also catches what native libraries write past Python. An expected error (SignverseError)
    ends the process with exit code 1 and its one-line message in the log; anything else is a
    defect of ours, and its traceback goes there.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8") as file, _printing_to(file.fileno()):
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        try:
            yield
        except SignverseError as error:
            logging.error("%s", error)
            sys.exit(1)
        except Exception:
            logging.error("%s", traceback.format_exc())
            sys.exit(1)
        finally:
            root.removeHandler(handler)


@contextlib.contextmanager
def _printing_to(target: int) -> Iterator[None]:
    """Point standard output and standard error, the file descriptors, at `target`."""
    before = {number: os.dup(number) for number in (1, 2)}
    try:
        for number in before:
            os.dup2(target, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, kept in before.items():
            os.dup2(kept, number)
            os.close(kept)
