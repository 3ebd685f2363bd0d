/** Fields of squeue with their widths: every version cuts a field there and fills it up with blanks. */
export type FixedWidthFields = readonly (readonly [name: string, width: number])[];

/** What squeue is asked for. */
export function formatOf(fields: FixedWidthFields): string {
  return `--Format=${fields.map(([name, width]) => `${name}:${width}`).join(",")}`;
}

/** The fields of one line of the answer. */
export function readFixedWidth(line: string, fields: FixedWidthFields): readonly string[] {
  let at = 0;
  return fields.map(([, width]) => {
    at += width;
    return line.slice(at - width, at).trim();
  });
}
