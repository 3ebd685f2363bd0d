"""
A trained generator as one ONNX file: conditions and noise in, showers in MeV out, with everything that a program needs
to know about it in its metadata (`twinloom.generator`).
"""

import inspect
import json
import os
import warnings
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from . import provenance
from .data import ALPHA, CUT_MEV, LAYERS, R, R_STEP_MM
from .errors import RecipeError
from .invariant import make_rows_independent

OPSET = 17
LARGEST_BYTES = 20_000_000
UNITS = {"incident_energy": "MeV", "absorber_thickness": "mm"}
NOMINAL_THICKNESS_MM = 1.4


def segment_lengths(segments: dict[str, list[dict]]) -> dict[str, int]:
    """Columns of each input: a condition is one number, noise as long as it says."""
    return {name: sum(part.get("length", 1) for part in parts) for name, parts in segments.items()}


def validity(energy_mev: np.ndarray, thickness_mm: np.ndarray) -> dict[str, dict[str, Any]]:
    """The range of the conditions that training saw; the energy's ends rounded outwards to two digits."""
    thickness = {"unit": "mm", "min": round(float(thickness_mm.min()), 3), "max": round(float(thickness_mm.max()), 3)}
    if thickness["min"] <= NOMINAL_THICKNESS_MM <= thickness["max"]:
        thickness["nominal"] = NOMINAL_THICKNESS_MM
    energy = {
        "unit": "MeV",
        "min": _two_digits(energy_mev.min(), np.floor),
        "max": _two_digits(energy_mev.max(), np.ceil),
    }
    return {"incident_energy": energy, "absorber_thickness": thickness}


def _two_digits(value: float, outwards) -> float:
    step = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(outwards(value / step) * step)


def describe(name: str, segments: dict[str, list[dict]], conditions: dict[str, dict]) -> dict:
    """The document `twinloom.generator` of a file."""
    low, high = (conditions["incident_energy"][end] / 1000 for end in ("min", "max"))
    # A condition of which training saw one value is no condition: the graph gets that value as a constant.
    single = {condition: about["min"] for condition, about in conditions.items() if about["min"] == about["max"]}
    inputs = {
        tensor: [{"constant": single[part["condition"]]} if part.get("condition") in single else part for part in parts]
        for tensor, parts in segments.items()
    }
    used = {part["condition"] for parts in inputs.values() for part in parts if "condition" in part}
    return {
        "schema": "twinloom.generator/1",
        "name": name,
        "conditions": {condition: conditions[condition] for condition in conditions if condition in used},
        "inputs": inputs,
        "outputs": {
            "showers": {
                "tensor": "showers",
                "dims": ["layer", "alpha", "r"],
                "shape": [LAYERS, ALPHA, R],
                "unit": "MeV",
            }
        },
        "facts": {
            "geometry": {
                "name": "w-si-45",
                "layers": LAYERS,
                "alpha_bins": ALPHA,
                "r_edges_mm": [round(R_STEP_MM * edge, 2) for edge in range(R + 1)],
                "layer_depth_mm": 3.4,
            },
            "cut_mev": CUT_MEV,
            "reference": f"EGSnrc, {low:g}-{high:g} GeV",
            "particle": "electron",
        },
    }


def export(generator: torch.nn.Module, out: str, name: str, conditions: dict[str, dict]) -> dict:
    """Writes the file, or nothing. Returns its digest, size and metadata."""
    generator = generator.eval().cpu()
    lengths = segment_lengths(generator.segments)
    example = example_inputs(generator.segments, conditions, 3, seed=1)
    arguments = {
        "opset_version": OPSET,
        "input_names": list(lengths),
        "output_names": ["showers"],
        "dynamic_axes": {tensor: {0: "batch"} for tensor in [*lengths, "showers"]},
        "do_constant_folding": True,
    }
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        arguments["dynamo"] = False  # the exporter that PyTorch 1.13 has, too
    os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
    part = out + ".part"
    tensors = tuple(torch.from_numpy(value) for value in example.values())
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter warns of every constant; whether the graph is the network is measured afterwards (`onnx_check`).
        warnings.simplefilter("ignore")
        # Frozen, so that what depends on weights alone is computed once, here: half the operators are left.
        frozen = torch.jit.freeze(torch.jit.trace(generator, tensors, check_trace=False))
        torch.onnx.export(frozen, tensors, part, **arguments)
    model = make_rows_independent(onnx.load(part))
    os.remove(part)
    metadata = describe(name, generator.segments, conditions)
    _share_equal(model.graph)
    _turn_weights(model.graph)
    _tidy(model, lengths, metadata)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    if len(data) > LARGEST_BYTES:
        raise RecipeError(
            f"{out} would have {len(data) / 1e6:.1f} MB; models of up to {LARGEST_BYTES / 1e6:.0f} MB are shipped. "
            "Take a narrower network, or one with fewer blocks."
        )
    with open(part, "wb") as file:
        file.write(data)
    os.replace(part, out)
    return {"file": os.path.basename(out), "sha256": provenance.digest(out), "bytes": len(data), "metadata": metadata}


