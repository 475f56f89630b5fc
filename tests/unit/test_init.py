"""The package itself: what can be had from it by name."""

import subprocess
import sys

import pytest

import signverse
from signverse.corpus import open_corpus


def test_a_corpus_is_opened_by_the_name_of_the_package() -> None:
    assert signverse.open_corpus is open_corpus


def test_a_name_that_is_not_there_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'open_corpse'"):
        signverse.open_corpse  # noqa: B018
    assert not hasattr(signverse, "anything")


def test_importing_the_package_does_not_import_zarr() -> None:
    code = "import sys, signverse; print('zarr' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
