"""ONNX networks, made operation by operation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from signverse.files import atomic_path

OPSET, IR_VERSION = helper.make_opsetid("", 17), 9  # onnxruntime reads both since 1.15


class Net:
    """A graph in the making: a call adds an operation and gives the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def __call__(self, kind: str, *inputs: Any, result: str = "", **attributes: Any) -> str:
        result = result or f"t{len(self.nodes)}"
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self.nodes.append(helper.make_node(kind, names, [result], **attributes))
        return result

    def constant(self, value: Any) -> str:
        """A number, an array or a list as an input; whole numbers are shapes and axes."""
        name, array = f"c{len(self.constants)}", np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def split(self, value: str, *sizes: int) -> list[str]:
        """Parts of these sizes along the channels."""
        names = [f"{value}_{part}" for part in range(len(sizes))]
        self.nodes.append(helper.make_node("Split", [value, self.constant(sizes)], names, axis=1))
        return names

    def between(self, value: str, low: float, high: float) -> str:
        """0 below `low`, 1 above `high`, and in between in proportion."""
        return self("Clip", self("Mul", self("Sub", value, float(low)), 1 / (high - low)), 0.0, 1.0)

    def write(self, path: Path, batch: int | None, *ends: Mapping[str, tuple[int, ...]]) -> None:
        """Write the file; `ends` are the inputs and the outputs, name → shape of one picture."""
        inputs, outputs = (
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch or "batch", *rest])
             for name, rest in end.items()] for end in ends
        )  # fmt: skip
        graph = helper.make_graph(self.nodes, "stand_in", inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[OPSET], ir_version=IR_VERSION)
        with atomic_path(path) as temporary:
            temporary.write_bytes(model.SerializeToString(deterministic=True))
