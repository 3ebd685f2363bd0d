"""Writes test/fixtures/fastsim/bit-identity.onnx: one output per operator that a generator graph may use.

    .venv-training/bin/python scripts/make-bit-identity-graph.py

Inputs `small` [batch, 13], `row` [batch, 192] and `wide` [batch, 6480]. An output is named `<operator>__<case>` and has
`batch` as its first axis; test/modules/fastsim/bit-identity.test.ts asks whether a row of it depends on what is computed
beside it. Weights are folded from integer arithmetic when the graph is loaded (exact on every machine), so that the file
is small although the products are as large as those of a real generator.
"""
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).parent.parent / "test/fixtures/fastsim/bit-identity.onnx"
nodes, initializers, outputs = [], [], []
count = 0


def name(prefix="t"):
    global count
    count += 1
    return f"{prefix}_{count}"


def constant(value, dtype=np.float32):
    """A constant tensor."""
    label = name("c")
    initializers.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), label))
    return label


def op(kind, *inputs, results=1, **attributes):
    """Adds a node; its result, or all of them."""
    made = [name(kind.lower()) for _ in range(results)]
    nodes.append(helper.make_node(kind, list(inputs), made, **attributes))
    return made[0] if results == 1 else made


def weight(*shape):
    """Weights in (-1, 1) over the square root of the fan-in, by integer arithmetic: (i² + seed) mod a prime."""
    size = int(np.prod(shape))
    start = 7 * count  # other weights for every product
    index = op("Range", constant(start, np.int64), constant(start + size, np.int64), constant(1, np.int64))
    residue = op("Mod", op("Mul", index, index), constant(10007, np.int64))
    real = op("Cast", residue, to=TensorProto.FLOAT)
    fan_in = shape[0] if len(shape) <= 2 else int(np.prod(shape[1:]))
    scaled = op("Div", op("Sub", real, constant(5003)), constant(np.float32(5003 * np.sqrt(fan_in))))
    return op("Reshape", scaled, constant(shape, np.int64))


def emit(label, value, cast=False):
    """Makes a tensor an output of the graph, as float32."""
    nodes.append(helper.make_node("Cast" if cast else "Identity", [value], [label], **({"to": TensorProto.FLOAT} if cast else {})))
    outputs.append(helper.make_tensor_value_info(label, TensorProto.FLOAT, None))


def cases(kind, make, sources):
    """One output per source tensor."""
    for label, tensor in sources.items():
        emit(f"{kind}__{label}", make(tensor))


def reshape(tensor, *shape):
    return op("Reshape", tensor, constant([0, *shape], np.int64))


small, row, wide = "small", "row", "wide"
vectors = {"13": small, "192": row, "6480": wide}
tokens = reshape(op("Slice", wide, constant([0], np.int64), constant([45 * 128], np.int64), constant([1], np.int64)), 45, 128)
layers = reshape(wide, 45, 144)
volume = reshape(wide, 1, 45, 16, 9)

# Products.
for rows, columns, source in [(13, 17, small), (192, 96, row), (192, 1024, row), (192, 6480, row), (6480, 64, wide), (6480, 1, wide)]:
    bias = reshape(weight(1, columns), columns)
    emit(f"Gemm__{rows}x{columns}", op("Gemm", source, weight(rows, columns), bias))
    emit(f"Gemm_transB__{rows}x{columns}", op("Gemm", source, weight(columns, rows), bias, transB=1))
    emit(f"MatMul_2d__{rows}x{columns}", op("MatMul", source, weight(rows, columns)))
hidden = op("Relu", op("Gemm", row, weight(192, 1024)))
emit("Gemm_relu_fused__1024x512", op("Relu", op("Gemm", hidden, weight(1024, 512))))
emit("Gemm__1024x6480", op("Gemm", hidden, weight(1024, 6480)))
for columns in [64, 128, 384, 512]:
    emit(f"MatMul_3d__45x128x{columns}", op("MatMul", tokens, weight(128, columns)))
