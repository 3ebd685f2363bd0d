import { z } from "zod";
import { tokenName } from "../contracts/token.ts";
import { describeNeed, type Needs, type Plugin } from "../kernel/plugin.ts";
import type { JsonValue } from "../run/task.ts";
import { factoriesOf } from "./import-plugin.ts";
import { ownPluginModules, resolveOwnModule } from "./resolve-package.ts";

type AnyDefinition = Plugin["definition"];
type JsonObject = { readonly [key: string]: JsonValue };

const USE = "Module of the plugin, as in `import`; `#…` says which where it exports several.";
const VERSION = "Range of versions of the plugin that this file was made for.";
const WIRE = "By need, the part that meets it, where several could; a list where the plugin takes all.";

/**
 * The JSON Schema (draft-07) of twin.yaml for editors: keys, and the options of known plugins, with descriptions. Of other
 * plugins it allows any options. Editors must be told of the tags `!artifact` and `!bigint`.
 *
 * @param plugins - Definitions of the known plugins; see {@link ownPlugins}.
 */
export function specSchema(plugins: Iterable<AnyDefinition>): JsonObject {
  const definitions = [...plugins];
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
            use: { anyOf: [{ enum: definitions.map(({ name }) => name) }, { type: "string" }], description: USE },
            version: { type: "string", description: VERSION },
            wire: { type: "object", description: WIRE },
          },
          allOf: definitions.map((definition) => ({
            if: { properties: { use: { const: definition.name } }, required: ["use"] },
            // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
            then: entrySchema(definition),
          })),
        },
      },
      plans: { type: "object", description: "Plans: by name, steps that run tasks of the twin's plugins." },
    },
    required: ["plugins"],
    additionalProperties: false,
  };
}

/** The definitions of all plugins that Twinloom itself exports. Imports their modules. */
export async function ownPlugins(): Promise<readonly AnyDefinition[]> {
  const modules = await Promise.all(
    ownPluginModules().map((subpath) => import(/* @vite-ignore */ resolveOwnModule(subpath).href) as Promise<object>),
  );
  return [
    ...new Set(modules.flatMap((module) => [...factoriesOf(module).values()].map(({ definition }) => definition))),
  ];
}

function entrySchema(definition: AnyDefinition): JsonObject {
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
    $id: `twinloom:options/${encodeURIComponent(definition.name)}`,
    ...(rest as JsonObject),
    type: "object",
    properties: {
      use: { const: definition.name, description: USE },
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
