"""
Makes the rows of a graph independent of each other to the last bit.

ONNX Runtime computes some operators differently for the last few values of a vector, or divides them among threads, so
a shower could differ in its last bits with what is computed beside it, and a cell near a threshold would flip. These
operators are written with others that were measured to be the same in every batch.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper, shape_inference

from .errors import RecipeError

REFUSED = {
    "Elu": "SiLU or leaky ReLU",
    "Selu": "SiLU or leaky ReLU",
    "Celu": "SiLU or leaky ReLU",
    "Asin": "another function",
    "Acos": "another function",
    "Atan": "tanh",
    "DynamicQuantizeLinear": "static quantisation",
}


def make_rows_independent(model: onnx.ModelProto) -> onnx.ModelProto:
    """Rewrites Log, Softplus and sums along an axis; refuses what it cannot rewrite."""
    inferred = shape_inference.infer_shapes(model, data_prop=True)
    shapes = {
        value.name: [dim.dim_value if dim.HasField("dim_value") else None for dim in value.type.tensor_type.shape.dim]
        for value in [*inferred.graph.value_info, *inferred.graph.input, *inferred.graph.output]
        if value.type.tensor_type.HasField("shape")
    }
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
    rewriter = _Rewriter(model.graph, shapes, constants)
    nodes = [new for node in model.graph.node for new in rewriter.rewrite(node)]
    _replace(model.graph, nodes)
    return model


def _replace(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    """Puts the nodes in, without constants and weights that nothing reads any more."""
    read = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(node for node in nodes if node.op_type != "Constant" or node.output[0] in read)
    graph.initializer.extend(kept)


class _Rewriter:
    def __init__(self, graph: onnx.GraphProto, shapes: dict, constants: dict):
        self.graph, self.shapes, self.constants = graph, shapes, constants
        self.count = 0

    def rewrite(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        if node.op_type in REFUSED:
            raise RecipeError(
                f"{node.op_type} ({node.name}) gives a row other bits in another batch; use {REFUSED[node.op_type]}."
            )
        if node.op_type == "Log":
            return self._log(node)
        if node.op_type == "Softplus":
            return self._softplus(node)
        if node.op_type in ("ReduceSum", "ReduceMean"):
            return self._sum(node)
        return [node]

    def _name(self, what: str) -> str:
        self.count += 1
        return f"independent_{what}_{self.count}"

    def _constant(self, what: str, values: np.ndarray) -> str:
        name = self._name(what)
        self.graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def _log(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """ln x as the logarithm of a sum of one term, which takes no vector instructions."""
        wide = self._name("wide")
        axis = self._constant("axis", np.array([-1], np.int64))
        return [
            helper.make_node("Unsqueeze", [node.input[0], axis], [wide]),
            helper.make_node("ReduceLogSum", [wide], list(node.output), axes=[-1], keepdims=0),
        ]

    def _softplus(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """ln(1 + exp x) as the logarithm of the sum of exponentials over the pair (0, x)."""
        wide, zero, pair = self._name("wide"), self._name("zero"), self._name("pair")
        axis = self._constant("axis", np.array([-1], np.int64))
        nothing = self._constant("nothing", np.zeros((), np.float32))
        return [
            helper.make_node("Unsqueeze", [node.input[0], axis], [wide]),
            helper.make_node("Mul", [wide, nothing], [zero]),
            helper.make_node("Concat", [zero, wide], [pair], axis=-1),
            helper.make_node("ReduceLogSumExp", [pair], list(node.output), axes=[-1], keepdims=0),
        ]

    def _sum(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """A sum along the last axis, when its length is no multiple of four, and along any other one axis, as a product
        with ones."""
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        shape = self.shapes.get(node.input[0])
        axes = attributes.get("axes")
        if axes is None and len(node.input) > 1 and node.input[1] in self.constants:
            axes = numpy_helper.to_array(self.constants[node.input[1]]).tolist()
        if shape is None or axes is None:
            raise RecipeError(
                f"The axes or the shape that {node.name} sums over are not known; give the sum a fixed axis."
            )
        rank = len(shape)
        axes = sorted(axis % rank for axis in axes)
        length = int(np.prod([shape[axis] or 0 for axis in axes]))
        trailing = axes == list(range(rank - len(axes), rank))
        if length == 0 or 0 in axes:
            raise RecipeError(
                f"{node.name} sums over the batch or an axis of unknown length: rows would depend on each other."
            )
        if trailing and length % 4 == 0:
            return [node]
        if len(axes) != 1:
            raise RecipeError(f"{node.name} sums over the axes {axes} of {shape}; sum over one axis after the other.")
        weight = np.full((length, 1), 1 / length if node.op_type == "ReduceMean" else 1, np.float32)
        axis, result, source = axes[0], [], node.input[0]
        if axis != rank - 1:
            order = [other for other in range(rank) if other != axis] + [axis]
            source = self._name("last")
            result.append(helper.make_node("Transpose", [node.input[0]], [source], perm=order))
        product = self._name("product")
        result.append(helper.make_node("MatMul", [source, self._constant("ones", weight)], [product]))
        if attributes.get("keepdims", 1) == 0:
            last = self._constant("axis", np.array([rank - 1], np.int64))
            result.append(helper.make_node("Squeeze", [product, last], list(node.output)))
        elif axis == rank - 1:
            result[-1].output[0] = node.output[0]
        else:
            back = [*range(axis), rank - 1, *range(axis, rank - 1)]
            result.append(helper.make_node("Transpose", [product], list(node.output), perm=back))
        return result
