import { resolve } from "node:path";
import { z } from "zod";
import type { JsonValue } from "../canonical/json-value.ts";
import { tokenName } from "../contracts/token.ts";
import { describeNeed, type Needs, type Plugin } from "../kernel/plugin.ts";
import { TolerancesSchema } from "../lifecycle/reproduce/tolerances.ts";
import { factoriesOf, useOf } from "./import-plugin.ts";
import { ownPluginModules, resolveOwnModule } from "./resolve-package.ts";

/** A plugin that a schema covers. */
export type KnownPlugin = Pick<Plugin, "definition" | "importedFrom">;

type JsonObject = { readonly [key: string]: JsonValue };

const USE = "Module of the plugin, as in `import`; `#…` says which where it exports several.";
const VERSION = "Range of versions of the plugin that this file was made for.";
const WIRE = "By need, the part that meets it, where several could; a list where the plugin takes all.";

/**
 * The JSON Schema (draft-07) of twin.yaml for editors: keys, and the options of known plugins, with descriptions. Of other
 * plugins it allows any options. Editors must be told of the tags `!artifact` and `!bigint`.
 *
 * @param plugins - Known plugins, or their factories; see {@link ownPlugins}.
 * @param options - `folder`: of the twin.yaml; the working directory by default.
 */
export function specSchema(plugins: Iterable<KnownPlugin>, options: { readonly folder?: string } = {}): JsonObject {
  const folder = resolve(options.folder ?? ".");
  const known = new Map([...plugins].map((plugin) => [useOf(plugin, folder), plugin.definition]));
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Twinloom twin",
    description: "A twin composed of plugins.",
    type: "object",
    properties: {
      twin: { type: "string", minLength: 1, description: "Name of the twin, for logs and run records." },
      plugins: {
        description: "Plugins under the names of their parts.",
        type: "object",
        propertyNames: { pattern: "^[^\\W\\d_][\\w-]*$|[^\\x00-\\x7f]" },
        additionalProperties: {
          type: "object",
          required: ["use"],
          properties: {
            use: { anyOf: [{ enum: [...known.keys()] }, { type: "string" }], description: USE },
            version: { type: "string", description: VERSION },
            wire: { type: "object", description: WIRE },
          },
          allOf: [...known].map(([use, definition]) => ({
            if: { properties: { use: { const: use } }, required: ["use"] },
            // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
            then: entrySchema(use, definition),
          })),
        },
      },
      plans: {
        description: "Plans: by name, steps that run tasks of the twin's plugins.",
        type: "object",
        additionalProperties: { type: "object", additionalProperties: stepSchema([...known.values()]) },
      },
      tolerances: {
        ...optionsSchema(TolerancesSchema),
        description: "How far outputs of two runs may be apart and still be equivalent.",
      },
    },
    required: ["plugins"],
    additionalProperties: false,
  };
}

/** The factories of all plugins that Twinloom itself exports. Imports their modules. */
export async function ownPlugins(): Promise<readonly KnownPlugin[]> {
  const modules = await Promise.all(
    ownPluginModules().map((subpath) => import(/* @vite-ignore */ resolveOwnModule(subpath).href) as Promise<object>),
  );
  const factories = modules.flatMap((module) => [...factoriesOf(module).values()]);
  return [...new Map(factories.map((factory) => [factory.definition.name, factory])).values()];
}

function stepSchema(definitions: readonly Plugin["definition"][]): JsonObject {
  const tasks = new Set(definitions.flatMap(({ tasks: all = [] }) => all.map(({ name }) => name)));
  const known = tasks.size === 0 ? [] : [{ enum: [...tasks] }];
  return {
    type: "object",
    properties: {
      task: {
        anyOf: [...known, { type: "string" }],
        description: "Name of a task; `part.task` where several parts bring it.",
      },
      parameters: { type: "object", description: "Parameters of the task." },
      inputs: {
        type: "object",
        additionalProperties: {
          anyOf: [
            { type: "string", description: "`step.output`; with the tag `!artifact`, a file." },
            { type: "object", required: ["file"], properties: { file: { type: "string" } } },
          ],
        },
        description: "By input of the task, the output of a step or a file.",
      },
    },
    required: ["task"],
    additionalProperties: false,
  };
}

function entrySchema(use: string, definition: Plugin["definition"]): JsonObject {
  const options = definition.options === undefined ? {} : optionsSchema(definition.options);
  const needs = Object.entries(
    Object.assign({}, ...(definition.tasks ?? []).map((task) => task.needs), definition.needs) as Needs,
  );
  const part = { type: "string", minLength: 1 };
  const wires = needs.map(([name, need]): [string, JsonValue] => {
    const { kind, token } = describeNeed(need);
    const type = kind === "many" ? { anyOf: [part, { type: "array", items: part }] } : part;
    return [name, { ...type, description: `Part that provides ${tokenName(token)}.` }];
  });
  const {
    properties = {},
    required = [],
    ...rest
  } = options as {
    properties?: JsonObject;
    required?: readonly string[];
    additionalProperties?: JsonValue;
  };
  return {
    // References in the schema of the options start here.
    $id: `twinloom:options/${encodeURIComponent(use)}`,
    ...(rest as JsonObject),
    type: "object",
    properties: {
      use: { const: use, description: USE },
      version: { type: "string", description: VERSION },
      wire: { type: "object", properties: Object.fromEntries(wires), additionalProperties: false, description: WIRE },
      ...properties,
    },
    required: ["use", ...required],
    additionalProperties: rest.additionalProperties ?? false,
  };
}

function optionsSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...options } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
  }) as Record<string, JsonValue>;
  return options;
}
