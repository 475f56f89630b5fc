"""Networks by name, fetched from servers of the test's own."""

import fcntl
import hashlib
import json
import logging
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from file_server import File, file_server

from signverse.errors import InputError, MachineError
from signverse.files import read_json
from signverse.models import (
    Model,
    fetch_model,
    load_registry,
    make_model,
    receipt_hash,
    verify_model,
)

DATA = b"\x08" + random.Random(1).randbytes(300_000)
OTHER = b"\x08" + random.Random(2).randbytes(300_000)
HALF = len(DATA) // 2
DIGEST, OTHER_DIGEST = (hashlib.sha256(data).hexdigest() for data in (DATA, OTHER))
ENTRY: dict[str, Any] = {
    "urls": ["https://a.example/n.onnx", "http://b.example:8080/x/n.onnx?download=true"],
    "sha256": DIGEST,
    "bytes": len(DATA),
    "licence": "Apache-2.0",
    "source": "https://a.example/n",
    "description": "a network",
}


def model(*urls: str, digest: str | None = DIGEST, size: int | None = None) -> Model:
    return Model(urls, digest, size, "Apache-2.0", "https://a.example/n", "a network")


class Place:
    """Where a network goes."""

    def __init__(self, folder: Path) -> None:
        self.network = folder / "models" / "n.onnx"
        self.receipt = folder / "models" / "n.json"
        self.parts = folder / "models" / "n.onnx.parts"

    def fetch(self, wanted: Model, timeout_sec: float = 5, retries: int = 0) -> None:
        fetch_model(wanted, self.network, self.receipt, timeout_sec=timeout_sec, retries=retries)

    def failure(self, wanted: Model, **options: Any) -> str:
        with pytest.raises(MachineError) as caught:
            self.fetch(wanted, **options)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"{self.network}: ")
        return str(caught.value)

    def downloaded(self) -> int:
        """Bytes of networks that are on the disk under no final name."""
        files = [file for file in self.parts.glob("*") if not file.suffix and file.name != "lock"]
        return sum(file.stat().st_size for file in files)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.network.parent.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def write_registry(folder: Path, document: Any) -> Path:
    path = folder / "models.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_registry(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_the_shipped_registry_has_the_two_networks_of_dwpose(root: Path) -> None:
    registry = load_registry(root / "resources" / "models.yaml")
    assert list(registry) == ["yolox_l", "dw-ll_ucoco_384"]
    for name, shipped in registry.items():
        assert shipped.urls[0] == f"https://huggingface.co/yzd-v/DWPose/resolve/main/{name}.onnx"
        assert len(shipped.urls) >= 3
        assert {url.rpartition("/")[2] for url in shipped.urls} == {f"{name}.onnx"}
        assert len({url.split("/")[2] for url in shipped.urls}) >= 2
        assert shipped.licence == "Apache-2.0"


def test_the_shipped_registry_says_where_each_hash_was_read(root: Path) -> None:
    text = (root / "resources" / "models.yaml").read_text(encoding="utf-8")
    comments = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    for name, shipped in load_registry(root / "resources" / "models.yaml").items():
        if shipped.sha256:
            assert re.search(rf"^#   {name} +https://", comments, re.MULTILINE)


def test_a_registry_keeps_the_order_of_networks_and_addresses(tmp_path: Path) -> None:
    path = write_registry(tmp_path, "z: &z " + json.dumps(ENTRY) + "\na: *z\n")
    assert list(load_registry(path)) == ["z", "a"]
    assert load_registry(path)["a"].urls == tuple(ENTRY["urls"])


def test_hash_and_size_may_be_unknown_but_must_be_said_to_be(tmp_path: Path) -> None:
    unknown = ENTRY | {"sha256": None, "bytes": None}
    found = load_registry(write_registry(tmp_path, {"n": unknown}))["n"]
    assert (found.sha256, found.bytes) == (None, None)
    del unknown["sha256"]
    message = refused(write_registry(tmp_path, {"n": unknown}))
    assert message.startswith("n: missing key 'sha256'; allowed: urls, sha256, bytes, licence")


