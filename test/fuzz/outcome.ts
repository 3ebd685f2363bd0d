/** What a reader made of a file. */
export type Outcome =
  /** It refuses the file: ours by a code, others by their words. */
  | { readonly refused: string }
  /** Not even an error with a code; or the process died, hung, filled the memory. */
  | { readonly fault: string }
  | { readonly variables: Readonly<Record<string, VariableOutcome>> };

/** What a reader made of a variable: a code or its words, or what the values are. */
export type VariableOutcome =
  | { readonly refused: string }
  /** `"int32 [3,4] <digest>"`; several where the reader leaves open how values are to be taken. */
  | { readonly values: readonly string[] };
