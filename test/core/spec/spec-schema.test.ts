import { describe, expect, it } from "vitest";
import { z } from "zod";
import { definePlugin, defineTask, ownPlugins, specSchema, token } from "../../../core/index.ts";
import { detector, listener } from "./plugins.ts";

// biome-ignore lint/suspicious/noExplicitAny: a schema is read at many depths here.
type Any = any;
const entryOf = (schema: Any, use: string): Any =>
  schema.properties.plugins.additionalProperties.allOf.find((each: Any) => each.if.properties.use.const === use)?.then;

describe("specSchema", () => {
  const schema: Any = specSchema([detector, listener]);

  it("describes the options of known plugins, as they are written", () => {
    expect(entryOf(schema, "test-plugins/detector")).toMatchObject({
      properties: {
        use: { const: "test-plugins/detector" },
        geometry: { enum: ["w-si-45x16x9", "pb-sci-20"], description: "Name of the geometry" },
        layers: { type: "integer", minimum: 1, default: 45 },
        password: {
          type: "string",
          pattern: "^\\$\\{env:[A-Za-z_][A-Za-z0-9_]*\\}$",
          description: "Password of the detector",
        },
        weights: { anyOf: [{ type: "string" }, { required: ["path"] }], description: "Weights of the network" },
      },
      required: ["use", "geometry"],
      additionalProperties: false,
    });
  });

  it("describes the needs that can be wired", () => {
    expect(entryOf(schema, "test-plugins/listener").properties.wire).toMatchObject({
      properties: { echo: { type: "string", description: "Part that provides test/echo." } },
      additionalProperties: false,
    });
  });

  it("offers the tasks of known plugins to the steps of plans", () => {
    const task = defineTask({
      name: "paint",
      description: "Paints.",
      parameters: z.object({}),
      needs: {},
      inputs: {},
      outputs: {},
      run: async () => null,
    });
    const painter = definePlugin({ ...listener.definition, needs: {}, tasks: [task], create: () => ({}) });
    const { plans }: Any = specSchema([painter])["properties"];
    expect(plans.additionalProperties.additionalProperties).toMatchObject({
      properties: { task: { anyOf: [{ enum: ["paint"] }, { type: "string" }] } },
      required: ["task"],
      additionalProperties: false,
    });
  });

  it("allows plugins that it does not know", () => {
    const { use } = schema.properties.plugins.additionalProperties.properties;
    expect(use.anyOf).toEqual([{ enum: ["test-plugins/detector", "test-plugins/listener"] }, { type: "string" }]);
  });

  it("lets options of any key pass where the plugin does, and keeps references within them", () => {
    const tree: z.ZodType = z.lazy(() => z.object({ below: z.array(tree) }));
    const plugin = definePlugin({
      name: "test/tree",
      version: "1.0.0",
      provides: token<object>("test/tree"),
      options: z.looseObject({ tree }),
      create: () => ({}),
    });
    const entry = entryOf(specSchema([plugin]), "test/tree");
    expect(entry.additionalProperties).toEqual({});
    expect(entry.$id).toBe("twinloom:options/test%2Ftree");
    expect(JSON.stringify(entry)).toContain('"$ref":"#/definitions/');
  });

  it("covers every plugin of this package, each with options that have descriptions", async () => {
    const plugins = await ownPlugins();
    const names = plugins.map(({ definition }) => definition.name);
    expect(names).toEqual(expect.arrayContaining(["twinloom/modules/hdf5", "twinloom/modules/memory"]));
    const own: Any = specSchema(plugins);
    for (const name of names) {
      for (const [option, described] of Object.entries<Any>(entryOf(own, name).properties)) {
        expect(described.description ?? "", `${name}: ${option}`).not.toBe("");
      }
    }
    expect(JSON.parse(JSON.stringify(own))).toEqual(own);
  });
});
