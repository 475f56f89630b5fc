"""Pose-native sign-language corpora: everything the workflow does, importable without it."""

import importlib
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`signverse.open_corpus`, found when it is asked for: zarr takes long to import.

    Not an import statement: every module depends on this one, and none on the corpus.
    """
    if name == "open_corpus":
        return importlib.import_module("signverse.corpus").open_corpus
    raise AttributeError(f"module 'signverse' has no attribute {name!r}")
