"""Real small ONNX files for what is loaded; a pretended session for what needs a GPU."""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from signverse.errors import InputError, MachineError
from signverse.estimators.networks import (
    CPU,
    Network,
    Signature,
    check_provider,
    load_network,
    wrap,
)

CUDA = "CUDAExecutionProvider"
HEIGHT, WIDTH = 4, 6
SMALL = Signature(size=(HEIGHT, WIDTH), outputs=((2, 5), (2, 7)))
PIXELS = 3 * HEIGHT * WIDTH
WEIGHTS = {
    last: np.random.default_rng(last).normal(size=(PIXELS, 2 * last)).astype(np.float32)
    for last in (5, 7)
}
Shape = Sequence[Any]


def write_network(
    path: Path,
    *,
    shape: Shape = ("n", 3, HEIGHT, WIDTH),
    lasts: Sequence[int] = (5, 7),
    element: int = TensorProto.FLOAT,
    rows: int = -1,
    counts: Any = None,
) -> Path:
    """A network with an output [n, 2, last] for each of `lasts`: products of all pixels.

    rows: of the products, -1 for as many as images. counts: what the outputs say n is.
    """
    nodes = [
        helper.make_node("Cast", ["pictures"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["pixels", "flat"], ["row"]),
    ]
    constants = [numpy_helper.from_array(np.array([-1, PIXELS]), "flat")]
    outputs = []
    for last in lasts:
        nodes += [
            helper.make_node("MatMul", ["row", f"weights{last}"], [f"product{last}"]),
            helper.make_node("Reshape", [f"product{last}", f"shape{last}"], [f"out{last}"]),
        ]
        constants += [
            numpy_helper.from_array(WEIGHTS.get(last, np.zeros((PIXELS, 2 * last), "f")),
                                    f"weights{last}"),
            numpy_helper.from_array(np.array([rows, 2, last]), f"shape{last}"),
        ]  # fmt: skip
        outputs.append(
            helper.make_tensor_value_info(
                f"out{last}", TensorProto.FLOAT, [counts or shape[0], 2, last]
            )
        )
    inputs = [helper.make_tensor_value_info("pictures", element, list(shape))]
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def expected(images: np.ndarray, last: int) -> np.ndarray:
    product: np.ndarray = images.reshape(len(images), PIXELS) @ WEIGHTS[last]
    return product.reshape(-1, 2, last)


def pictures(count: int) -> np.ndarray:
    shape = (count, 3, HEIGHT, WIDTH)
    return np.random.default_rng(count).normal(size=shape).astype(np.float32)


def load(path: Path, batch: int = 4, **options: Any) -> Network:
    return load_network(path, SMALL, batch=batch, threads=1, **options)


@pytest.fixture
def network_file(tmp_path: Path) -> Path:
    return write_network(tmp_path / "network.onnx")


# Real files


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 11])
def test_a_network_gives_its_outputs_for_any_number_of_images(
    network_file: Path, count: int
) -> None:
    images = pictures(count)
    found = load(network_file).run(images)
    for output, last in zip(found, (5, 7), strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, expected(images, last), rtol=1e-4, atol=1e-4)


