"""Writes autoencoder.onnx: a linear autoencoder that is a projection on three empirical orthogonal functions, as numpy's SVD
gives them for the field of autoencoder-field.ts. Inputs are kelvin less 280. The second output is the weighted mean squared
error. Run: .venv-training/bin/python test/thematic/climate/extremes/make-autoencoder.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

t, i, j = np.meshgrid(np.arange(60), np.arange(3), np.arange(4), indexing="ij")
cell = 4 * i + j + 1
field = 3 * np.sin(0.3 * t + i) + 2 * np.cos(0.17 * t * (j + 1)) + 0.5 * np.sin(1.7 * t + 3 * i - 2 * j)
field = (field + 0.2 * np.sin(0.37 * (t + 1) * cell)).reshape(60, 12)
weights = np.sqrt(np.cos(np.deg2rad(np.repeat([40.0, 50.0, 60.0], 4))))
mean = field.mean(axis=0)
_, _, vt = np.linalg.svd((field - mean) * weights, full_matrices=False)
patterns = vt[:3]


def constant(name, values, dtype="f4"):
    return numpy_helper.from_array(np.asarray(values, dtype), name)


def tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


graph = helper.make_graph(
    [
        helper.make_node("Reshape", ["field", "flat"], ["cells"]),
        helper.make_node("Sub", ["cells", "mean"], ["anomaly"]),
        helper.make_node("MatMul", ["anomaly", "encode"], ["latent"]),
        helper.make_node("MatMul", ["latent", "decode"], ["rebuilt"]),
        helper.make_node("Add", ["rebuilt", "mean"], ["output"]),
        helper.make_node("Reshape", ["output", "shape"], ["reconstruction"]),
        helper.make_node("Sub", ["rebuilt", "anomaly"], ["error"]),
        helper.make_node("Mul", ["error", "error"], ["square"]),
        helper.make_node("MatMul", ["square", "share"], ["loss"]),
    ],
    "autoencoder",
    [tensor("field", ["batch", 1, 3, 4])],
    [tensor("reconstruction", ["batch", 1, 3, 4]), tensor("loss", ["batch", 1])],
    [
        constant("flat", [-1, 12], "i8"),
        constant("shape", [-1, 1, 3, 4], "i8"),
        constant("mean", mean),
        constant("encode", (patterns * weights).T),
        constant("decode", patterns / weights),
        constant("share", (weights**2 / (weights**2).sum())[:, None]),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make-autoencoder")
model.ir_version = 8
onnx.checker.check_model(model)
onnx.save(model, Path(__file__).with_name("autoencoder.onnx"))
