"""Pickled frame payloads, read without running anything that stands in the pickle.

A pickle is a program: it names functions and has them called. Here the few names that numpy's
own arrays need lead to stand-ins of ours, every other name is refused, and bytes become arrays
by `numpy.frombuffer` after their shape and type were checked.
"""

import math
import pickle
import pickletools
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np

from signverse.errors import InputError

# Types of numbers, as numpy pickles them; "O8" is the array of the payloads itself.
TYPES = frozenset(("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "O8"))
MAX_DIMENSIONS = 4

Payload = dict[str, np.ndarray]


class _Type:
    """Stands in for numpy.dtype."""

    __slots__ = ("code", "order")

    def __init__(self, code: str, *_: Any) -> None:
        if code not in TYPES:
            raise pickle.UnpicklingError(f"arrays of type {code!r} are not allowed")
        self.code = code
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = ">" if state[1] == ">" else "<"

    def array(self, raw: bytes, shape: tuple[int, ...], order: str) -> np.ndarray:
        """The numbers in `raw`, which must be as long as their shape says."""
        kind = np.dtype(self.order + self.code)
        sound = len(shape) <= MAX_DIMENSIONS and all(type(n) is int and n >= 0 for n in shape)
        if not sound or type(raw) is not bytes or len(raw) != math.prod(shape) * kind.itemsize:
            raise pickle.UnpicklingError(f"an array of shape {shape!r} does not fit its bytes")
        flat = np.frombuffer(raw, kind).astype(kind.newbyteorder("="))
        return flat.reshape(shape, order="F" if order == "F" else "C")


class _Array:
    """Stands in for numpy.ndarray; `value` is an array, or the list of an object array."""

    __slots__ = ("value",)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, fortran, raw = state
        if kind.code == "O8":
            if type(raw) is not list or shape != (len(raw),):
                raise pickle.UnpicklingError("frame_payloads is no row of objects")
            self.value: Any = raw
        else:
            self.value = kind.array(raw, shape, "F" if fortran else "C")


def _scalar(kind: _Type, raw: bytes) -> np.ndarray:
    return kind.array(raw, (), "C")


# What numpy's pickles name; numpy 2 has two of them elsewhere than numpy 1.
_STAND_INS: Mapping[str, Callable[..., Any]] = {
    "numpy.dtype": _Type,
    "numpy.core.multiarray._reconstruct": lambda *_: _Array(),
    "numpy._core.multiarray._reconstruct": lambda *_: _Array(),
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What stands in for a name in the pickle; raises UnpicklingError for nearly all."""
        full = f"{module}.{name}"
        if full == "numpy.ndarray":
            return full  # only ever an argument of _reconstruct, which does not look at it
        if full not in _STAND_INS:
            raise pickle.UnpicklingError(f"{full} is not allowed")
        found = _STAND_INS[full]
        return lambda *arguments: found(*arguments)  # a pickle can set attributes of what it got


def read_payloads(file: BinaryIO) -> list[Payload]:
    """The dicts of an object array in numpy's `.npy` format, their values as arrays.

    Raises InputError for anything but dicts of text to arrays or numbers.
    """
    try:
        version = np.lib.format.read_magic(file)
        header = {(1, 0): np.lib.format.read_array_header_1_0,
                  (2, 0): np.lib.format.read_array_header_2_0}[version]  # fmt: skip
        shape, _, kind = header(file)
        if kind != np.dtype(object) or len(shape) != 1:
            raise InputError(
                f"frame_payloads is {kind} of shape {shape}, expected a row of objects"
            )
        found = _unpickle(file.read())
    except InputError:
        raise
    except Exception as error:  # a damaged or malicious pickle can raise nearly anything
        raise InputError(f"frame_payloads cannot be read safely ({error})") from error
    if not isinstance(found, _Array) or type(getattr(found, "value", None)) is not list:
        raise InputError("frame_payloads is no row of objects")
    if shape != (len(found.value),):
        raise InputError(f"frame_payloads has {len(found.value)} frames, its header says {shape}")
    return [_payload(number, value) for number, value in enumerate(found.value)]


def _unpickle(pickled: bytes) -> Any:
    # The C unpickler reserves memory for the highest place in its memo, whatever it is.
    for opcode, argument, _ in pickletools.genops(pickled):
        if "PUT" in opcode.name and int(argument or 0) > len(pickled):
            raise pickle.UnpicklingError(f"place {argument} in the memo of a smaller pickle")
    return _Unpickler(BytesIO(pickled)).load()


def _payload(number: int, found: Any) -> Payload:
    if type(found) is not dict:
        raise InputError(f"frame {number}: a dict is expected, found {type(found).__name__}")
    payload = {}
    for key, value in found.items():
        plain = getattr(value, "value", None) if isinstance(value, _Array) else value
        array = np.asarray(None if isinstance(plain, list) else plain)
        if type(key) is not str or array.dtype.kind not in "biuf":
            raise InputError(f"frame {number}: {key!r} is no array of numbers")
        payload[key] = array
    return payload