def test_outputs_that_are_swapped_are_put_in_order(tmp_path: Path) -> None:
    path = write_network(tmp_path / "swapped.onnx", lasts=(7, 5))
    images = pictures(3)
    first, second = load(path).run(images)
    np.testing.assert_allclose(first, expected(images, 5), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(second, expected(images, 7), rtol=1e-4, atol=1e-4)


def test_outputs_that_nobody_wants_are_left_out(tmp_path: Path) -> None:
    path = write_network(tmp_path / "more.onnx", lasts=(3, 7, 4, 5))
    assert [output.shape for output in load(path).run(pictures(2))] == [(2, 2, 5), (2, 2, 7)]


def test_a_network_for_single_images_gets_them_one_by_one(tmp_path: Path) -> None:
    path = write_network(tmp_path / "single.onnx", shape=(1, 3, HEIGHT, WIDTH))
    network = load(path, batch=4)
    assert network.batch == 1
    images = pictures(5)
    for output, last in zip(network.run(images), (5, 7), strict=True):
        np.testing.assert_allclose(output, expected(images, last), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("counts", ["n", 1], ids=["says any number", "says one"])
def test_a_network_with_outputs_for_one_image_gets_them_one_by_one(
    tmp_path: Path, counts: Any
) -> None:
    network = load(write_network(tmp_path / "exported.onnx", rows=1, counts=counts), batch=4)
    assert network.batch == 1
    images = pictures(6)
    for output, last in zip(network.run(images), (5, 7), strict=True):
        np.testing.assert_allclose(output, expected(images, last), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [("n", 3, "h", "w"), ("n", "c", HEIGHT, WIDTH), (None,) * 4])
def test_dimensions_that_vary_may_be_the_right_ones(tmp_path: Path, shape: Shape) -> None:
    network = load(write_network(tmp_path / "varying.onnx", shape=shape))
    assert network.batch == 4
    assert network.run(pictures(3))[0].shape == (3, 2, 5)


def test_the_network_knows_its_file(network_file: Path) -> None:
    network = load(network_file)
    assert network.path == str(network_file)
    assert network.session.get_providers() == [CPU]


def refused(path: Path, *words: str) -> str:
    """The message of the InputError, which is one line, begins with the file and has the words."""
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        b"\n\n  <html><head></head></html>",
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
        b'{"error": "Repository not found"}',
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 217000000\n",
    ],
    ids=["html", "indented html", "xml", "json", "git lfs pointer"],
)
def test_a_web_page_or_pointer_is_refused_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    refused(path, "is a text or a web page, not an ONNX network; download it again")


@pytest.mark.parametrize("content", [b"", b"Not found", b"\x08\x09", b"\0" * 1000, b"\x89PNG\r\n"])
def test_what_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(content)
    refused(path, "cannot be loaded as an ONNX network")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(network_file: Path, share: float) -> None:
    whole = network_file.read_bytes()
    network_file.write_bytes(whole[: int(len(whole) * share)])
    refused(network_file, "cannot be loaded as an ONNX network")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere.onnx", "no network file (No such file or directory)")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "no network file (Is a directory)")


@pytest.mark.parametrize(
    "shape",
    [
        ("n", 3, HEIGHT, WIDTH + 1),
        ("n", 3, WIDTH, HEIGHT),
        ("n", HEIGHT, WIDTH, 3),
        ("n", 1, HEIGHT, 3 * WIDTH),
        ("n", 3, HEIGHT * WIDTH),
        (1, 3, HEIGHT + 1, "w"),
    ],
)
def test_a_wrong_input_size_is_refused_with_both(tmp_path: Path, shape: Shape) -> None:
    path = write_network(tmp_path / "network.onnx", shape=shape)
    refused(path, str(list(shape)), f"[n, 3, *size] = {[3, HEIGHT, WIDTH]}")


@pytest.mark.parametrize("lasts", [(5,), (7,), (5, 8), (4, 7)])
def test_a_wrong_last_dimension_is_refused_with_both(
    tmp_path: Path, lasts: tuple[int, ...]
) -> None:
    path = write_network(tmp_path / "network.onnx", lasts=lasts)
    missing = next(last for last in (5, 7) if last not in lasts)
    shapes = [["n", 2, last] for last in lasts]
    refused(path, f"outputs of shape {shapes}", f"expected one of {['n', 2, missing]}")


def test_fixed_batches_of_more_than_one_are_refused(tmp_path: Path) -> None:
    path = write_network(tmp_path / "four.onnx", shape=(4, 3, HEIGHT, WIDTH))
    refused(path, "takes batches of just 4, expected 1 or any number")


@pytest.mark.parametrize(
    ("element", "name"),
    [
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.DOUBLE, "double"),
        (TensorProto.UINT8, "uint8"),
    ],
)
def test_an_input_of_other_numbers_is_refused(tmp_path: Path, element: int, name: str) -> None:
    path = write_network(tmp_path / "network.onnx", element=element)
    refused(path, f"takes tensor({name}), expected tensor(float)")


