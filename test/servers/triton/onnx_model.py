"""A model of Triton's Python backend that computes the model.onnx beside it, as the ONNX Runtime backend of a full Triton does.

Options as in modules/onnx/worker/worker.ts, so that sums are taken in the same order.
"""

import json
import pathlib

import numpy as np
import onnxruntime
import triton_python_backend_utils as backend


class TritonPythonModel:
    def initialize(self, args):
        self.config = json.loads(args["model_config"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        file = pathlib.Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def execute(self, requests):
        return [self.respond(request) for request in requests]

    def respond(self, request):
        names = [each.name for each in self.session.get_inputs()]
        feeds = {name: backend.get_input_tensor_by_name(request, name).as_numpy() for name in names}
        outputs = [each.name for each in self.session.get_outputs()]
        computed = self.session.run(outputs, feeds)
        tensors = [backend.Tensor(name, np.ascontiguousarray(array)) for name, array in zip(outputs, computed)]
        return backend.InferenceResponse(tensors)
