import type { PackageDefinition, ProtobufTypeDefinition } from "@grpc/proto-loader";
import { beforeAll, describe, expect, it } from "vitest";
import { NdArray } from "../../../../core/index.ts";
import { mendDescriptors } from "../../../../modules/serving/protocol/descriptors.ts";
import { loadProtos, type Protos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { ModelConfig, ModelInferRequest } from "../../../../modules/serving/protocol/messages.ts";
import { decodeParameters } from "../../../../modules/serving/protocol/parameters.ts";
import { decodeTensors, encodeTensors } from "../../../../modules/serving/protocol/tensors.ts";

let protos: Protos;
beforeAll(async () => {
  protos = await loadProtos();
});

describe("messages", () => {
  const noise = new NdArray(
    Float32Array.from({ length: 6480 }, (_, i) => i / 7),
    { dtype: "float32", shape: [10, 648] },
  );
  const seed = new NdArray(BigInt64Array.of(-1n, 2n ** 53n + 1n), { dtype: "int64", shape: [2, 1] });

  function requestBytes(): Buffer {
    const { tensors, raw } = encodeTensors({ noise, seed });
    return protos.Service.service.ModelInfer.requestSerialize({
      model_name: "gan",
      inputs: tensors,
      raw_input_contents: raw,
      parameters: {
        sparse: { bool_param: true },
        seed: { uint64_param: `${2n ** 63n}` },
        output_datatype: { string_param: "FP16" },
        share: { double_param: 0.5 },
      },
    });
  }

  function received(bytes: Buffer): ModelInferRequest {
    return protos.Service.service.ModelInfer.requestDeserialize(bytes);
  }

  it("bring tensors and parameters", () => {
    const request = received(requestBytes());
    expect(request).toMatchObject({ model_name: "gan", outputs: [] });
    expect(decodeParameters(request.parameters)).toEqual({
      sparse: true,
      seed: 2n ** 63n,
      output_datatype: "FP16",
      share: 0.5,
    });
    const arrays = decodeTensors(request.inputs, request.raw_input_contents);
    expect(arrays["noise"]).toMatchObject({ shape: [10, 648], data: noise.data });
    expect(arrays["seed"]).toMatchObject({ shape: [2, 1], data: seed.data });
  });

  it("are not copied for their largest tensor, and not kept alive by a small one", () => {
    const bytes = requestBytes();
    // A memory of its own, where the values lie aligned.
    const memory = Buffer.from(new ArrayBuffer(bytes.length + 4));
    const shift = (4 - (bytes.indexOf(Buffer.from(noise.data.buffer)) % 4)) % 4;
    const message = memory.subarray(shift, shift + bytes.length);
    message.set(bytes);
    const { inputs, raw_input_contents } = received(message);
    const arrays = decodeTensors(inputs, raw_input_contents);
    expect((arrays["noise"] as NdArray<"float32">).data.buffer).toBe(memory.buffer);
    expect((arrays["seed"] as NdArray<"int64">).data.buffer.byteLength).toBe(16);
  });

  it("may have fields that are not known here", () => {
    const config: Partial<ModelConfig> = { name: "gan", max_batch_size: 8 };
    const bytes = protos.Service.service.ModelConfig.responseSerialize({ config });
    // Field 13 of ModelConfig (sequence_batching), 2 bytes long, after the others; the length before them all grows by 4.
    const longer = Buffer.concat([bytes, Buffer.of((13 << 3) | 2, 2, 0x08, 0x05)]);
    longer[1] = (longer[1] as number) + 4;
    expect(protos.Service.service.ModelConfig.responseDeserialize(longer)).toMatchObject({ config });
  });

  it("that are broken are refused by the library", () => {
    const bytes = requestBytes();
    expect(() => received(bytes.subarray(0, bytes.length - 1))).toThrow(/index out of range/);
  });
});

it("the protocol is loaded once", () => {
  expect(loadProtos()).toBe(loadProtos());
});

it("only entries of maps are mended in descriptors", () => {
  const filesOf = (definition: PackageDefinition): readonly Buffer[] =>
    Object.values(definition).flatMap(
      (member) => (member as Partial<ProtobufTypeDefinition>).fileDescriptorProtos ?? [],
    );
  const mended = mendDescriptors(protos.packageDefinition);
  expect(Object.keys(mended)).toEqual(Object.keys(protos.packageDefinition));
  const [file = Buffer.alloc(0), ...others] = new Set(filesOf(mended));
  expect(others).toEqual([]);
  for (const entry of ["ParametersEntry", "PropertiesEntry"]) expect(file.includes(entry)).toBe(true);
  // A second time there is nothing left to mend.
  expect(filesOf(mendDescriptors(mended))[0]).toEqual(file);
});