def test_a_network_that_fails_is_the_machines_fault(network_file: Path) -> None:
    network = load(network_file)
    with pytest.raises(MachineError, match=f"^{re.escape(str(network_file))}: the network failed"):
        network.run(np.zeros((1, 3, HEIGHT, WIDTH + 1), np.float32))


def test_a_gpu_that_is_not_there_is_no_silent_fallback(network_file: Path) -> None:
    probe = onnxruntime.InferenceSession(network_file, providers=[CUDA, CPU])
    if CUDA in probe.get_providers():
        pytest.skip("this machine has a GPU")
    with pytest.raises(MachineError, match=f"{CUDA} was asked for, but the session runs on {CPU}"):
        load(network_file, providers=[(CUDA, {"device_id": 0}), CPU])


def test_the_provider_does_not_change_after_loading(network_file: Path) -> None:
    assert load(network_file).session._enable_fallback is False


def test_a_gpu_without_room_for_the_network_is_the_machines_fault(
    network_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("CUDA failure 2: out of memory ; GPU=0")

    monkeypatch.setattr(onnxruntime, "InferenceSession", no_room)
    with pytest.raises(MachineError, match=r"network.onnx: out of GPU memory when it was loaded$"):
        load(network_file, providers=[(CUDA, {"device_id": 0}), CPU])


# A pretended session: what a GPU may do


@dataclass
class Node:
    name: str
    shape: list[Any]
    type: str = "tensor(float)"


def runs(images: np.ndarray) -> list[np.ndarray]:
    """Outputs that tell the images apart."""
    marks = images[:, 0, 0, 0]
    return [np.full((len(images), 2, last), marks[:, None, None]) for last in (5, 7)]


@dataclass
class FakeSession:
    """Stands for a session on a GPU; `answer` is what it does with images."""

    answer: Callable[[np.ndarray], list[np.ndarray]] = runs
    shape: list[Any] = field(default_factory=lambda: ["n", 3, HEIGHT, WIDTH])
    outputs: list[list[Any]] = field(default_factory=lambda: [["n", 2, 5], ["n", 2, 7]])
    sizes: list[int] = field(default_factory=list)

    def get_inputs(self) -> list[Node]:
        return [Node("pictures", self.shape)]

    def get_outputs(self) -> list[Node]:
        return [Node(f"out{place}", shape) for place, shape in enumerate(self.outputs)]

    def get_providers(self) -> list[str]:
        return [CUDA, CPU]

    def run(self, names: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert names is None
        (images,) = feed.values()
        assert feed.keys() == {"pictures"}
        self.sizes.append(len(images))
        return self.answer(images)


class OutOfMemory:
    """Fails as CUDA does when more than `room` images come at once."""

    def __init__(self, room: int, message: str) -> None:
        self.room, self.message = room, message

    def __call__(self, images: np.ndarray) -> list[np.ndarray]:
        if len(images) > self.room:
            raise RuntimeError(self.message)
        return runs(images)


MESSAGES = [
    "CUDA failure 2: out of memory ; GPU=0 ; hostname=x",
    "Failed to allocate memory for requested buffer of size 1073741824",
    "bfc_arena.cc:376 onnxruntime::BFCArena::AllocateRawInternal Available memory is smaller",
]


def numbered(count: int) -> np.ndarray:
    images = np.zeros((count, 3, HEIGHT, WIDTH), np.float32)
    images[:, 0, 0, 0] = np.arange(count)
    return images


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (11, [4, 4, 3])]
)
def test_batches_are_joined_in_their_order(count: int, sizes: list[int]) -> None:
    session = FakeSession()
    found = wrap("net.onnx", session, SMALL, batch=4).run(numbered(count))
    assert session.sizes == sizes
    for output, last in zip(found, (5, 7), strict=True):
        assert output.shape == (count, 2, last)
        np.testing.assert_array_equal(output[:, 1, last - 1], np.arange(count))


