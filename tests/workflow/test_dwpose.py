"""DWPose through the real workflow, with the stand-in networks: from video to shard."""

import json

import numpy as np
import pytest
from workflow_project import PAGES, Project, Site, copy_project

from signverse.demo.networks import write_networks
from signverse.demo.site import write_manifest
from signverse.files import sha256
from signverse.shards.reading import Shard

pytestmark = pytest.mark.slow


@pytest.fixture
def project(root, tmp_path, site: Site) -> Project:
    """One video and DWPose; nothing is built."""
    project = copy_project(root, tmp_path / "project")
    write_manifest(project.folder / "manifest.csv", PAGES[:1], site.port)
    return project


def configure(project: Project, **settings: object) -> None:
    poses = {"estimator": "dwpose", "provider": "cpu", **settings}
    project.configure(manifest="manifest.csv", estimate_poses=poses)


def test_own_networks_take_a_video_to_its_shard(project: Project) -> None:
    networks = write_networks(project.folder / "own")
    configure(project, **{key: f"own/{path.name}" for key, path in networks.items()})
    planned = project.planned()
    assert "fetch_model" not in planned
    project.build()
    shard = Shard(str(project.folder / "results/shards/00000.zarr.zip"))
    assert shard.poses(0).num_persons.min() >= 1
    estimator = shard.poses(0).estimator
    assert (estimator["name"], estimator["provider"]) == ("dwpose", "cpu")
    assert estimator["models"] == {key: sha256(path) for key, path in networks.items()}
    assert project.planned() == {}


def test_networks_are_fetched_with_a_receipt_and_a_changed_one_is_refused(
    project: Project, site: Site, site_folder
) -> None:
    networks = write_networks(site_folder / "hub")
    entries = [
        f"{path.stem}:\n  description: a stand-in\n  licence: MIT\n"
        f"  source: http://127.0.0.1/page\n  sha256: {sha256(path)}\n"
        f"  bytes: {path.stat().st_size}\n  urls: [http://127.0.0.1:{site.port}/hub/{path.name}]\n"
        for path in networks.values()
    ]
    registry = project.folder / "resources/models.yaml"
    registry.write_text("".join(entries), encoding="utf-8")
    configure(project)
    poses = "results/videos/first000001/poses.npz"
    assert project.planned(poses)["fetch_model"] == 2
    project.build(poses)
    with np.load(project.folder / poses) as found:
        assert found["status"] == "ok"
        models = json.loads(found["estimator"].item())["models"]
    assert models == {key: sha256(path) for key, path in networks.items()}
    fetched = project.folder / "results/models/yolox_l.onnx"
    receipt = json.loads(fetched.with_suffix(".json").read_text("utf-8"))
    assert receipt["sha256"] == sha256(fetched)
    fetched.write_bytes(fetched.read_bytes() + b"x")
    (project.folder / poses).unlink()
    refused = project.run("--retries", "0", poses)
    assert refused.returncode == 1
    assert f"expected SHA-256 {receipt['sha256']}" in refused.stdout


def test_pose_jobs_ask_for_a_gpu_unless_told_to_use_the_cpu(project: Project) -> None:
    for provider, gpus in (("auto", 1), ("cuda", 1), ("cpu", 0)):
        configure(project, provider=provider)
        printed = project.build("-n", "results/videos/first000001/poses.npz")
        job = printed.partition("rule estimate_poses:")[2].partition("\n\n")[0]
        assert f"gpu={gpus}" in job


def test_a_gpu_that_is_not_there_fails_the_job_and_says_what_is_missing(project: Project) -> None:
    networks = write_networks(project.folder / "own")
    own = {key: f"own/{path.name}" for key, path in networks.items()}
    configure(project, **own | {"provider": "cuda"})
    poses = "results/videos/first000001/poses.npz"
    done = project.run("--retries", "0", poses)
    assert done.returncode == 1
    assert "nvidia-smi" in done.stdout
    assert not (project.folder / poses).exists()
