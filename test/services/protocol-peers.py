"""What Python's protobuf makes of our descriptors, beside those of Triton's own client.

Reads a FileDescriptorProto; prints the fields of each message as [name, number, type, label, type name], of both sides,
and the calls of the service.
"""

import json
import sys

from google.protobuf import descriptor_pb2, descriptor_pool
from tritonclient.grpc import model_config_pb2, service_pb2


def messages(file):
    found = {}

    def walk(message, scope):
        path = f"{scope}{message.name}"
        found[path] = [[f.name, f.number, f.type, f.label, f.type_name.split(".")[-1]] for f in message.field]
        for nested in message.nested_type:
            walk(nested, f"{path}.")

    for message in file.message_type:
        walk(message, "")
    return found


def facts(*files):
    return {
        "messages": {name: fields for file in files for name, fields in messages(file).items()},
        "enums": {e.name: {v.name: v.number for v in e.value} for file in files for e in file.enum_type},
        "calls": {
            call.name: [call.client_streaming, call.server_streaming]
            for file in files
            for service in file.service
            for call in service.method
        },
    }


def own(module):
    file = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    return file


ours = descriptor_pb2.FileDescriptorProto.FromString(sys.stdin.buffer.read())
pool = descriptor_pool.DescriptorPool()
pool.Add(ours)
parameters = pool.FindMessageTypeByName("inference.ModelInferRequest").fields_by_name["parameters"]
print(
    json.dumps(
        {
            "ours": facts(ours),
            "tritons": facts(own(service_pb2), own(model_config_pb2)),
            "is_map": parameters.message_type.GetOptions().map_entry,
        }
    )
)
