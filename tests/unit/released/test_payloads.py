"""Pickles that try to run code. Each leaves a file behind if it succeeds."""

import builtins
import io
import operator
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signverse.errors import InputError
from signverse.released.payloads import read_payloads

MARK = "ran.txt"


class Call:
    """Pickles as a call of a function, which unpickling makes."""

    def __init__(self, function: Callable, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


def attribute_chain() -> Call:
    """builtins.getattr on a module, one step after the other, up to os.system."""
    return Call(Call_(Call(getattr, Call(__import__, "os"), "system")), f"touch {MARK}")  # type: ignore[arg-type]


class Call_:  # noqa: N801 – a callable that is itself made by a call
    def __init__(self, made: Call) -> None:
        self.made = made

    def __call__(self) -> None: ...

    def __reduce__(self) -> tuple:
        return self.made.call


ATTACKS = {
    "os.system": Call(os.system, f"touch {MARK}"),
    "eval": Call(eval, f"open({MARK!r}, 'w')"),
    "exec": Call(exec, f"open({MARK!r}, 'w')"),
    "open": Call(open, MARK, "w"),
    "getattr chain": attribute_chain(),
    "import": Call(builtins.__import__, "this"),
    "numpy function": Call(np.savetxt, MARK, [1.0]),
    "numpy load": Call(np.load, MARK, None, True),
    "numpy fromfile": Call(np.fromfile, MARK),
    "attrgetter": Call(operator.attrgetter, "system"),
    "path": Path("elsewhere"),
}


def npy(value: Any, frames: int = 1) -> io.BytesIO:
    """A .npy of objects whose pickle is that of `value`."""
    file = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": (frames,)}
    np.lib.format.write_array_header_1_0(file, header)
    file.write(value if isinstance(value, bytes) else pickle.dumps(value, protocol=4))
    file.seek(0)
    return file


def objects(*values: Any) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize(
    "wrap",
    [
        lambda attack: attack,
        lambda attack: objects(attack),
        lambda attack: objects({"num_persons": attack}),
        lambda attack: objects({"deep": [({"deeper": objects(attack)},)]}),
        lambda attack: [objects({}), attack],
    ],
    ids=["bare", "as a frame", "as a value", "nested", "beside"],
)
def test_what_a_pickle_wants_to_call_is_refused_and_never_called(
    attack: object, wrap: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"cannot be read safely .*is not allowed"):
        read_payloads(npy(wrap(attack)))
    assert list(tmp_path.iterdir()) == []


def test_the_attacks_work_on_an_ordinary_unpickler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("os.system", "eval", "exec", "open", "getattr chain", "numpy function"):
        np.load(npy(objects({"num_persons": ATTACKS[name]})), allow_pickle=True)
        (tmp_path / MARK).unlink()


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("kind", ["?", "i1", "<i4", ">i4", "u2", "f4", ">f4", "f8"])
def test_arrays_and_scalars_of_numbers_are_read(protocol: int, kind: str) -> None:
    numbers = np.arange(6).astype(kind).reshape(2, 3)
    frame = {"array": numbers, "turned": numbers.T, "scalar": numbers[1, 2], "none": numbers[:0]}
    pickled = pickle.dumps(objects(frame), protocol=protocol)
    (found,) = read_payloads(npy(pickled))
    for name, value in frame.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].shape == value.shape


def test_pickles_of_numpy_1_are_read() -> None:
    pickled = pickle.dumps(objects({"a": np.arange(3)}), protocol=3)
    old = pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert read_payloads(npy(old))[0]["a"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "frame",
    [
        [1, 2], "text", None, {"a": "text"}, {"a": None}, {"a": [1]}, {"a": {}}, {1: 2},
        {"a": objects(1)}, {"a": 10**400}, {"a": np.array(["text"])}, {"a": np.array([1j])},
    ],
    ids=str,
)  # fmt: skip
def test_anything_but_dicts_of_numbers_is_refused(frame: object) -> None:
    with pytest.raises(InputError):
        read_payloads(npy(objects(frame)))


def array_state(shape: object, kind: str = "f4", raw: object = bytes(8)) -> bytes:
    """A pickle of one frame whose array has a state of our choice."""

    class Lying:
        def __reduce__(self) -> tuple:
            make, arguments, state = np.zeros(2, np.float32).__reduce__()
            return make, arguments, (state[0], shape, np.dtype(kind), False, raw)

    return pickle.dumps(objects({"a": Lying()}), protocol=4)


@pytest.mark.parametrize(
    "state",
    [
        ((10**12,),), ((-2,),), ((3,),), ((1,),), (("2",),), (2,), ((1,) * 4 + (2,),), ((2.0,),),
        ((2,), "f4", [0, 0]), ((2,), "f4", "text"), ((10**9,), "O", []), ((2,), "U1"),
    ],
    ids=str,
)  # fmt: skip
def test_an_array_that_lies_about_itself_is_refused(state: tuple) -> None:
    with pytest.raises(InputError):
        read_payloads(npy(array_state(*state)))


@pytest.mark.parametrize(
    "pickled",
    [b"", b"\x80", b"garbage", b".", pickle.dumps(1), pickle.dumps([{}]), b"\x80\x04N."],
)
def test_a_damaged_pickle_is_refused(pickled: bytes) -> None:
    with pytest.raises(InputError):
        read_payloads(npy(pickled))


def test_a_pickle_cut_anywhere_is_refused() -> None:
    pickled = pickle.dumps(objects({"a": np.arange(3.0)}), protocol=4)
    for length in range(len(pickled)):
        with pytest.raises(InputError):
            read_payloads(npy(pickled[:length]))


def test_a_far_place_in_the_memo_reserves_no_memory() -> None:
    far = b"\x80\x04N" + b"r" + struct.pack("<I", 2**32 - 1) + b"."
    with pytest.raises(InputError, match="place 4294967295 in the memo"):
        read_payloads(npy(far))


def test_a_pickle_cannot_change_what_it_was_given() -> None:
    name = b"cnumpy._core.multiarray\nscalar\n"
    change = name + b"}" + b"X\x04\x00\x00\x00mark" + b"N" + b"s" + b"b."
    with pytest.raises(InputError):
        read_payloads(npy(change))
    assert read_payloads(npy(objects({"a": np.float32(1)})))[0]["a"] == 1


def test_a_header_that_tells_another_number_of_frames_is_refused() -> None:
    with pytest.raises(InputError, match="has 1 frames, its header says"):
        read_payloads(npy(objects({}), frames=2))


def test_a_file_without_objects_is_refused() -> None:
    file = io.BytesIO()
    np.save(file, np.arange(3))
    file.seek(0)
    with pytest.raises(InputError, match="expected a row of objects"):
        read_payloads(file)
