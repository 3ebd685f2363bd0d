"""Writes the models of test/fixtures/onnx with the onnx package, and expected.json: what Python's onnxruntime computes
with them. Run with the interpreter of .venv-training (modules/fastsim/training/README.md).
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent.parent / "test" / "fixtures" / "onnx"
RNG = np.random.default_rng(20260)


def info(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def constant(name, values):
    return numpy_helper.from_array(np.asarray(values), name)


def save(name, nodes, inputs, outputs, constants=(), *, metadata=None, opset=17, domains=(), check=True):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid("", opset), *[helper.make_opsetid(domain, 1) for domain in domains]]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="make-onnx-fixtures", producer_version="1")
    # The oldest that opset 17 needs, so that older runtimes read it, too.
    model.ir_version = 8
    if metadata:
        helper.set_model_props(model, metadata)
    if check:
        onnx.checker.check_model(model)
    onnx.save(model, FOLDER / f"{name}.onnx")
    return model


def dense():
    """Two inputs that share an axis: y = (x W + b) * scale, total = sum of y."""
    weights = RNG.standard_normal((4, 3)).astype("f4")
    bias = RNG.standard_normal(3).astype("f4")
    generator = {
        "schema": "twinloom.generator/1",
        "name": "dense",
        "conditions": {"scale": {"unit": "MeV", "min": 1, "max": 100}},
        "inputs": {
            "x": [{"noise": "normal", "length": 4}],
            "scale": [{"condition": "scale"}],
        },
        "outputs": {"y": {"tensor": "y", "dims": ["cell"], "shape": [3], "unit": "MeV"}},
    }
    save(
        "dense",
        [
            helper.make_node("Gemm", ["x", "w", "b"], ["h"]),
            helper.make_node("Mul", ["h", "scale"], ["y"]),
            helper.make_node("ReduceSum", ["y", "axes"], ["total"], keepdims=0),
        ],
        [info("x", ["batch", 4]), info("scale", ["batch", 1])],
        [info("y", ["batch", 3]), info("total", ["batch"])],
        [constant("w", weights), constant("b", bias), constant("axes", np.array([1], "i8"))],
        metadata={"author": "Twinloom", "twinloom.generator": json.dumps(generator)},
    )


DTYPES = {
    "float16": (TensorProto.FLOAT16, np.float16),
    "float32": (TensorProto.FLOAT, np.float32),
    "float64": (TensorProto.DOUBLE, np.float64),
    "int8": (TensorProto.INT8, np.int8),
    "int16": (TensorProto.INT16, np.int16),
    "int32": (TensorProto.INT32, np.int32),
    "int64": (TensorProto.INT64, np.int64),
    "uint8": (TensorProto.UINT8, np.uint8),
    "uint16": (TensorProto.UINT16, np.uint16),
    "uint32": (TensorProto.UINT32, np.uint32),
    "uint64": (TensorProto.UINT64, np.uint64),
    "bool": (TensorProto.BOOL, np.bool_),
    "string": (TensorProto.STRING, np.object_),
}


def dtypes():
    """Each dtype in, and out again as [n, 1]."""
    axes = constant("axes", np.array([1], "i8"))
    save(
        "dtypes",
        [helper.make_node("Unsqueeze", [f"in_{name}", "axes"], [f"out_{name}"]) for name in DTYPES],
        [info(f"in_{name}", ["n"], dtype) for name, (dtype, _) in DTYPES.items()],
        [info(f"out_{name}", ["n", 1], dtype) for name, (dtype, _) in DTYPES.items()],
        [axes],
    )


def slow():
    """Multiplies a matrix by itself so many times, scaled: as slow as one likes."""
    body = helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "m"], ["product"]),
            helper.make_node("Tanh", ["product"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [info("i", [], TensorProto.INT64), info("go", [], TensorProto.BOOL), info("state", ["n", "n"])],
        [info("go_on", [], TensorProto.BOOL), info("next", ["n", "n"])],
    )
    save(
        "slow",
        [helper.make_node("Loop", ["steps", "", "m"], ["y"], body=body)],
        [info("m", ["n", "n"]), info("steps", [], TensorProto.INT64)],
        [info("y", ["n", "n"])],
    )


def faulty():
    """What a model must not be, or does wrong."""
    # States [batch, 3], gives what `to` says, and fails where that does not fit.
    save(
        "reshape",
        [helper.make_node("Reshape", ["x", "to"], ["y"])],
        [info("x", ["batch", 3]), info("to", [2], TensorProto.INT64)],
        [info("y", ["batch", 3])],
    )
    identity = [helper.make_node("Identity", ["x"], ["y"])]
    save("future", identity, [info("x", ["n"])], [info("y", ["n"])], opset=999, check=False)
    foreign = [helper.make_node("Sparkle", ["x"], ["y"], domain="com.example")]
    save("foreign-operator", foreign, [info("x", ["n"])], [info("y", ["n"])], domains=["com.example"])
    kinds = [info("x", ["n"], TensorProto.BFLOAT16)], [info("y", ["n"], TensorProto.BFLOAT16)]
    save("bfloat16", identity, *kinds)
    save("unranked", identity, [info("x", None)], [info("y", None)], check=False)
    sequence = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, ["n"])
    save("sequence", [helper.make_node("SequenceConstruct", ["x"], ["y"])], [info("x", ["n"])], [sequence])
    external()


def external():
    """Weights in a file beside, at the top and inside a branch."""

    def outside(name):
        tensor = constant(name, np.ones(4, "f4"))
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="external.bin")
        return tensor

    (FOLDER / "external.bin").write_bytes(np.ones(4, "f4").tobytes())
    add = [helper.make_node("Add", ["x", "w"], ["y"])]
    save("external", add, [info("x", [4])], [info("y", [4])], [outside("w")], check=False)
    branch = helper.make_graph([helper.make_node("Identity", ["v"], ["r"])], "branch", [], [info("r", [4])], [outside("v")])
    choose = [helper.make_node("If", ["go"], ["y"], then_branch=branch, else_branch=branch)]
    save("external-branch", choose, [info("go", [], TensorProto.BOOL)], [info("y", [4])], check=False)


def expected():
    """What Python's onnxruntime computes, as numbers that JSON holds exactly."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(FOLDER / "dense.onnx", options)
    x = RNG.standard_normal((5, 4)).astype("f4")
    scale = np.arange(1, 6, dtype="f4").reshape(5, 1)
    y, total = session.run(["y", "total"], {"x": x, "scale": scale})
    arrays = {"x": x, "scale": scale, "y": y, "total": total}
    values = {name: {"shape": list(a.shape), "values": [float(v) for v in a.flat]} for name, a in arrays.items()}
    (FOLDER / "expected.json").write_text(json.dumps({"dense": values}, indent=1) + "\n")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    dense()
    dtypes()
    slow()
    faulty()
    expected()
