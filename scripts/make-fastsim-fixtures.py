"""Writes test/fixtures/fastsim/*.onnx: generator graphs with made-up weights.

    .venv-training/bin/python scripts/make-fastsim-fixtures.py

toy.onnx       describes itself in its metadata; 3 x 4 x 2 voxels
3dgan.onnx     the layout of the 3DGAN: a latent of 256 (energy, angle, noise) to 51 x 51 x 25 voxels; no metadata
calodit.onnx   the inputs of a diffusion transformer distilled to one step: a tensor of noise, energy, angles, geometry
w-si-45.onnx   describes itself; the voxels of the shipped geometry, and a range within that of GFLASH
broken.onnx    as toy.onnx, and gives NaN for one event in about ten, -1 for another
"""
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).parent.parent / "test/fixtures/fastsim"


class Graph:
    """Nodes and constants of a graph in the making."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def name(self, prefix):
        self.count += 1
        return f"{prefix}_{self.count}"

    def constant(self, value, dtype=np.float32):
        label = self.name("constant")
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), label))
        return label

    def op(self, kind, *inputs, to=None, **attributes):
        made = to or self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [made], **attributes))
        return made


def weight(graph, *shape, fan_in):
    """Weights made of integers when the file is loaded, so that the file is small: i² mod a prime, centred and scaled."""
    start, size = 7 * graph.count, int(np.prod(shape))
    index = graph.op("Range", *[graph.constant(value, np.int64) for value in (start, start + size, 1)])
    residue = graph.op("Mod", graph.op("Mul", index, index), graph.constant(10007, np.int64))
    made = graph.name("cast")
    graph.nodes.append(helper.make_node("Cast", [residue], [made], to=TensorProto.FLOAT))
    scaled = graph.op("Div", graph.op("Sub", made, graph.constant(5003)), graph.constant(5003 * np.sqrt(fan_in)))
    return graph.op("Reshape", scaled, graph.constant(shape, np.int64))


def write(file, graph, inputs, outputs, metadata=None):
    def tensors(specs):
        return [helper.make_tensor_value_info(label, TensorProto.FLOAT, ["batch", *shape]) for label, shape in specs.items()]

    built = helper.make_graph(graph.nodes, file, tensors(inputs), tensors(outputs), graph.constants)
    model = helper.make_model(built, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="twinloom")
    if metadata is not None:
        helper.set_model_props(model, {"twinloom.generator": json.dumps(metadata)})
    path = OUT / f"{file}.onnx"
    path.write_bytes(model.SerializeToString())
    print(f"{path}: {path.stat().st_size} bytes")


TOY = {
    "schema": "twinloom.generator/1",
    "name": "toy",
    "conditions": {
        "incident_energy": {"unit": "MeV", "min": 1000, "max": 100000},
        "absorber_thickness": {"unit": "mm", "min": 1.2, "max": 1.6, "nominal": 1.4},
    },
    "inputs": {
        "incident_energy": [{"condition": "incident_energy"}],
        "absorber_thickness": [{"condition": "absorber_thickness"}],
        "normal": [{"noise": "normal", "length": 16}],
        "uniform": [{"noise": "uniform", "length": 24}],
    },
    "outputs": {"showers": {"tensor": "showers", "dims": ["layer", "alpha", "r"], "shape": [3, 4, 2], "unit": "MeV"}},
    "facts": {"geometry": {"name": "toy-3", "layers": 3, "alpha_bins": 4}, "cut_mev": 0.05, "particle": "electron"},
}


def toy(file, metadata, spoil):
    """E · softmax(network of noise) · gate · thickness, cut."""
    g = Graph()
    hidden = g.op("Tanh", g.op("Gemm", "normal", weight(g, 16, 32, fan_in=16)))
    scores = g.op("Gemm", hidden, weight(g, 32, 24, fan_in=8))
    shares = g.op("Softmax", scores, axis=-1)
    gate = g.op("Sigmoid", g.op("Mul", g.op("Sub", "uniform", g.constant(0.3)), g.constant(20)))
    energy = g.op("Mul", g.op("Mul", shares, gate), g.op("Div", "incident_energy", "absorber_thickness"))
    kept = g.op("Where", g.op("Less", energy, g.constant(0.05)), g.constant(0.0), energy)
    if spoil:
        first = g.op("Slice", "uniform", g.constant([0], np.int64), g.constant([1], np.int64), g.constant([1], np.int64))
        kept = g.op("Where", g.op("Less", first, g.constant(0.1)), g.constant(np.nan), kept)
        kept = g.op("Where", g.op("Less", g.constant(0.9), first), g.constant(-1.0), kept)
    g.op("Reshape", kept, g.constant([-1, 3, 4, 2], np.int64), to="showers")
    inputs = {"incident_energy": [1], "absorber_thickness": [1], "normal": [16], "uniform": [24]}
    write(file, g, inputs, {"showers": [3, 4, 2]}, metadata)


def w_si_45():
    """E · softmax(scores of noise), cut; electrons of 2 to 50 GeV."""
    g = Graph()
    scores = g.op("Gemm", "normal", weight(g, 32, 6480, fan_in=1))
    shares = g.op("Softmax", g.op("Mul", g.op("Div", scores, "absorber_thickness"), g.constant(3.0)), axis=-1)
    energy = g.op("Mul", shares, "incident_energy")
    kept = g.op("Where", g.op("Less", energy, g.constant(0.5e-3 / 0.033)), g.constant(0.0), energy)
    g.op("Reshape", kept, g.constant([-1, 45, 16, 9], np.int64), to="showers")
    geometry = {"name": "w-si-45", "layers": 45, "alpha_bins": 16, "layer_depth_mm": 3.4}
    metadata = {
        "schema": "twinloom.generator/1",
        "name": "made-up",
        "conditions": {
            "incident_energy": {"unit": "GeV", "min": 2, "max": 50},
            "absorber_thickness": {"unit": "cm", "min": 0.12, "max": 0.16, "nominal": 0.14},
        },
        "inputs": {
            "incident_energy": [{"condition": "incident_energy", "unit": "MeV"}],
            "absorber_thickness": [{"condition": "absorber_thickness", "unit": "mm"}],
            "normal": [{"noise": "normal", "length": 32}],
        },
        "outputs": {"showers": {"dims": ["layer", "alpha", "r"], "shape": [45, 16, 9], "unit": "MeV"}},
        "facts": {"geometry": {**geometry, "r_edges_mm": [round(4.65 * edge, 2) for edge in range(10)]}, "particle": "electron"},
    }
    write("w-si-45", g, {"incident_energy": [1], "absorber_thickness": [1], "normal": [32]}, {"showers": [45, 16, 9]}, metadata)


def three_d_gan():
    """Linear 256 -> 5184 = 8 x 9 x 9 x 8, six times as large by interpolation, convolutions, 51 x 51 x 25."""
    g = Graph()
    linear = g.op("Gemm", "latent", weight(g, 256, 5184, fan_in=8))
    image = g.op("Reshape", linear, g.constant([-1, 8, 9, 9, 8], np.int64))
    large = g.op("Resize", image, "", g.constant([1, 1, 6, 6, 6]), mode="linear")
    first = g.op("Relu", g.op("Conv", large, weight(g, 2, 8, 2, 2, 12, fan_in=64)))
    g.op("Relu", g.op("Conv", first, weight(g, 1, 2, 3, 3, 13, fan_in=32)), to="image")
    write("3dgan", g, {"latent": [256]}, {"image": [1, 51, 51, 25]})


def calodit():
    """Voxels as standardised logarithms of energy over incident energy, [N, 9, 4, 5, 1], of as much noise."""
    g = Graph()
    noise = g.op("Reshape", "noise", g.constant([-1, 180], np.int64))
    condition = g.op("Concat", "energy", "phi", "theta", "geometry", axis=1)
    joined = g.op("Concat", noise, g.op("Gemm", condition, weight(g, 8, 16, fan_in=8)), axis=1)
    hidden = g.op("Tanh", g.op("Gemm", joined, weight(g, 196, 64, fan_in=196)))
    made = g.op("Gemm", hidden, weight(g, 64, 180, fan_in=16))
    g.op("Reshape", made, g.constant([-1, 9, 4, 5, 1], np.int64), to="voxels")
    write("calodit", g, {"noise": [9, 4, 5, 1], "energy": [1], "phi": [1], "theta": [1], "geometry": [5]}, {"voxels": [9, 4, 5, 1]})


OUT.mkdir(parents=True, exist_ok=True)
toy("toy", TOY, spoil=False)
toy("broken", {**TOY, "name": "broken"}, spoil=True)
w_si_45()
three_d_gan()
calodit()