emit("MatMul_3d__45x144x128", op("MatMul", layers, weight(144, 128)))
emit("MatMul_3d__1x192x512", op("MatMul", reshape(row, 1, 192), weight(192, 512)))
emit("MatMul_3d__one_token_64x96", op("MatMul", reshape(row, 3, 64), weight(64, 96)))
heads = op("Transpose", reshape(tokens, 45, 4, 32), perm=[0, 2, 1, 3])
keys = op("Transpose", reshape(tokens, 45, 4, 32), perm=[0, 2, 3, 1])
scores = op("MatMul", heads, keys)
emit("MatMul_batched__45x32x45", scores)
attention = op("Softmax", op("Mul", scores, constant(np.float32(1 / np.sqrt(32)))), axis=-1)
emit("Softmax_scaled__45", attention)
emit("MatMul_batched__45x45x32", op("MatMul", attention, heads))
emit("MatMul_batched__45x144x45", op("MatMul", layers, op("Transpose", layers, perm=[0, 2, 1])))
emit("MatMul_batched__144x45x144", op("MatMul", op("Transpose", layers, perm=[0, 2, 1]), layers))
emit("MatMul_batched__vector", op("MatMul", reshape(row, 1, 192), reshape(row, 192, 1)))
long_sum = op("MatMul", reshape(wide, 12, 540), reshape(op("Concat", wide, wide, axis=1), 540, 24))
emit("MatMul_batched__12x540x24", long_sum)
emit("Einsum__attention", op("Einsum", heads, heads, equation="bhid,bhjd->bhij"))

# Normalisations.
for axis, source, length in [("13", small, 13), ("192", row, 192), ("tokens_128", tokens, 128), ("layers_144", layers, 144)]:
    emit(f"LayerNormalization__{axis}", op("LayerNormalization", source, constant(np.ones(length)), constant(np.zeros(length)), axis=-1))
    emit(f"Softmax__{axis}", op("Softmax", source, axis=-1))
    emit(f"LogSoftmax__{axis}", op("LogSoftmax", source, axis=-1))
emit("Softmax__axis_1_of_3", op("Softmax", layers, axis=1))
emit("BatchNormalization__45", op("BatchNormalization", layers, *[constant(np.full(45, v)) for v in (1.1, 0.1, 0.2, 0.9)]))
emit("InstanceNormalization__45", op("InstanceNormalization", layers, constant(np.ones(45)), constant(np.zeros(45))))

# One value in, one value out.
positive = {k: op("Add", op("Abs", v), constant(0.01)) for k, v in vectors.items()}
unit = {k: op("Mul", v, constant(0.2)) for k, v in vectors.items()}
for kind in ["Erf", "Tanh", "Sigmoid", "Exp", "Sin", "Cos", "Atan", "Sinh", "Cosh", "Abs", "Neg", "Relu", "LeakyRelu", "Elu",
             "Selu", "Celu", "Softplus", "Softsign", "HardSigmoid", "HardSwish", "Floor", "Ceil", "Round", "Sign", "ThresholdedRelu"]:
    cases(kind, lambda x, kind=kind: op(kind, x), vectors)
for kind in ["Log", "Sqrt", "Reciprocal"]:
    cases(kind, lambda x, kind=kind: op(kind, x), positive)
for kind in ["Asin", "Acos", "Atanh", "Tan"]:
    cases(kind, lambda x, kind=kind: op(kind, x), unit)
cases("Gelu_erf", lambda x: op("Mul", op("Mul", x, constant(0.5)), op("Add", op("Erf", op("Div", x, constant(np.float32(np.sqrt(2))))), constant(1.0))), vectors)
cases("Gelu_tanh", lambda x: op("Mul", op("Mul", x, constant(0.5)), op("Add", constant(1.0), op("Tanh", op("Mul", op("Add", x, op("Mul", op("Mul", op("Mul", x, x), x), constant(0.044715))), constant(np.float32(np.sqrt(2 / np.pi))))))), vectors)
cases("Silu", lambda x: op("Mul", x, op("Sigmoid", x)), vectors)
cases("Sigmoid_scaled", lambda x: op("Mul", x, op("Sigmoid", op("Mul", x, constant(1.702)))), vectors)
cases("Log_of_Exp_plus_one", lambda x: op("Log", op("Add", op("Exp", x), constant(1.0))), vectors)
for exponent in [0.5, 2.0, 3.0, 1.7, 1 / 0.85, -1.0]:
    cases(f"Pow_{exponent:.3g}", lambda x, exponent=exponent: op("Pow", x, constant(exponent)), positive)