def _share_equal(graph: onnx.GraphProto) -> None:
    """Keeps one of weights that are the same: a network evaluated several times is in the frozen graph as often."""
    weights = list(graph.initializer)
    nodes = []
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            node.attribute[0].t.name = node.output[0]
            weights.append(node.attribute[0].t)
        else:
            nodes.append(node)
    kept: dict[tuple, onnx.TensorProto] = {}
    renamed: dict[str, str] = {}
    for tensor in weights:
        values = numpy_helper.to_array(tensor)
        first = kept.setdefault((tensor.data_type, values.shape, values.tobytes()), tensor)
        renamed[tensor.name] = first.name
    for node in nodes:
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept.values())


def _turn_weights(graph: onnx.GraphProto) -> None:
    """Transposes weights here. ONNX Runtime would multiply with them as they are, in another order of sums for each
    number of threads."""
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type == "Transpose" and node.input[0] in weights:
            order = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), None)
            turned = np.ascontiguousarray(numpy_helper.to_array(weights[node.input[0]]).transpose(order))
            graph.initializer.append(numpy_helper.from_array(turned, node.output[0]))
        else:
            nodes.append(node)
    read = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept)


def _tidy(model: onnx.ModelProto, lengths: dict[str, int], metadata: dict) -> None:
    """Names the axes, drops the exporter's notes on where an operator came from (paths of the machine), adds ours."""
    for node in model.graph.node:
        node.doc_string = ""
    found = {value.name: value for value in model.graph.input}
    if set(found) != set(lengths):
        raise RecipeError(
            f"The exported graph has the inputs {sorted(found)}, wanted are {sorted(lengths)}: is one unused?"
        )
    shapes = {**{tensor: [length] for tensor, length in lengths.items()}, "showers": [LAYERS, ALPHA, R]}
    for value in [*model.graph.input, *model.graph.output]:
        dims = value.type.tensor_type.shape.dim
        del dims[:]
        dims.add().dim_param = "batch"
        for length in shapes[value.name]:
            dims.add().dim_value = length
    del model.graph.value_info[:]
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = "twinloom.generator", json.dumps(metadata)


def example_inputs(
    segments: dict[str, list[dict]],
    conditions: dict[str, dict],
    count: int,
    seed: int,
    fixed: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Inputs of a generator, float32 [count, columns]: noise from the seed, conditions as `fixed` says, or else drawn
    from their range (the energy evenly in its logarithm)."""
    rng = np.random.default_rng(seed)
    values: dict[str, np.ndarray] = {}
    for condition, about in conditions.items():
        low, high = about["min"], about["max"]
        even = rng.uniform(size=count)
        drawn = low * (high / low) ** even if condition == "incident_energy" else low + (high - low) * even
        values[condition] = (fixed or {}).get(condition, drawn)
    return {
        tensor: np.concatenate([_segment(part, values, count, rng) for part in parts], 1)
        for tensor, parts in segments.items()
    }


def _segment(part: dict, values: dict[str, np.ndarray], count: int, rng: np.random.Generator) -> np.ndarray:
    if "constant" in part:
        return np.full((count, 1), part["constant"], np.float32)
    if "condition" in part:
        return np.broadcast_to(values[part["condition"]], (count,)).astype(np.float32)[:, None]
    if part["noise"] == "normal":
        return rng.standard_normal((count, part["length"]), np.float32)
    # As the runtime draws them: odd multiples of 2^-24, never 0 or 1.
    whole = rng.integers(1 << 23, size=(count, part["length"]))
    return ((whole + 0.5) * 2.0**-23).astype(np.float32)