@pytest.mark.parametrize("message", MESSAGES)
def test_out_of_memory_halves_the_batch_and_goes_on(
    message: str, caplog: pytest.LogCaptureFixture
) -> None:
    session = FakeSession(OutOfMemory(2, message))
    network = wrap("net.onnx", session, SMALL, batch=8)
    with caplog.at_level(logging.WARNING):
        found = network.run(numbered(9))
    assert session.sizes == [8, 4, 2, 2, 2, 2, 1]
    assert network.batch == 2
    np.testing.assert_array_equal(found[0][:, 0, 0], np.arange(9))
    assert [record.getMessage() for record in caplog.records] == [
        "net.onnx: out of GPU memory, going on with batches of 4",
        "net.onnx: out of GPU memory, going on with batches of 2",
    ]


def test_out_of_memory_in_the_middle_loses_and_doubles_nothing() -> None:
    calls = 0

    def answer(images: np.ndarray) -> list[np.ndarray]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError(MESSAGES[0])
        return runs(images)

    session = FakeSession(answer)
    found = wrap("net.onnx", session, SMALL, batch=4).run(numbered(10))
    assert session.sizes == [4, 4, 2, 2, 2]
    np.testing.assert_array_equal(found[1][:, 0, 0], np.arange(10))


def test_the_smaller_batch_stays_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    session = FakeSession(OutOfMemory(4, MESSAGES[0]))
    network = wrap("net.onnx", session, SMALL, batch=8)
    for _ in range(3):
        network.run(numbered(8))
    assert session.sizes == [8, 4, 4, 4, 4, 4, 4]
    assert len(caplog.records) == 1


def test_what_was_tried_is_halved_and_not_what_might_have_been(
    caplog: pytest.LogCaptureFixture,
) -> None:
    session = FakeSession(OutOfMemory(2, MESSAGES[0]))
    wrap("net.onnx", session, SMALL, batch=16).run(numbered(5))
    assert session.sizes == [5, 2, 2, 1]
    assert len(caplog.records) == 1


def test_an_odd_batch_is_halved_downwards() -> None:
    session = FakeSession(OutOfMemory(1, MESSAGES[0]))
    network = wrap("net.onnx", session, SMALL, batch=7)
    network.run(numbered(7))
    assert session.sizes == [7, 3, *[1] * 7]


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_out_of_memory_with_a_single_image_is_the_machines_fault(batch: int) -> None:
    session = FakeSession(OutOfMemory(0, MESSAGES[0]))
    network = wrap("net.onnx", session, SMALL, batch=batch)
    with pytest.raises(MachineError, match=r"^net.onnx: out of GPU memory with a single image$"):
        network.run(numbered(8))
    assert session.sizes[-1] == 1


def test_another_failure_is_the_machines_fault_when_a_single_image_fails_too() -> None:
    def answer(_images: np.ndarray) -> list[np.ndarray]:
        raise RuntimeError("CUDNN_STATUS_EXECUTION_FAILED")

    session = FakeSession(answer)
    expected_message = r"^net.onnx: the network failed \(CUDNN_STATUS_EXECUTION_FAILED\)$"
    with pytest.raises(MachineError, match=expected_message):
        wrap("net.onnx", session, SMALL, batch=4).run(numbered(4))
    assert session.sizes == [4, 1]


def test_a_network_that_fails_at_several_images_gets_them_one_by_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(images: np.ndarray) -> list[np.ndarray]:
        if len(images) > 1:
            raise RuntimeError("Non-zero status code returned while running Reshape node")
        return runs(images)

    session = FakeSession(answer)
    network = wrap("net.onnx", session, SMALL, batch=4)
    np.testing.assert_array_equal(network.run(numbered(6))[0][:, 0, 0], np.arange(6))
    assert session.sizes == [4, 1, 1, 1, 1, 1, 1]
    (message,) = caplog.messages
    assert message.startswith("net.onnx: the network fails at several images (Non-zero status")
    assert message.endswith("going on with batches of 1")


def test_a_network_that_answers_for_the_first_image_alone_gets_them_one_by_one() -> None:
    session = FakeSession(lambda images: runs(images[:1]))
    found = wrap("net.onnx", session, SMALL, batch=4).run(numbered(3))
    assert session.sizes == [3, 1, 1, 1]
    np.testing.assert_array_equal(found[0][:, 0, 0], np.arange(3))


