from pathlib import Path

import pytest
from export_samples import ShardSample, shard_sample


@pytest.fixture
def sample(tmp_path: Path) -> ShardSample:
    return shard_sample(tmp_path / "videos")
