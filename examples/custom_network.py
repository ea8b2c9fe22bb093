"""Paint a film with a network of your own: anything that takes a picture and gives one, as ONNX.

python examples/custom_network.py samples/clip.mp4 painted.mp4
"""

import sys
import tempfile
from pathlib import Path

import onnx
from onnx import TensorProto, helper

import vidnst


def write_posterizing_network(path: Path, levels: int = 4) -> None:
    """A network (1, 3, H, W) in [0, 1] that leaves so many levels of each color."""
    shape = [1, 3, "height", "width"]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("in", "out")]
    count = helper.make_tensor("count", TensorProto.FLOAT, [], [float(levels - 1)])
    steps = [
        helper.make_node("Mul", ["in", "count"], ["scaled"]),
        helper.make_node("Round", ["scaled"], ["rounded"]),
        helper.make_node("Div", ["rounded", "count"], ["out"]),
    ]
    graph = helper.make_graph(steps, "posterize", ends[:1], ends[1:], [count])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)


def main(source: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "posterize.onnx"
        write_posterizing_network(network)
        options = vidnst.RenderOptions(
            source=Path(source),
            style=network,  # It has its own style; this only names the result.
            output=Path(target),
            stylizer=vidnst.Foreign(network, value_range="0..1"),
        )
        report = vidnst.render(options)
    print(f"{report.frames} frames, {report.frames_per_second:.1f} a second")


if __name__ == "__main__":
    main(*sys.argv[1:])
