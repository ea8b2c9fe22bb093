"""A baked network as an ONNX graph, for any runtime that reads ONNX."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from vidnst.nets.bake import BakedNetwork
from vidnst.nets.channels_last import NORM_EPSILON
from vidnst.nets.network import STRIDE, StyledLayers, paint
from vidnst.nets.shape import NetworkShape, layers_of

if TYPE_CHECKING:
    import onnx

_OPSET = 17
_IR_VERSION = 8
"""Of 2021: all runtimes still in use read them."""


class Part(NamedTuple):
    """A layer: kernel (O, I, S, S), scale and shift (O,), and whether a norm precedes these."""

    kernel: Tensor
    scale: Tensor | None
    shift: Tensor
    stride: int
    normed: bool = False


def baked_parts(network: BakedNetwork) -> dict[str, Part]:
    """The layers of a baked network."""
    parts = {}
    for name, convolution in network.convolutions.items():
        assert isinstance(convolution, nn.Conv2d)
        assert convolution.bias is not None
        parts[name] = Part(convolution.weight, None, convolution.bias, convolution.stride[0])
    return parts


def styled_parts(shape: NetworkShape, styled: StyledLayers) -> dict[str, Part]:
    """The layers of a network for one style that normalizes each frame by its own statistics."""
    parts = {}
    for name, layer in layers_of(shape).items():
        kernel, scale, shift = styled[name]
        if layer.normed:
            parts[name] = Part(kernel, scale, shift, layer.stride, normed=True)
        else:
            parts[name] = Part(kernel * scale[:, None, None, None], None, shift, layer.stride)
    return parts


def portable_graph(shape: NetworkShape, parts: Mapping[str, Part]) -> "onnx.ModelProto":
    """From `frame`, float32 (B, 3, H, W) in [0, 1] of any size, to `painted`, the same."""
    from onnx import TensorProto

    graph = _Graph(parts)
    painted = paint(graph.padded("frame"), shape, graph.layer, graph)
    graph.cropped(painted, "frame", "painted")
    return graph.model(TensorProto.FLOAT, ["batch", 3, "height", "width"])


def pixel_graph(network: BakedNetwork) -> "onnx.ModelProto":
    """From `frame`, uint8 (B, H, W, 3), to `painted`, the same; sides are multiples of STRIDE."""
    from onnx import TensorProto

    graph = _Graph(baked_parts(network))
    painted = paint(graph.from_pixels("frame"), network.shape, graph.layer, graph)
    graph.to_pixels(painted, "painted")
    return graph.model(TensorProto.UINT8, ["batch", "height", "width", 3])


class _Graph:
    """Builds a graph node by node; features are represented by the names of nodes."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._parts = parts
        self._named: set[str] = set()

    def model(self, kind: int, axes: list[str | int | None]) -> "onnx.ModelProto":
        """The model of all nodes so far; `frame` and `painted` have this data type and axes."""
        import onnx
        from onnx import helper

        frame, painted = (
            helper.make_tensor_value_info(name, kind, axes) for name in ("frame", "painted")
        )
        model = helper.make_model(
            helper.make_graph(self.nodes, "vidnst", [frame], [painted], self.constants),
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="vidnst",
        )
        onnx.checker.check_model(model)
        return model

    def layer(self, name: str, x: str, *, plus: str | None = None, rectify: bool = False) -> str:
        part = self._parts[name]
        size = part.kernel.shape[-1]
        if size == 3:
            x = self._node("Pad", x, self._constant("around", [0, 0, 1, 1] * 2), mode="reflect")
        inputs = [x, self._constant(f"{name}.kernel", part.kernel)]
        shift = self._constant(f"{name}.shift", part.shift)
        inputs += [] if part.normed else [shift]
        y = self._node("Conv", *inputs, kernel_shape=[size] * 2, strides=[part.stride] * 2)
        if part.normed:
            scale = self._constant(f"{name}.scale", part.scale)
            y = self._node("InstanceNormalization", y, scale, shift, epsilon=NORM_EPSILON)
        y = y if plus is None else self.plus(y, plus)
        return self._node("Relu", y) if rectify else y

    def plus(self, x: str, y: str) -> str:
        return self._node("Add", x, y)

    def doubled(self, x: str) -> str:
        scales = self._constant("twice", np.array([1, 1, 2, 2], np.float32))
        return self._node(
            "Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel"
        )

    def unshuffled(self, x: str) -> str:
        return self._node("SpaceToDepth", x, blocksize=2)

    def shuffled(self, x: str) -> str:
        return self._node("DepthToSpace", self._node("Sigmoid", x), blocksize=2, mode="DCR")

    def from_pixels(self, x: str) -> str:
        from onnx import TensorProto

        x = self._node("Cast", self._node("Transpose", x, perm=[0, 3, 1, 2]), to=TensorProto.FLOAT)
        return self._node("Mul", x, self._constant("unit", np.float32(1 / 255)))

    def to_pixels(self, x: str, name: str) -> None:
        from onnx import TensorProto

        x = self._node("Round", self._node("Mul", x, self._constant("most", np.float32(255))))
        x = self._node("Cast", self._node("Transpose", x, perm=[0, 2, 3, 1]), to=TensorProto.UINT8)
        self._renamed(x, name)

    def padded(self, x: str) -> str:
        """x padded to multiples of STRIDE by repeating its last row and column."""
        sides = self._sides(x)
        missing = self._node("Mod", self._node("Neg", sides), self._constant("stride", [STRIDE]))
        pads = self._node("Concat", self._constant("before", [0] * 6), missing, axis=0)
        return self._node("Pad", x, pads, mode="edge")

    def cropped(self, x: str, like: str, name: str) -> None:
        """Crop x to the size of `like` and give it this name."""
        start, axes = self._constant("start", [0, 0]), self._constant("axes", [2, 3])
        self._renamed(self._node("Slice", x, start, self._sides(like), axes), name)

    def _renamed(self, x: str, name: str) -> None:
        assert self.nodes[-1].output[0] == x
        self.nodes[-1].output[0] = name

    def _sides(self, x: str) -> str:
        return self._node("Shape", x, start=2)

    def _constant(self, name: str, values: Any) -> str:
        from onnx import numpy_helper

        if name not in self._named:
            self._named.add(name)
            if isinstance(values, Tensor):
                values = values.detach().float().cpu().contiguous().numpy()
            self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def _node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name
