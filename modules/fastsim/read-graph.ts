import { checkSchema, type Model, type SchemaProblem } from "../../core/index.ts";
import { GeneratorGraphError } from "./errors.ts";
import { checkFit } from "./graph-fit.ts";
import { type GeneratorGraph, GRAPH_METADATA_KEY, GeneratorGraph as Graph } from "./graph-schema.ts";

/**
 * The graph of a model: as given, else as the model's metadata have it; it fits the model.
 *
 * @throws `TWIN_GENERATOR_GRAPH` with everything that is wrong.
 */
export function readGraph(model: Model, given: GeneratorGraph | undefined): GeneratorGraph {
  const graph = given ?? fromMetadata(model);
  const source = given === undefined ? `metadata "${GRAPH_METADATA_KEY}"` : "option `graph`";
  const problems = checkFit(graph, model);
  if (problems.length > 0) {
    throw new GeneratorGraphError(`The graph of model "${model.name}" (${source}) does not fit the model`, problems);
  }
  return graph;
}

/**
 * Reads the text that a model carries about itself.
 *
 * @throws `TWIN_GENERATOR_GRAPH`
 */
function fromMetadata({ name, metadata }: Model): GeneratorGraph {
  const what = `Model "${name}" does not tell what it generates`;
  const text = Object.hasOwn(metadata, GRAPH_METADATA_KEY) ? metadata[GRAPH_METADATA_KEY] : undefined;
  if (text === undefined) {
    const there = Object.keys(metadata).join(", ") || "none";
    const message = `Its metadata have no "${GRAPH_METADATA_KEY}" (there are: ${there}). For a model that was not made for Twinloom describe it in the option \`graph\`.`;
    throw new GeneratorGraphError(what, [{ path: [], message }]);
  }
  return parseGraph(text, `${what} in its metadata "${GRAPH_METADATA_KEY}"`);
}

/**
 * A graph from its JSON text.
 *
 * @param what - How the message of an error begins.
 * @throws `TWIN_GENERATOR_GRAPH`
 */
export function parseGraph(text: string, what: string): GeneratorGraph {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const problems: SchemaProblem[] = [{ path: [], message: `It is not JSON: ${(cause as Error).message}.` }];
    throw new GeneratorGraphError(what, problems, { cause });
  }
  const checked = checkSchema(Graph, value);
  if (checked.problems) throw new GeneratorGraphError(what, checked.problems);
  return checked.value;
}