cases("Pow_tensor", lambda x: op("Pow", op("Add", op("Abs", x), constant(0.01)), x), vectors)
cases("Pow_base", lambda x: op("Pow", constant(10.0), x), vectors)
cases("Div", lambda x: op("Div", x, op("Add", op("Abs", x), constant(0.3))), vectors)
cases("Div_constant", lambda x: op("Div", x, constant(0.033)), vectors)
cases("Multiply_add", lambda x: op("Sub", op("Add", op("Mul", x, constant(1.7)), constant(0.3)), op("Mul", x, x)), vectors)
cases("Max", lambda x: op("Max", x, constant(0.1)), vectors)
cases("Min", lambda x: op("Min", x, constant(0.1)), vectors)
cases("Clip", lambda x: op("Clip", x, constant(-0.5), constant(0.7)), vectors)
cases("Where_Less", lambda x: op("Where", op("Less", x, constant(0.0)), constant(0.0), x), vectors)
cases("Cast_int64", lambda x: op("Cast", op("Cast", op("Mul", x, constant(1000.0)), to=TensorProto.INT64), to=TensorProto.FLOAT), vectors)
cases("Cast_bool", lambda x: op("Cast", op("Greater", x, constant(0.0)), to=TensorProto.FLOAT), vectors)
cases("Mod", lambda x: op("Mod", x, constant(0.3), fmod=1), vectors)

# Sums along axes.
by_axis = {"13": (small, [1]), "192": (row, [1]), "6480": (wide, [1]), "layers_144": (layers, [2]), "layers_45_of_144": (layers, [1]), "layers_both": (layers, [1, 2]), "cube_first_last": (reshape(wide, 45, 16, 9), [1, 3])}
for label, (source, axes) in by_axis.items():
    emit(f"ReduceSum__{label}", op("ReduceSum", source, constant(axes, np.int64), keepdims=1))
    for kind in ["ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceProd", "ReduceL1"]:
        emit(f"{kind}__{label}", op(kind, source, axes=axes, keepdims=1))
pieces = {"9_of_9": reshape(wide, 720, 9), "12_of_12": reshape(wide, 540, 12), "36_of_36": reshape(wide, 180, 36), "45_of_45": reshape(wide, 144, 45)}
for label, source in pieces.items():
    for kind in ["ReduceL1", "ReduceL2"]:
        emit(f"{kind}__{label}", op(kind, source, axes=[2], keepdims=0))
    emit(f"ReduceSum__{label}", op("ReduceSum", source, constant([2], np.int64), keepdims=0))
    emit(f"ReduceMean__{label}", op("ReduceMean", source, axes=[2], keepdims=0))
    emit(f"Sum_by_MatMul__{label}", op("MatMul", source, constant(np.ones((int(label.split("_")[0]), 1)))))
energies = op("ReduceSum", op("Exp", layers), constant([2], np.int64), keepdims=0)
emit("ReduceSum__vector_of_45", op("ReduceSum", energies, constant([1], np.int64), keepdims=1))
emit("ReduceMean__vector_of_45", op("ReduceMean", energies, axes=[1], keepdims=1))
emit("Softmax__vector_of_45", op("Softmax", energies, axis=-1))
emit("CumSum__vector_of_45", op("CumSum", energies, constant(1, np.int64)))
emit("Sum_by_MatMul__vector_of_45", op("MatMul", energies, constant(np.ones((45, 1)))))
emit("Sum_by_MatMul__over_layers", op("MatMul", constant(np.ones((1, 45))), layers))
emit("Sum_by_MatMul_transposed__over_layers", op("MatMul", op("Transpose", layers, perm=[0, 2, 1]), constant(np.ones((45, 1)))))
emit("ReduceSum_transposed__over_layers", op("ReduceSum", op("Transpose", layers, perm=[0, 2, 1]), constant([2], np.int64)))
for label, source in positive.items():
    column = op("Unsqueeze", source, constant([2], np.int64))
    emit(f"Log_by_ReduceLogSum__{label}", op("ReduceLogSum", column, axes=[2], keepdims=0))
for label, source in vectors.items():
    column = op("Unsqueeze", source, constant([2], np.int64))
    pair = op("Concat", op("Mul", column, constant(0.0)), column, axis=2)
    emit(f"Softplus_by_ReduceLogSumExp__{label}", op("ReduceLogSumExp", pair, axes=[2], keepdims=0))
for label, (source, axes) in list(by_axis.items())[:5]:
    emit(f"CumSum__{label}", op("CumSum", source, constant(axes[0], np.int64)))

