/** One 1-d variable of float64 for {@link classicFile}. */
export interface ClassicVariable {
  readonly unit: string;
  readonly values: readonly number[];
}

/** The bytes of a NetCDF file of the first classic format (CDF-1): variables of float64 along one dimension, `time`. */
export function classicFile(variables: Readonly<Record<string, ClassicVariable>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(variables);
  const length = entries[0]?.[1].values.length ?? 0;
  const header = (begins: readonly number[]): Buffer =>
    Buffer.concat([
      Buffer.from("CDF\u0001", "latin1"),
      words(0), // records
      words(10, 1), // dimensions
      text("time"),
      words(length),
      words(0, 0), // attributes
      words(11, entries.length),
      ...entries.map(([name, { unit }], number) =>
        Buffer.concat([
          text(name),
          words(1, 0), // its dimension
          words(12, 1), // its attribute
          text("units"),
          words(2),
          text(unit),
          words(6, 8 * length, begins[number] as number), // float64
        ]),
      ),
    ]);
  const start = header(entries.map(() => 0)).length;
  const data = entries.map(([, { values }]) => {
    const bytes = Buffer.alloc(8 * length);
    for (const [i, value] of values.entries()) bytes.writeDoubleBE(value, 8 * i);
    return bytes;
  });
  const all = Buffer.concat([header(entries.map((_, number) => start + number * 8 * length)), ...data]);
  return new Uint8Array(all);
}

function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeInt32BE(number, 4 * i);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([words(bytes.length), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
