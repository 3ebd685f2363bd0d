/** A message in the text format of protocol buffers: its fields in order; a repeated field is there once for each value. */
export type TextMessage = readonly TextField[];

/** Name and value: a message, a number, a text, or the name of an enumeration's value as {@link EnumName}. */
export type TextField = readonly [name: string, value: TextMessage | number | string | EnumName];

/** Name of a value of an enumeration: written as it is, where a text gets quotes. */
export interface EnumName {
  readonly enum: string;
}

/**
 * Writes a message in the text format of protocol buffers, one field a line.
 *
 * @see Source: https://protobuf.dev/reference/protobuf/textformat-spec/
 */
export function messageText(message: TextMessage, indent = ""): string {
  return message.map((field) => fieldText(field, indent)).join("");
}

function fieldText([name, value]: TextField, indent: string): string {
  if (typeof value === "string") return `${indent}${name}: ${quoted(value)}\n`;
  if (typeof value === "number") return `${indent}${name}: ${value}\n`;
  if ("enum" in value) return `${indent}${name}: ${value.enum}\n`;
  if (value.length === 0) return `${indent}${name} {}\n`;
  return `${indent}${name} {\n${messageText(value, `${indent}  `)}${indent}}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A text in quotes. Other control characters are written in octal, three digits each; what is not ASCII is UTF-8. */
function quoted(text: string): string {
  // Half a surrogate pair has no UTF-8; a reader would refuse the whole file.
  const whole = text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant.
  const escaped = whole.replace(/[\u0000-\u001f\u007f"\\]/g, (character) => {
    return ESCAPES[character] ?? `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}
