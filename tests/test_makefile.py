"""The Makefile's own promises."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize("version", ["3.9.18", "3.10.14", "3.13.1"])
def test_an_unfit_interpreter_is_refused_in_plain_words(
    root: Path, tmp_path: Path, version: str
) -> None:
    shutil.copy(root / "Makefile", tmp_path)
    shutil.copy(root / "requirements.lock", tmp_path)
    unfit = tmp_path / "python-unfit"
    numbers = version.replace(".", ", ")
    unfit.write_text(
        "#!/bin/sh\n"
        f'if [ "$1" = --version ]; then echo "Python {version}"; exit; fi\n'
        'test "$1" = -c || { touch venv-was-made; exit; }\n'
        f'exec python3 -c "import sys; sys.version_info = ({numbers}); $2"\n'
    )
    unfit.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", f"PYTHON={unfit}"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Python 3.11 or 3.12 is needed" in done.stderr
    assert f"Python {version}" in done.stderr
    assert not (tmp_path / "venv-was-made").exists()
