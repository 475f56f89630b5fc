"""Jobs of the project for a platform that a test has opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_jobs import Jobs
from loopback_site import LoopbackSite


@pytest.fixture
def jobs(tmp_path: Path) -> Callable[..., Jobs]:
    """Makes the jobs for a site; further arguments are those of `Jobs`."""

    def make(site: LoopbackSite, **settings: Any) -> Jobs:
        return Jobs(site.template, tmp_path / "results", **settings)

    return make
