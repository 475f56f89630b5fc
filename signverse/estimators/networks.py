"""ONNX networks: loaded on the device that was asked for, checked, run in batches.

The only place that knows onnxruntime. No GPU was at hand when it was written: what concerns
CUDA and TensorRT is tested with pretended sessions only.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from signverse.errors import InputError, MachineError

Options = dict[str, Any]
Provider = str | tuple[str, Options]
CPU = "CPUExecutionProvider"
OUT_OF_MEMORY = ("out of memory", "failed to allocate memory", "bfcarena")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a network must look like; nodes go by place and shape, never by name.

    size: height and width of its input, in pixels. outputs: the last dimensions of its outputs, in
    the order in which `Network.run` gives them.
    """

    size: tuple[int, int]
    outputs: tuple[tuple[int, ...], ...]


@dataclass
class Network:
    """A loaded network. `batch`: images in one run at most; 1 when the file fixes it so."""

    path: str
    session: Any
    input_name: str
    order: tuple[int, ...]
    batch: int

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """Outputs for images (float32 [n, 3, height, width]), each float32 [n, …].

        Runs at most `batch` images at a time: half as many from when a GPU is out of memory, and
        single ones from when the network fails at several, as some do that were exported
        from a single one. MachineError when a single image fails.
        """
        results: list[list[np.ndarray]] = []
        start = 0
        while start < len(images):
            part = images[start : start + self.batch]
            try:
                found = self.session.run(None, {self.input_name: part})
            except Exception as error:  # onnxruntime's own classes are not part of its interface
                self._shrink(error, len(part))
                continue
            wanted = [found[place] for place in self.order]
            if any(len(output) != len(part) for output in wanted):
                counts = [len(output) for output in wanted]
                self._shrink(ValueError(f"outputs for {counts} of {len(part)} images"), len(part))
                continue
            start += len(part)
            results.append(wanted)
        outputs = zip(*results, strict=True)
        return [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in outputs]

    def _shrink(self, error: Exception, tried: int) -> None:
        """Make do with smaller batches after a failure, or give up."""
        no_room = _is_out_of_memory(error)
        if tried == 1:
            why = (
                "out of GPU memory with a single image"
                if no_room
                else f"the network failed ({error})"
            )
            raise MachineError(f"{self.path}: {why}") from error
        self.batch = tried // 2 if no_room else 1
        why = "out of GPU memory" if no_room else f"the network fails at several images ({error})"
        logging.warning("%s: %s, going on with batches of %d", self.path, why, self.batch)


def _is_out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return any(words in text for words in OUT_OF_MEMORY)


def load_network(
    path: str | Path,
    signature: Signature,
    *,
    batch: int,
    threads: int,
    providers: Sequence[Provider] = (CPU,),
) -> Network:
    """Load and check a network file.

    Raises InputError, naming the file, when it is no network or not the one that is needed, and
    MachineError when it does not run on the provider that was asked for first.
    """
    path = str(path)
    _check_content(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait for the next run by spinning take the processor from all that lies between.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(path, options, providers=list(providers))
    except Exception as error:  # as above
        if _is_out_of_memory(error):
            raise MachineError(f"{path}: out of GPU memory when it was loaded") from error
        raise InputError(f"{path}: cannot be loaded as an ONNX network ({error})") from error
    session.disable_fallback()  # else a GPU that fails later would be left for the CPU silently
    check_provider(path, session.get_providers(), providers)
    return wrap(path, session, signature, batch)


def _check_content(path: str) -> None:
    """Raise InputError for a file that is not there or is a page in the place of a network."""
    try:
        with Path(path).open("rb") as file:
            first = file.read(64).lstrip()
    except OSError as error:
        raise InputError(f"{path}: no network file ({error.strerror})") from error
    if first.startswith((b"<", b"{", b"version https://git-lfs")):
        raise InputError(f"{path}: is a text or a web page, not an ONNX network; download it again")


def wrap(path: str, session: Any, signature: Signature, batch: int) -> Network:
    """Check a session's inputs and outputs; see `load_network`."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    found = [list(node.shape) for node in inputs]
    expected = [3, *signature.size]
    if len(inputs) != 1 or len(found[0]) != 4 or not _fits(found[0][1:], expected):
        raise InputError(
            f"{path}: has inputs of shape {found}, expected [n, 3, *size] = {expected}"
        )
    if inputs[0].type != "tensor(float)":
        raise InputError(f"{path}: takes {inputs[0].type}, expected tensor(float)")
    shapes = [list(output.shape) for output in outputs]
    order = tuple(_place(path, shapes, wanted) for wanted in signature.outputs)
    fixed = found[0][0]
    if isinstance(fixed, int) and fixed != 1:
        raise InputError(f"{path}: takes batches of just {fixed}, expected 1 or any number")
    single = 1 in (fixed, *(shapes[place][0] for place in order))
    return Network(path, session, inputs[0].name, order, 1 if single else batch)


def _fits(shape: Iterable[Any], expected: Iterable[int]) -> bool:
    """Whether a shape, with names or None for dimensions that may vary, can be the expected one."""
    pairs = list(zip(shape, expected, strict=False))
    return all(not isinstance(found, int) or found == wanted for found, wanted in pairs)


def _place(path: str, shapes: list[list[Any]], wanted: tuple[int, ...]) -> int:
    """Which output ends in the wanted dimensions."""
    for place, shape in enumerate(shapes):
        if len(shape) == len(wanted) + 1 and _fits(shape[1:], wanted) and shape[-1] == wanted[-1]:
            return place
    raise InputError(f"{path}: has outputs of shape {shapes}, expected one of {['n', *wanted]}")


def check_provider(path: str, used: Sequence[str], wanted: Sequence[Provider]) -> None:
    """Raise MachineError when a session fell back, for instance from a GPU to the CPU."""
    first = wanted[0] if isinstance(wanted[0], str) else wanted[0][0]
    if not used or used[0] != first:
        instead = ", ".join(used) or "nothing"
        raise MachineError(
            f"{path}: {first} was asked for, but the session runs on {instead}; its driver or "
            "libraries (CUDA, cuDNN, TensorRT) are missing or do not fit onnxruntime "
            f"{onnxruntime.__version__}; estimate_poses: provider: cpu computes without a GPU"
        )