def test_a_network_is_as_frozen_as_its_entry_and_an_entry_may_come_back_from_it() -> None:
    made = make_model(ENTRY, "x")
    assert make_model(dict(vars(made)), "x") == made == replace(made)
    with pytest.raises(AttributeError):
        made.sha256 = None  # type: ignore[misc]


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("urls", [], "a list of different http or https addresses"),
        ("urls", "https://a.example/n.onnx", "a list of"),
        ("urls", ["ftp://a.example/n.onnx"], "a list of"),
        ("urls", ["file:///n.onnx"], "a list of"),
        ("urls", ["https://a.example"], "a list of"),
        ("urls", ["https://a.example/n .onnx"], "a list of"),
        ("urls", ["https://me:secret@a.example/n.onnx"], "addresses without user name"),
        ("urls", ["https://a.example/n"] * 2, "a list of different"),
        ("urls", [7], "a list of"),
        ("sha256", "", "64 hexadecimal digits"),
        ("sha256", DIGEST.upper(), "64 hexadecimal digits, small"),
        ("sha256", DIGEST[:-1], "64 hexadecimal digits"),
        ("sha256", f"{DIGEST}\n", "64 hexadecimal digits"),
        ("sha256", 7, "64 hexadecimal digits"),
        ("bytes", 0, "an integer over 0"),
        ("bytes", -1, "an integer over 0"),
        ("bytes", 1.5, "an integer over 0"),
        ("bytes", True, "an integer over 0"),
        ("bytes", "217 MB", "an integer over 0"),
        ("licence", None, "a text"),
        ("licence", " ", "a text"),
        ("source", "a.example", "an http or https address"),
        ("description", ["a"], "a text"),
    ],
)
def test_a_wrong_value_is_refused_with_its_key_and_what_is_allowed(
    tmp_path: Path, key: str, value: Any, allowed: str
) -> None:
    message = refused(write_registry(tmp_path, {"fine": ENTRY, "n": ENTRY | {key: value}}))
    assert message.startswith(f"n: {key}: found {value!r}; allowed: ")
    assert allowed in message


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    message = refused(write_registry(tmp_path, {"n": ENTRY | {"md5": "x"}}))
    assert message.startswith("n: unknown key 'md5'; allowed: urls, ")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("", "found None; allowed: networks by name"),
        ("[]", "found []; allowed: networks by name"),
        ("n: null", "n: found None; allowed: a section with the keys urls, "),
        ("../n: {}", "found the name '../n'; allowed: small letters"),
        ("3: {}", "found the name 3; allowed: small letters"),
        ("é: {}", "found the name 'é'; allowed: small letters"),
        ("N: {}", "found the name 'N'; allowed: small letters"),
        ("n: [", "cannot be read (while parsing"),
    ],
)
def test_what_is_no_registry_is_refused(tmp_path: Path, document: str, message: str) -> None:
    assert refused(write_registry(tmp_path, document)).startswith(message)


def test_a_registry_that_is_missing_or_binary_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert refused(tmp_path / "binary.yaml").startswith("cannot be read (")


def test_a_network_comes_with_a_receipt_and_nothing_else(place: Place) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    with file_server({"/n.onnx": File(DATA)}) as server:
        url = server.url("/n.onnx")
        place.fetch(model(f"{url}?key=secret", size=len(DATA)))
    assert place.network.read_bytes() == DATA
    assert place.names() == ["n.json", "n.onnx"]
    receipt = read_json(place.receipt)
    assert before <= datetime.fromisoformat(receipt.pop("fetched_at")) <= datetime.now(UTC)
    assert receipt == {
        "sha256": DIGEST,
        "bytes": len(DATA),
        "url": url,
        "licence": "Apache-2.0",
        "source": "https://a.example/n",
        "trust": "registry",
    }


def test_two_receipts_of_one_network_differ_in_the_time_only(place: Place) -> None:
    texts = []
    with file_server({"/n.onnx": File(DATA)}) as server:
        for _ in range(2):
            place.fetch(model(server.url("/n.onnx")))
            texts.append(re.sub(r'("fetched_at": )".+"', r"\1", place.receipt.read_text()))
    assert texts[0] == texts[1]