def test_a_network_that_never_answers_for_its_image_is_the_machines_fault() -> None:
    session = FakeSession(lambda images: runs(images[:0]))
    with pytest.raises(MachineError, match=r"outputs for \[0, 0\] of 1 images"):
        wrap("net.onnx", session, SMALL, batch=4).run(numbered(2))


def test_an_interruption_is_no_failure_of_the_network() -> None:
    def answer(_images: np.ndarray) -> list[np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wrap("net.onnx", FakeSession(answer), SMALL, batch=4).run(numbered(4))


@pytest.mark.parametrize(("first", "batch"), [("n", 6), (None, 6), (1, 1)])
def test_the_batch_is_what_was_asked_for_or_what_the_file_fixes(first: Any, batch: int) -> None:
    session = FakeSession(shape=[first, 3, HEIGHT, WIDTH])
    assert wrap("net.onnx", session, SMALL, batch=6).batch == batch


@pytest.mark.parametrize(
    "outputs",
    [
        [["n", 2, 5], ["n", 2, None]],
        [["n", 2, 5], ["n", 7]],
        [["n", 2, 5], ["n", 3, 7]],
        [["n", 2, 5], []],
        [],
    ],
    ids=["unknown last", "too flat", "wrong middle", "no shape", "none"],
)
def test_outputs_are_known_by_all_their_dimensions(outputs: list[list[Any]]) -> None:
    with pytest.raises(InputError, match=r"^net.onnx: has outputs of shape .+ expected one of"):
        wrap("net.onnx", FakeSession(outputs=outputs), SMALL, batch=1)


def test_an_output_may_leave_all_but_its_last_dimension_open() -> None:
    session = FakeSession(outputs=[[None, None, 7], ["n", "k", 5]])
    assert wrap("net.onnx", session, SMALL, batch=1).order == (1, 0)


def test_a_network_with_two_inputs_is_refused() -> None:
    class TwoInputs(FakeSession):
        def get_inputs(self) -> list[Node]:
            return super().get_inputs() * 2

    with pytest.raises(InputError, match=r"^net.onnx: has inputs of shape"):
        wrap("net.onnx", TwoInputs(), SMALL, batch=1)


@pytest.mark.parametrize("shape", [[], ["n", 3, HEIGHT], [3, HEIGHT, WIDTH]])
def test_an_input_of_another_rank_is_refused(shape: list[Any]) -> None:
    with pytest.raises(InputError, match=r"^net.onnx: has inputs of shape"):
        wrap("net.onnx", FakeSession(shape=shape), SMALL, batch=1)


# Providers


TENSORRT = "TensorrtExecutionProvider"


@pytest.mark.parametrize(
    ("used", "wanted"),
    [
        ([CPU], [CPU]),
        ([CUDA, CPU], [(CUDA, {"device_id": 0}), CPU]),
        ([TENSORRT, CUDA, CPU], [(TENSORRT, {}), (CUDA, {}), CPU]),
    ],
)
def test_the_provider_that_was_asked_for_is_accepted(used: list[str], wanted: list[Any]) -> None:
    check_provider("net.onnx", used, wanted)


@pytest.mark.parametrize(
    ("used", "wanted"),
    [
        ([CPU], [(CUDA, {"device_id": 0}), CPU]),
        ([CPU], [CUDA, CPU]),
        ([CUDA, CPU], [(TENSORRT, {}), (CUDA, {}), CPU]),
        ([CPU, CUDA], [CUDA, CPU]),
        ([], [CPU]),
    ],
)
def test_a_fallback_is_refused_and_says_what_is_missing(used: list[str], wanted: list[Any]) -> None:
    with pytest.raises(MachineError) as caught:
        check_provider("net.onnx", used, wanted)
    message = str(caught.value)
    first = wanted[0] if isinstance(wanted[0], str) else wanted[0][0]
    assert message.startswith(f"net.onnx: {first} was asked for, but the session runs on ")
    assert (", ".join(used) or "nothing") in message
    assert "estimate_poses: provider: cpu" in message
    assert "\n" not in message
