/** How a single value is written. */
export type Scalar = "bool" | "int32" | "uint32" | "int64" | "uint64" | "float" | "double" | "string" | "bytes";

/** What a field of a message is. */
export interface Field {
  readonly name: string;
  readonly kind: Scalar | Schema;
  /** `list`: as often as it comes. `map`: entries of a key and a message. */
  readonly many?: "list" | "map";
}

/** A message by the numbers of its fields (protos/inference.proto). */
export type Schema = Readonly<Record<number, Field>>;

const PARAMETER: Schema = {
  1: { name: "bool_param", kind: "bool" },
  2: { name: "int64_param", kind: "int64" },
  3: { name: "string_param", kind: "string" },
  4: { name: "double_param", kind: "double" },
  5: { name: "uint64_param", kind: "uint64" },
};

const PARAMETER_ENTRY: Schema = { 1: { name: "key", kind: "string" }, 2: { name: "value", kind: PARAMETER } };

const PARAMETERS: Field = { name: "parameters", kind: PARAMETER_ENTRY, many: "map" };

const CONTENTS: Schema = {
  1: { name: "bool_contents", kind: "bool", many: "list" },
  2: { name: "int_contents", kind: "int32", many: "list" },
  3: { name: "int64_contents", kind: "int64", many: "list" },
  4: { name: "uint_contents", kind: "uint32", many: "list" },
  5: { name: "uint64_contents", kind: "uint64", many: "list" },
  6: { name: "fp32_contents", kind: "float", many: "list" },
  7: { name: "fp64_contents", kind: "double", many: "list" },
  8: { name: "bytes_contents", kind: "bytes", many: "list" },
};

const TENSOR: Schema = {
  1: { name: "name", kind: "string" },
  2: { name: "datatype", kind: "string" },
  3: { name: "shape", kind: "int64", many: "list" },
  4: PARAMETERS,
  5: { name: "contents", kind: CONTENTS },
};

const REQUESTED_OUTPUT: Schema = { 1: { name: "name", kind: "string" }, 2: PARAMETERS };

/** What requests and responses begin with. */
const HEAD: Schema = {
  1: { name: "model_name", kind: "string" },
  2: { name: "model_version", kind: "string" },
  3: { name: "id", kind: "string" },
  4: PARAMETERS,
};

/** `ModelInferRequest` */
export const INFER_REQUEST: Schema = {
  ...HEAD,
  5: { name: "inputs", kind: TENSOR, many: "list" },
  6: { name: "outputs", kind: REQUESTED_OUTPUT, many: "list" },
  7: { name: "raw_input_contents", kind: "bytes", many: "list" },
};

/** `ModelInferResponse` */
export const INFER_RESPONSE: Schema = {
  ...HEAD,
  5: { name: "outputs", kind: TENSOR, many: "list" },
  6: { name: "raw_output_contents", kind: "bytes", many: "list" },
};

/** `ModelStreamInferResponse` */
export const STREAM_INFER_RESPONSE: Schema = {
  1: { name: "error_message", kind: "string" },
  2: { name: "infer_response", kind: INFER_RESPONSE },
};