def test_a_missing_file_leads_to_the_next_address(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with file_server({"/mirror/n.onnx": File(DATA)}) as server:
        urls = [server.url("/n.onnx"), server.url("/mirror/n.onnx")]
        place.fetch(model(*urls), retries=3)
    assert [path for path, _ in server.asked] == ["/n.onnx", "/mirror/n.onnx"]
    assert read_json(place.receipt)["url"] == urls[1]
    assert f"{urls[0]}: HTTP 404" in caplog.text


def test_each_address_has_its_tries_before_the_next(place: Place) -> None:
    files = {"/a": File(status=500), "/b": File(status=500), "/c": File(DATA)}
    with file_server(files) as server:
        place.fetch(model(*map(server.url, ("/a", "/b", "/c"))), retries=1)
    assert [path for path, _ in server.asked] == ["/a", "/a", "/b", "/b", "/c"]
    assert place.network.read_bytes() == DATA


def test_a_redirect_is_followed_and_the_receipt_has_the_address_that_was_listed(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    files = {
        "/n.onnx": File(status=302, location="/blob?signature=secret"),
        "/blob": File(DATA),
    }
    with file_server(files) as server:
        place.fetch(model(server.url("/n.onnx")))
    assert place.network.read_bytes() == DATA
    assert read_json(place.receipt)["url"] == server.url("/n.onnx")
    assert "secret" not in caplog.text + place.receipt.read_text()


def test_wrong_bytes_never_get_the_final_name_and_the_next_address_is_tried(place: Place) -> None:
    with file_server({"/a": File(OTHER), "/b": File(DATA)}) as server:
        place.fetch(model(server.url("/a"), server.url("/b")))
    assert place.network.read_bytes() == DATA
    assert place.names() == ["n.json", "n.onnx"]


def test_when_all_give_wrong_bytes_both_hashes_are_said_and_nothing_stays(place: Place) -> None:
    with file_server({"/a": File(OTHER, etag='"a"'), "/b": File(OTHER)}) as server:
        message = place.failure(model(server.url("/a"), server.url("/b")))
        assert message.count(f"expected SHA-256 {DIGEST}, found {OTHER_DIGEST}") == 2
        assert not place.network.exists()
        assert not place.receipt.exists()
        assert place.downloaded() == 0
        server.files["/a"].data = DATA
        place.fetch(model(server.url("/a")))
    assert server.asked[-1] == ("/a", None)
    assert place.network.read_bytes() == DATA


def test_a_failure_leaves_the_network_that_is_there_as_it_is(place: Place) -> None:
    with file_server({"/n": File(DATA)}) as server:
        place.fetch(model(server.url("/n")))
        server.files["/n"].data = OTHER
        place.failure(model(server.url("/n")))
    assert verify_model(place.network, place.receipt) == DIGEST


@pytest.mark.parametrize("length", [True, False])
def test_a_wrong_size_is_refused_where_no_hash_is_known(place: Place, length: bool) -> None:
    with file_server({"/n": File(DATA, length=length)}) as server:
        message = place.failure(model(server.url("/n"), digest=None, size=7))
    assert re.search(rf"expected 7 bytes, (offered|found) {len(DATA)}", message)
    assert place.downloaded() == 0


def test_a_web_page_is_no_network_even_when_no_hash_is_known(place: Place) -> None:
    page = File(b"<html>Please sign in</html>", kind="text/html")
    with file_server({"/n": page}) as server:
        message = place.failure(model(server.url("/n"), digest=None))
    assert f"{server.url('/n')}: a web page was sent instead of the file" in message
    assert not place.network.exists()


def test_when_nothing_is_reached_all_that_was_tried_is_listed_and_what_to_do(place: Place) -> None:
    with socket.socket() as taken, file_server({}) as server:
        taken.bind(("127.0.0.1", 0))  # bound but not listening
        dead = f"http://127.0.0.1:{taken.getsockname()[1]}/n.onnx"
        message = place.failure(model(dead, server.url("/n.onnx?key=secret")))
    assert f"({dead}: Connection refused; {server.url('/n.onnx')}: HTTP 404)" in message
    assert message.endswith(
        "to place it by hand, fetch it elsewhere and give its path in the config, "
        "estimate_poses: detector or pose"
    )
    assert "secret" not in message


def test_a_stalled_address_is_given_up_and_continued_by_the_next_call(place: Place) -> None:
    file = File(DATA, etag='"a"', cut=HALF, stalls=True)
    with file_server({"/n": file}) as server:
        message = place.failure(model(server.url("/n")), timeout_sec=0.4)
        assert "nothing came for 0.4 s" in message
        assert place.downloaded() == HALF
        file.cut, file.stalls = None, False
        place.fetch(model(server.url("/n")))
    assert server.served == len(DATA)
    assert place.names() == ["n.json", "n.onnx"]


def test_a_part_from_one_address_is_not_continued_from_another(place: Place) -> None:
    with file_server({"/a": File(OTHER, etag='"a"', cut=HALF), "/b": File(DATA)}) as server:
        place.fetch(model(server.url("/a"), server.url("/b")))
    assert server.asked == [("/a", None), ("/b", None)]
    assert place.network.read_bytes() == DATA


def test_a_killed_download_leaves_no_network_and_is_continued(place: Place, root: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from signverse.models import *;"
        "url, digest, network, receipt = sys.argv[1:];"
        "model = Model((url,), digest, None, 'l', 's', 'd');"
        "fetch_model(model, Path(network), Path(receipt), timeout_sec=60, retries=0)"
    )
    file = File(DATA, etag='"a"', cut=HALF, stalls=True)
    with file_server({"/n": file}) as server:
        url = server.url("/n")
        given = [url, DIGEST, str(place.network), str(place.receipt)]
        with subprocess.Popen([sys.executable, "-c", program, *given], cwd=root) as process:
            deadline = time.monotonic() + 30
            while place.downloaded() < HALF:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert "another process is fetching it" in place.failure(model(url))
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert place.names() == ["n.onnx.parts"]
        file.cut, file.stalls = None, False
        place.fetch(model(url))
    assert server.asked == [("/n", None), ("/n", f"bytes={HALF}-")]
    assert server.served == len(DATA)
    assert place.network.read_bytes() == DATA
    assert place.names() == ["n.json", "n.onnx"]


def test_two_processes_do_not_write_one_part(place: Place) -> None:
    place.parts.mkdir(parents=True)
    with (place.parts / "lock").open("w") as lock, file_server({"/n": File(DATA)}) as server:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another process is fetching it" in place.failure(model(server.url("/n")))
        fcntl.flock(lock, fcntl.LOCK_UN)
        place.fetch(model(server.url("/n")))
    assert place.network.read_bytes() == DATA


def test_a_disk_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with file_server({"/n": File(DATA)}) as server:
        message = Place(tmp_path).failure(model(server.url("/n")))
    assert message.endswith("n.onnx: cannot be written (Not a directory)")
    assert server.asked == []


def test_an_unknown_hash_is_trusted_at_first_and_compared_afterwards(place: Place) -> None:
    with file_server({"/n": File(DATA)}) as server:
        unknown = model(server.url("/n"), digest=None)
        place.fetch(unknown)
        assert read_json(place.receipt)["sha256"] == DIGEST
        assert read_json(place.receipt)["trust"] == "first use"
        place.network.unlink()
        place.fetch(unknown)
        assert verify_model(place.network, place.receipt) == DIGEST
        server.files["/n"].data = OTHER
        message = place.failure(unknown)
    assert f"expecting the hash in {place.receipt}" in message
    assert f"expected SHA-256 {DIGEST}, found {OTHER_DIGEST}" in message
    assert verify_model(place.network, place.receipt) == DIGEST


def test_the_registry_counts_more_than_a_receipt(place: Place) -> None:
    with file_server({"/n": File(OTHER)}) as server:
        place.fetch(model(server.url("/n"), digest=None))
        server.files["/n"].data = DATA
        place.fetch(model(server.url("/n")))
    assert verify_model(place.network, place.receipt) == DIGEST
    assert read_json(place.receipt)["trust"] == "registry"


def test_a_damaged_receipt_is_not_taken_for_no_receipt(place: Place) -> None:
    place.network.parent.mkdir()
    place.receipt.write_text("{")
    with file_server({"/n": File(DATA)}) as server:
        with pytest.raises(InputError, match=r"n\.json: cannot be read as JSON"):
            place.fetch(model(server.url("/n"), digest=None))
        assert server.asked == []


def test_a_network_that_is_not_as_its_receipt_says_is_refused_with_both_hashes(
    place: Place,
) -> None:
    with file_server({"/n": File(DATA)}) as server:
        place.fetch(model(server.url("/n")))
    place.network.write_bytes(OTHER)
    with pytest.raises(InputError) as caught:
        verify_model(place.network, place.receipt)
    assert str(caught.value) == (
        f"{place.network}: expected SHA-256 {DIGEST} (of {place.receipt}), found {OTHER_DIGEST}"
    )
    place.network.unlink()
    with pytest.raises(InputError, match=r"n\.onnx: cannot be read \(No such file"):
        verify_model(place.network, place.receipt)


def test_the_receipt_of_a_network_is_found_beside_it(place: Place) -> None:
    with file_server({"/n": File(DATA)}) as server:
        place.fetch(model(server.url("/n")))
    assert verify_model(str(place.network)) == DIGEST
    place.network.write_bytes(OTHER)
    with pytest.raises(InputError, match=f"found {OTHER_DIGEST}"):
        verify_model(str(place.network))


def test_a_network_placed_by_hand_has_no_receipt_and_only_its_hash_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(DATA)
    assert verify_model(tmp_path / "mine.onnx") == DIGEST
    with pytest.raises(InputError, match=r"elsewhere\.json: cannot be read"):
        verify_model(tmp_path / "mine.onnx", tmp_path / "elsewhere.json")


@pytest.mark.parametrize("text", ["{}", '{"sha256": null}', '{"sha256": 7}', '{"sha256": "ab"}'])
def test_a_receipt_without_a_hash_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.json").write_text(text)
    with pytest.raises(InputError, match=r"n\.json: sha256: found .+; allowed: 64 hexadecimal"):
        receipt_hash(tmp_path / "n.json")
    with pytest.raises(InputError, match=r"none\.json: cannot be read"):
        receipt_hash(tmp_path / "none.json")
