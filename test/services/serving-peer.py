"""What independent clients make of a server: Triton's own (tritonclient, unchanged), and gRPC's of health and reflection.

One JSON command a line, and one JSON answer. Arrays are {datatype, shape, data: base64}, so that no bit is lost.
"""

import base64
import json
import os
import queue
import sys
import threading

# Failed handshakes are what some tests are about.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
import numpy as np
import tritonclient.grpc as triton
from google.protobuf import descriptor_pool, json_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype

SERVICE = "inference.GRPCInferenceService"


def encoded(array):
    if array.dtype == np.object_:
        return {"datatype": "BYTES", "shape": list(array.shape), "texts": [each.decode() for each in array.ravel()]}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"datatype": np_to_triton_dtype(array.dtype), "shape": list(array.shape), "data": data}


def decoded(told):
    if told["datatype"] == "BYTES":
        return np.array([text.encode() for text in told["texts"]], np.object_).reshape(told["shape"])
    dtype = triton_to_np_dtype(told["datatype"])
    return np.frombuffer(base64.b64decode(told["data"]), dtype).reshape(told["shape"])


def parameters_of(message):
    return {name: getattr(each, each.WhichOneof("parameter_choice")) for name, each in message.parameters.items()}


def answer_of(result):
    response = result.get_response()
    outputs = {each.name: encoded(result.as_numpy(each.name)) for each in response.outputs}
    return {
        "model": response.model_name,
        "version": response.model_version,
        "id": response.id,
        "outputs": outputs,
        "parameters": parameters_of(response),
    }


def failure_of(error):
    if isinstance(error, InferenceServerException):
        return {"status": (error.status() or "").removeprefix("StatusCode."), "message": error.message()}
    metadata = {key: value for key, value in error.trailing_metadata() or () if isinstance(value, str)}
    return {"status": error.code().name, "message": error.details(), "metadata": metadata}


