import { expect, it } from "vitest";
import { DATATYPES, datatypeOf, dtypeOf } from "../../../../modules/serving/protocol/datatypes.ts";

it("each datatype has the dtype that holds it, and that dtype travels as no other", () => {
  expect(Object.fromEntries(DATATYPES.map((datatype) => [datatype, dtypeOf(datatype)]))).toMatchInlineSnapshot(`
    {
      "BOOL": "bool",
      "BYTES": "string",
      "FP16": "float16",
      "FP32": "float32",
      "FP64": "float64",
      "INT16": "int16",
      "INT32": "int32",
      "INT64": "int64",
      "INT8": "int8",
      "UINT16": "uint16",
      "UINT32": "uint32",
      "UINT64": "uint64",
      "UINT8": "uint8",
    }
  `);
  for (const datatype of DATATYPES) expect(datatypeOf(dtypeOf(datatype) ?? "bool")).toBe(datatype);
});

it.each(["BF16", "fp32", "", "toString", "__proto__"])("%j is no datatype", (name) => {
  expect(dtypeOf(name)).toBeUndefined();
});
