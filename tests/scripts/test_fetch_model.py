"""fetch_model: from an entry of the registry to {model}.onnx and {model}.json."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from file_server import File, file_server

from signverse.errors import InputError, MachineError
from signverse.files import read_json
from signverse.models import verify_model

DATA = b"\x08" + bytes(range(256)) * 100


def arguments(tmp_path: Path, *urls: str, **changed: Any) -> dict[str, Any]:
    entry = {
        "urls": list(urls),
        "sha256": hashlib.sha256(DATA).hexdigest(),
        "bytes": len(DATA),
        "licence": "Apache-2.0",
        "source": "https://a.example/n",
        "description": "a network",
    }
    folder = tmp_path / "models"
    return {
        "model": "tiny",
        "recipe": entry | changed,
        "timeout_sec": 5,
        "retries": 0,
        "network": folder / "tiny.onnx",
        "receipt": folder / "tiny.json",
    }


def test_a_network_and_its_receipt_are_made(main: Callable[..., None], tmp_path: Path) -> None:
    with file_server({"/tiny.onnx": File(DATA)}) as server:
        given = arguments(tmp_path, server.url("/none.onnx"), server.url("/tiny.onnx"))
        main(**given)
    assert given["network"].read_bytes() == DATA
    assert verify_model(given["network"], given["receipt"]) == given["recipe"]["sha256"]
    assert read_json(given["receipt"])["url"] == server.url("/tiny.onnx")
    assert len(list(given["network"].parent.iterdir())) == 2


def test_an_entry_that_went_through_snakemake_may_have_a_tuple_of_addresses(
    main: Callable[..., None], tmp_path: Path
) -> None:
    with file_server({"/tiny.onnx": File(DATA)}) as server:
        given = arguments(tmp_path, urls=(server.url("/tiny.onnx"),), sha256=None, bytes=None)
        main(**given)
    assert read_json(given["receipt"])["trust"] == "first use"


def test_a_wrong_entry_is_refused_by_name_before_anything_is_asked(
    main: Callable[..., None], tmp_path: Path
) -> None:
    with file_server({"/tiny.onnx": File(DATA)}) as server:
        given = arguments(tmp_path, server.url("/tiny.onnx"), sha256="ab")
        with pytest.raises(InputError, match=r"^tiny: sha256: found 'ab'; allowed: 64 hex"):
            main(**given)
        assert server.asked == []
    assert not given["network"].parent.exists()


def test_a_hub_that_is_down_fails_the_job_and_the_next_try_goes_on(
    main: Callable[..., None], tmp_path: Path
) -> None:
    file = File(DATA, etag='"a"', cut=10_000)
    with file_server({"/tiny.onnx": file}) as server:
        given = arguments(tmp_path, server.url("/tiny.onnx"))
        with pytest.raises(MachineError, match=f"ended after 10000 of {len(DATA)} bytes"):
            main(**given)
        assert not given["network"].exists()
        file.cut = None
        main(**given)
    assert server.served == len(DATA)
    assert given["network"].read_bytes() == DATA
