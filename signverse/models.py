"""Networks that are fetched by name: registry, download and receipt.

A network counts only by its SHA-256. The registry states it; where it does not, the hash found at
first is trusted and kept in the receipt, a JSON file beside the network, and compared afterwards.
"""

import contextlib
import fcntl
import hashlib
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from signverse.downloads import DownloadError, download, shown
from signverse.errors import InputError, MachineError
from signverse.files import read_json, sha256, write_json


@dataclass(frozen=True)
class Model:
    """A network of the registry: where it may be found and what it must be.

    `urls` are tried in order; `sha256` (64 hexadecimal digits) and `bytes` are None where unknown.
    """

    urls: tuple[str, ...]
    sha256: str | None
    bytes: int | None
    licence: str
    source: str
    description: str


def load_registry(path: str | Path) -> dict[str, Model]:
    """Name → network of a YAML registry; raise InputError naming the key that is wrong."""
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(document, dict) or not document:
        raise InputError(f"{path}: found {document!r:.80}; allowed: networks by name")
    for name in document:
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9_-]+", name):
            raise InputError(
                f"{path}: found the name {name!r}; allowed: small letters, digits, _ -"
            )
    return {name: make_model(entry, f"{path}: {name}") for name, entry in document.items()}


def make_model(entry: Any, where: str) -> Model:
    """The network that an entry of the registry describes.

    Raises InputError that begins with `where` and names the key, what was found and is allowed.
    """
    keys = ", ".join(_ALLOWED)
    if not isinstance(entry, dict):
        raise InputError(f"{where}: found {entry!r:.80}; allowed: a section with the keys {keys}")
    for key in [*entry, *_ALLOWED]:
        if key not in _ALLOWED or key not in entry:
            fault = "missing" if key in _ALLOWED else "unknown"
            raise InputError(f"{where}: {fault} key {key!r}; allowed: {keys}")
        allowed, accepts = _ALLOWED[key]
        if not accepts(entry[key]):
            raise InputError(f"{where}: {key}: found {entry[key]!r:.200}; allowed: {allowed}")
    return Model(**entry | {"urls": tuple(entry["urls"])})


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"https?://[^\s/?#@]+/[^\s#]+", value))


def _are_addresses(value: Any) -> bool:
    if not isinstance(value, list | tuple) or not all(map(_is_address, value)):
        return False
    return 0 < len(value) == len(set(value))


def _is_hash(value: Any) -> bool:
    return value is None or (isinstance(value, str) and bool(re.fullmatch("[0-9a-f]{64}", value)))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


_ALLOWED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "urls": ("a list of different http or https addresses without user name", _are_addresses),
    "sha256": ("64 hexadecimal digits, small and in quotes, or null", _is_hash),
    "bytes": ("an integer over 0, or null", lambda v: v is None or (type(v) is int and v > 0)),
    "licence": ("a text", _is_text),
    "source": ("an http or https address without user name", _is_address),
    "description": ("a text", _is_text),
}


def fetch_model(
    model: Model, network: Path, receipt: Path, *, timeout_sec: float, retries: int
) -> None:
    """Download a network, and write its receipt, unless its hash is not the expected one.

    Each address gets `retries` further tries of `timeout_sec` per network read. What has come
    stays in the folder `{network}.parts` after a failure, and the next try goes on from there.
    Raises MachineError with every address and what was wrong, or when the disk fails; InputError
    when the hash is to be compared with a receipt that is damaged.
    """
    parts = network.with_name(f"{network.name}.parts")
    expected = model.sha256 or (receipt_hash(receipt) if receipt.exists() else None)
    failures = []
    try:
        with _alone(parts, network):
            for url in model.urls:
                try:
                    part, found = _fetched(model, url, parts, expected, timeout_sec, retries)
                except DownloadError as error:
                    failures.append(f"{shown(url)}: {error}")
                    logging.warning("%s", failures[-1])
                    continue
                part.replace(network)
                _write_receipt(receipt, model, url, found, network.stat().st_size)
                shutil.rmtree(parts)
                return
    except OSError as error:
        raise MachineError(f"{network}: cannot be written ({error.strerror or error})") from error
    known = "" if model.sha256 or not expected else f", expecting the hash in {receipt}"
    raise MachineError(
        f"{network}: no address gave this network{known} ({'; '.join(failures)}); to place it by "
        "hand, fetch it elsewhere and give its path in the config, estimate_poses: detector or pose"
    )


@contextlib.contextmanager
def _alone(parts: Path, network: Path) -> Iterator[None]:
    """Hold the lock of the folder of parts: two processes writing one part would garble it."""
    parts.mkdir(parents=True, exist_ok=True)
    with (parts / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MachineError(f"{network}: another process is fetching it") from error
        yield


def _fetched(
    model: Model, url: str, parts: Path, expected: str | None, timeout_sec: float, retries: int
) -> tuple[Path, str]:
    """The whole file of one address and its hash, which is the expected one."""
    part = parts / hashlib.sha256(url.encode()).hexdigest()[:16]
    download(
        url,
        part,
        size=model.bytes,
        hashed=expected is not None,
        timeout_sec=timeout_sec,
        retries=retries,
    )
    size, found = part.stat().st_size, sha256(part)
    if expected is not None and found != expected:
        part.unlink()
        raise DownloadError(f"expected SHA-256 {expected}, found {found}")
    if model.bytes is not None and size != model.bytes:
        part.unlink()
        raise DownloadError(f"expected {model.bytes} bytes, found {size}")
    return part, found


def _write_receipt(receipt: Path, model: Model, url: str, found: str, size: int) -> None:
    write_json(
        receipt,
        {
            "sha256": found,
            "bytes": size,
            "url": shown(url),
            "licence": model.licence,
            "source": model.source,
            "trust": "registry" if model.sha256 else "first use",
            "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def receipt_hash(receipt: Path) -> str:
    """The SHA-256 that a receipt records; InputError when it is missing or damaged."""
    found = read_json(receipt).get("sha256")
    if found is None or not _is_hash(found):
        raise InputError(f"{receipt}: sha256: found {found!r:.80}; allowed: 64 hexadecimal digits")
    return str(found)


def verify_model(network: str | Path, receipt: str | Path | None = None) -> str:
    """SHA-256 of a network that is as its receipt says.

    The receipt of `x.onnx` is `x.json` beside it, unless another is given; a file that was placed
    by hand has none, and nothing to be compared with. Raises InputError with both hashes, or
    when a file cannot be read.
    """
    network = Path(network)
    beside = network.with_suffix(".json")
    receipt = Path(receipt or beside)
    try:
        found = sha256(network)
    except OSError as error:
        raise InputError(f"{network}: cannot be read ({error.strerror})") from error
    if receipt == beside and not receipt.exists():
        return found
    expected = receipt_hash(receipt)
    if found != expected:
        raise InputError(f"{network}: expected SHA-256 {expected} (of {receipt}), found {found}")
    return found
