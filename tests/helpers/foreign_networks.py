"""Networks of other people, as ONNX files."""

from pathlib import Path
from typing import Any

from vidnst.options.compute import NetworkRange

# What a network makes of a value in its own range, as ONNX nodes with their constants.
WARMER: dict[NetworkRange, list[tuple[str, float | None]]] = {
    "0..1": [("Sub", 0.5), ("Mul", 4.0), ("Sigmoid", None)],
    "0..255": [("Mul", 0.8), ("Add", 30.0)],
    "-1..1": [("Mul", 1.5), ("Tanh", None)],
}


def write_network(path: Path, steps: list[tuple[str, float | None]], shape: list[Any]) -> Path:
    from onnx import TensorProto, helper, save

    nodes, constants, x = [], [], "in"
    for number, (kind, value) in enumerate(steps):
        inputs = [x]
        if value is not None:
            constants.append(helper.make_tensor(f"c{number}", TensorProto.FLOAT, [], [value]))
            inputs.append(f"c{number}")
        x = "out" if number == len(steps) - 1 else f"x{number}"
        nodes.append(helper.make_node(kind, inputs, [x]))
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("in", "out")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
