"""Entry scripts as plain functions."""

import importlib.util
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest


@pytest.fixture
def main(
    request: pytest.FixtureRequest, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """main() of the script that the module tests; loading it needs no Snakemake, does nothing."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setitem(sys.modules, "snakemake", None)
    name = request.path.stem.removeprefix("test_")
    spec = importlib.util.spec_from_file_location(name, root / "workflow_scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    handlers = [*logging.getLogger().handlers]
    spec.loader.exec_module(script)
    assert logging.getLogger().handlers == handlers
    assert list((tmp_path / "empty").iterdir()) == []
    return cast(Callable[..., None], script.main)