class Peer:
    def __init__(self):
        self.client = None
        self.channel = None
        self.responses = queue.Queue()
        self.taken = threading.Semaphore(0)
        self.free = threading.Event()
        self.ended = queue.Queue()

    def connect(self, endpoint, tls=None):
        options = {}
        credentials = None
        if tls is not None:
            names = {"root_certificates": "authority", "private_key": "key", "certificate_chain": "certificate"}
            options = {"ssl": True} | {name: tls.get(key) for name, key in names.items()}
            files = [open(tls[key], "rb").read() if tls.get(key) else None for key in ("authority", "key", "certificate")]
            credentials = grpc.ssl_channel_credentials(*files)
        self.client = triton.InferenceServerClient(endpoint, **options)
        self.channel = grpc.secure_channel(endpoint, credentials) if credentials else grpc.insecure_channel(endpoint)

    def about(self, model, version="", headers=None):
        told = {"headers": headers, "as_json": True}
        return {
            "live": self.client.is_server_live(headers),
            "ready": self.client.is_server_ready(headers),
            "modelReady": self.client.is_model_ready(model, version, headers),
            "server": self.client.get_server_metadata(**told),
            "metadata": self.client.get_model_metadata(model, version, **told),
            "config": self.client.get_model_config(model, version, **told)["config"],
            "statistics": self.client.get_inference_statistics(model, version, **told)["model_stats"],
            "index": self.client.get_model_repository_index(**told)["models"],
        }

    def is_model_ready(self, model, version=""):
        return self.client.is_model_ready(model, version)

    def load(self, model):
        return self.client.load_model(model)

    def unload(self, model):
        return self.client.unload_model(model)

    def request(self, inputs, outputs=None):
        given = []
        for name, told in inputs.items():
            tensor = triton.InferInput(name, told["shape"], told["datatype"])
            tensor.set_data_from_numpy(decoded(told))
            given.append(tensor)
        return given, [triton.InferRequestedOutput(name) for name in outputs] if outputs else None

    def infer(self, model, inputs, outputs=None, **options):
        given, wanted = self.request(inputs, outputs)
        return answer_of(self.client.infer(model, given, outputs=wanted, **options))

    def infer_async(self, model, inputs, **options):
        self.infer_begin(model, inputs, **options)
        return self.infer_end()

    def infer_begin(self, model, inputs, **options):
        """Asks, and does not wait; `infer_end` gives the answers in the order in which they come."""
        given, _ = self.request(inputs)
        self.client.async_infer(model, given, callback=lambda result, error: self.ended.put((result, error)), **options)

    def infer_end(self):
        result, error = self.ended.get()
        if error is not None:
            raise error
        return answer_of(result)

    def as_halves(self, tensor):
        return encoded(decoded(tensor).astype(np.float16))

    def cancel(self, model, inputs):
        """Cancels a request as soon as it is under way."""
        given, _ = self.request(inputs)
        done = queue.Queue()
        context = self.client.async_infer(model, given, callback=lambda result, error: done.put(error))
        context.cancel()
        raise done.get()

    def infer_message(self, message, compression=None):
        """A request as the protocol has it, in protobuf's JSON: typed contents, parameters of outputs, oddities."""
        stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)
        request = json_format.ParseDict(message, service_pb2.ModelInferRequest())
        response = stub.ModelInfer(request, compression=grpc.Compression.Gzip if compression == "gzip" else None)
        return json_format.MessageToDict(response, preserving_proto_field_name=True)

    def send_bytes(self, method, data):
        call = self.channel.unary_unary(f"/{SERVICE}/{method}", request_serializer=None, response_deserializer=None)
        return base64.b64encode(call(base64.b64decode(data))).decode()

    def stream_bytes(self, messages):
        """Sends any bytes as the messages of one ModelStreamInfer, and gives what comes back."""
        call = self.channel.stream_stream(
            f"/{SERVICE}/ModelStreamInfer",
            request_serializer=None,
            response_deserializer=service_pb2.ModelStreamInferResponse.FromString,
        )
        responses = call(iter([base64.b64decode(each) for each in messages]))
        return [json_format.MessageToDict(each, preserving_proto_field_name=True) for each in responses]

    def stream(self, requests, headers=None):
        """Sends requests over one ModelStreamInfer, and gives all responses until each has had its final one."""
        self.open_stream(requests, headers)
        responses = self.take(None, len(requests))
        self.close_stream()
        return responses

    def open_stream(self, requests, headers=None):
        """Opens a stream whose reader waits until its responses are taken, one by one."""
        self.responses = queue.Queue()
        self.taken = threading.Semaphore(0)
        self.free = threading.Event()

        def callback(result, error):
            self.responses.put((result, error))
            if not self.free.is_set():
                self.taken.acquire()

        self.client.start_stream(callback, headers=headers)
        for each in requests:
            given, wanted = self.request(each["inputs"], each.get("outputs"))
            options = {key: each[key] for key in ("parameters", "request_id", "model_version") if key in each}
            # Their client marks the end of each request's responses only where it is asked to.
            self.client.async_stream_infer(each["model"], given, outputs=wanted, enable_empty_final_response=True, **options)

    def take(self, count=None, finals=1):
        """Takes so many responses, or all until so many final ones (an error is final)."""
        answers = []
        while (len(answers) < count) if count is not None else finals > 0:
            result, error = self.responses.get()
            self.taken.release()
            answers.append(failure_of(error) if error is not None else answer_of(result))
            if error is not None or answers[-1]["parameters"].get("triton_final_response"):
                finals -= 1
        return answers

    def take_first_values(self, output):
        """Takes all responses that are left, and gives the first value of each."""
        return [float(decoded(each["outputs"][output]).flat[0]) for each in self.take()]

    def close_stream(self, cancel=False):
        # A reader that waits in its callback is let go.
        self.free.set()
        self.taken.release()
        self.client.stop_stream(cancel_requests=cancel)

    def health(self, service=""):
        stub = health_pb2_grpc.HealthStub(self.channel)
        response = stub.Check(health_pb2.HealthCheckRequest(service=service))
        return health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)

    def watch(self, service=""):
        stub = health_pb2_grpc.HealthStub(self.channel)
        self.watching = stub.Watch(health_pb2.HealthCheckRequest(service=service))

    def watched(self):
        return health_pb2.HealthCheckResponse.ServingStatus.Name(next(self.watching).status)

    def stop_watching(self):
        self.watching.cancel()

    def reflect(self):
        """The services that a server reflects, and where its descriptors are others than tritonclient's own."""
        database = ProtoReflectionDescriptorDatabase(self.channel)
        services = list(database.get_services())
        comparison = Comparison()
        pool = descriptor_pool.DescriptorPool(database)
        comparison.service(pool.FindServiceByName(SERVICE), service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"])
        return {
            "services": services,
            "messages": sorted(comparison.seen),
            "differences": comparison.differences,
            "leftOut": sorted(comparison.left_out),
        }


class Comparison:
    """Every method, message, field and enum that `ours` has must be in `theirs`, the same."""

    def __init__(self):
        self.seen = set()
        self.differences = []
        self.left_out = []

    def same(self, what, ours, theirs):
        if ours != theirs:
            self.differences.append(f"{what}: {ours}, not {theirs}")

    def service(self, ours, theirs):
        for name in set(theirs.methods_by_name) - set(ours.methods_by_name):
            self.left_out.append(f"{ours.full_name}/{name}")
        for method in ours.methods:
            other = theirs.methods_by_name.get(method.name)
            if other is None:
                self.differences.append(f"{method.full_name}: not theirs")
                continue
            self.same(f"{method.full_name} streams", streams(method), streams(other))
            self.message(method.input_type, other.input_type)
            self.message(method.output_type, other.output_type)

    def message(self, ours, theirs):
        self.same("name", ours.full_name, theirs.full_name)
        if ours.full_name in self.seen:
            return
        self.seen.add(ours.full_name)
        for name in set(theirs.fields_by_name) - set(ours.fields_by_name):
            self.left_out.append(f"{ours.full_name}.{name}")
        for field in ours.fields:
            other = theirs.fields_by_name.get(field.name)
            if other is None:
                self.differences.append(f"{field.full_name} = {field.number}: not theirs")
                continue
            self.same(field.full_name, facts(field), facts(other))
            if field.message_type and other.message_type:
                self.message(field.message_type, other.message_type)
            if field.enum_type and other.enum_type:
                values = ({each.name: each.number for each in kind.values} for kind in (field.enum_type, other.enum_type))
                self.same(field.enum_type.full_name, *values)


def streams(method):
    return (method.client_streaming, method.server_streaming)


def facts(field):
    oneof = field.containing_oneof.name if field.containing_oneof else None
    kind = field.message_type or field.enum_type
    return {"number": field.number, "type": field.type, "repeated": field.is_repeated, "oneof": oneof, "of": kind and kind.full_name}


def main():
    peer = Peer()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"answer": getattr(peer, command.pop("op"))(**command)}
        except (InferenceServerException, grpc.RpcError) as error:
            answer = {"failure": failure_of(error)}
        print(json.dumps(answer), flush=True)


main()