# Choice and layout.
for label, (source, k) in {"13": (small, 5), "192": (row, 40), "layers_144": (layers, 144), "layers_144_k10": (layers, 10)}.items():
    values, indices = op("TopK", source, constant([k], np.int64), results=2, axis=-1)
    emit(f"TopK_values__{label}", values)
    emit(f"TopK_indices__{label}", indices, cast=True)
    emit(f"GatherElements__{label}", op("GatherElements", source, indices, axis=-1))
    emit(f"ScatterElements__{label}", op("ScatterElements", source, indices, values, axis=len(by_axis[label.split("_k")[0]][1]) + (1 if "layers" in label else 0)))
    emit(f"ArgMax__{label}", op("ArgMax", source, axis=-1), cast=True)
tied = op("Floor", layers)
values, indices = op("TopK", tied, constant([144], np.int64), results=2, axis=-1)
emit("TopK_of_ties_indices__layers_144", indices, cast=True)
emit("Gather__layers", op("Gather", layers, constant([3, 1, 44], np.int64), axis=1))
emit("Concat__rows", op("Concat", small, row, wide, axis=1))
left, right = op("Split", row, constant([100, 92], np.int64), results=2, axis=1)
emit("Split__left", left)
emit("Split__right", right)
emit("Transpose__layers", op("Transpose", layers, perm=[0, 2, 1]))
emit("Expand__row", op("Expand", reshape(row, 1, 192), constant([1, 3, 1], np.int64)))
emit("Tile__small", op("Tile", small, constant([1, 3], np.int64)))
emit("OneHot__argmax", op("OneHot", op("ArgMax", small, axis=-1, keepdims=0), constant([13], np.int64), constant([0.0, 1.0])))
emit("Pad__row", op("Pad", row, constant([0, 2, 0, 3], np.int64), constant(0.5)))
emit("Trilu__layers", op("Trilu", op("MatMul", layers, op("Transpose", layers, perm=[0, 2, 1])), upper=0))

# Convolutions.
emit("Conv_1d__45to32", op("Conv", layers, weight(32, 45, 3), pads=[1, 1]))
emit("Conv_1d__144to64", op("Conv", op("Transpose", layers, perm=[0, 2, 1]), weight(64, 144, 3), pads=[1, 1]))
emit("Conv_1d_pointwise__45to32", op("Conv", layers, weight(32, 45, 1)))
emit("Conv_2d__1to8", op("Conv", reshape(row, 1, 16, 12), weight(8, 1, 3, 3), pads=[1, 1, 1, 1]))
first = op("Relu", op("Conv", volume, weight(8, 1, 3, 3, 3), pads=[1] * 6))
emit("Conv_3d__1to8", first)
emit("Conv_3d__8to6", op("Conv", first, weight(6, 8, 5, 3, 3), pads=[2, 1, 1, 2, 1, 1]))
emit("Conv_3d__6to1", op("Conv", op("Relu", op("Conv", first, weight(6, 8, 3, 3, 3), pads=[1] * 6)), weight(1, 6, 2, 2, 2)))
emit("ConvTranspose_2d__1to4", op("ConvTranspose", reshape(row, 1, 16, 12), weight(1, 4, 3, 3), strides=[2, 2]))
emit("Resize_trilinear__volume", op("Resize", volume, "", constant([1.0, 1.0, 2.0, 2.0, 2.0]), mode="linear"))
emit("Resize_nearest__volume", op("Resize", volume, "", constant([1.0, 1.0, 2.0, 2.0, 2.0]), mode="nearest"))
emit("AveragePool_3d__volume", op("AveragePool", volume, kernel_shape=[3, 2, 3]))
emit("MaxPool_3d__volume", op("MaxPool", volume, kernel_shape=[3, 2, 3]))
gru, _ = op("GRU", op("Transpose", layers, perm=[1, 0, 2]), weight(1, 48, 144), weight(1, 48, 16), results=2, hidden_size=16)
emit("GRU__hidden_16", op("Transpose", gru, perm=[2, 0, 1, 3]))

inputs = [helper.make_tensor_value_info(label, TensorProto.FLOAT, ["batch", length]) for label, length in [("small", 13), ("row", 192), ("wide", 6480)]]
graph = helper.make_graph(nodes, "bit-identity", inputs, outputs, initializers)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="twinloom")
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_bytes(model.SerializeToString())
print(f"{OUT}: {OUT.stat().st_size} bytes, {len(outputs)} outputs")
