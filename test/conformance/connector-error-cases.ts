import assert from "node:assert/strict";
import { findVariable, type OpenDataset, type Selection, type Variable, walk } from "../../core/index.ts";
import { assertAborted, assertRejects, assertSameArray } from "./compare.ts";
import type { ConnectorFixture } from "./connector.ts";
import { openFilesAt } from "./open-files.ts";
import type { ConformanceCase } from "./register.ts";

/** What {@link Connector} promises of failure, cancellation and closing. */
export const errorCases: readonly ConformanceCase<ConnectorFixture>[] = [
  {
    name: "says that a file is not there",
    async run({ connector, newLocation }) {
      const location = newLocation();
      await assertRejects(connector.open(location), "TWIN_FILE_NOT_FOUND", "opening what is not there", [location]);
    },
  },
  {
    name: "says that a file is not of its format, and holds nothing open",
    async run(fixture) {
      assert.ok(fixture.unreadable.length > 0, "the fixture needs an unreadable file");
      for (const location of fixture.unreadable) {
        await assertRejects(fixture.connector.open(location), "TWIN_FILE_UNREADABLE", `opening ${location}`, [
          location,
        ]);
        assert.equal(await openFilesAt(location, fixture), 0, `${location} is still open`);
      }
    },
  },
  {
    name: "refuses selections that leave a dimension, and names the variable and the dimension",
    run: (fixture) =>
      withVariable(fixture, async (variable) => {
        const [dim = ""] = variable.dims;
        const [length = 0] = variable.shape;
        const wrong: readonly Selection[] = [
          { [dim]: length },
          { [dim]: -length - 1 },
          { [dim]: 0.5 },
          { [dim]: { stop: length + 1 } },
          { [dim]: { start: -length - 1 } },
          { [dim]: { step: 0 } },
          { [dim]: { step: -1 } },
          { [dim]: { value: Number.NaN } },
          { [`no_${dim}`]: 0 },
        ];
        for (const selection of wrong) {
          const what = `${variable.path} ${JSON.stringify(selection)}`;
          await assertRejects(variable.read(selection), "TWIN_INVALID_SELECTION", what, [variable.path, dim]);
          await assertRejects(variable.readMany([{}, selection]), "TWIN_INVALID_SELECTION", `${what} among many`);
        }
        assert.ok(await variable.read(), "reading goes on afterwards");
      }),
  },
  {
    name: "refuses to read after closing; closing twice is allowed",
    async run(fixture) {
      const { connector, location } = fixture;
      const file = await connector.open(location);
      const variable = anyVariable(file, fixture);
      await file.close();
      await file.close();
      await assertRejects(variable.read(), "TWIN_FILE_CLOSED", "reading after closing", [location]);
      await assertRejects(variable.readMany([{}]), "TWIN_FILE_CLOSED", "reading many after closing");
      await assertRejects(all(variable.chunks()), "TWIN_FILE_CLOSED", "iterating after closing");
      await file[Symbol.asyncDispose]();
    },
  },
  {
    name: "closing one file leaves another on the same location open",
    async run(fixture) {
      const { connector, location, truth } = fixture;
      const [first, second] = [await connector.open(location), await connector.open(location)];
      const variable = anyVariable(second, fixture);
      await first.close();
      assertSameArray(await variable.read(), await findVariable(truth, variable.path).read(), variable.path);
      await second.close();
    },
  },
  {
    name: "holds nothing open after closing",
    async run(fixture) {
      const { connector, location } = fixture;
      const before = await openFilesAt(location, fixture);
      const file = await connector.open(location);
      for (const variable of walk(file)) await variable.read();
      await file.close();
      assert.equal(await openFilesAt(location, fixture), before, `${location} is still open`);
    },
  },
  {
    name: "does nothing for a signal that is aborted already",
    async run(fixture) {
      const { connector, location, truth, newLocation } = fixture;
      const signal = AbortSignal.abort(new Error("called off"));
      await assertAborted(connector.open(location, { signal }), signal, "opening");
      const target = newLocation();
      await assertAborted(connector.write(target, truth, { signal }), signal, "writing");
      await assertRejects(connector.open(target), "TWIN_FILE_NOT_FOUND", "opening what was not written");
      await withVariable(fixture, async (variable) => {
        await assertAborted(variable.read({}, { signal }), signal, "reading");
        await assertAborted(variable.readMany([{}], { signal }), signal, "reading many");
        await assertAborted(all(variable.chunks({ signal })), signal, "iterating");
      });
    },
  },
  {
    name: "stops between chunks when aborted, and goes on serving others",
    run: (fixture) =>
      withVariable(fixture, async (variable) => {
        const total = (await all(variable.chunks())).length;
        const abort = new AbortController();
        const chunks = variable.chunks({ signal: abort.signal })[Symbol.asyncIterator]();
        await chunks.next();
        abort.abort(new Error("called off"));
        if (total > 1) await assertAborted(chunks.next(), abort.signal, "the next chunk");
        const expected = await findVariable(fixture.truth, variable.path).read();
        assertSameArray(await variable.read(), expected, "reading after an abort");
      }),
  },
  {
    name: "settles a read that is aborted while it runs, and goes on serving others",
    run: (fixture) =>
      withVariable(fixture, async (variable) => {
        const expected = await findVariable(fixture.truth, variable.path).read();
        const abort = new AbortController();
        const reading = variable.read({}, { signal: abort.signal }).then(
          (array) => assertSameArray(array, expected, "a read that was faster than the abort"),
          (error: unknown) => assert.equal(error, abort.signal.reason, "the reason of the signal"),
        );
        abort.abort(new Error("called off"));
        await reading;
        assertSameArray(await variable.read(), expected, "reading after an abort");
      }),
  },
];

/** Works on the first variable of two or more dimensions of the fixture's file, opened around it. */
async function withVariable(fixture: ConnectorFixture, body: (variable: Variable) => Promise<void>): Promise<void> {
  const { connector, location } = fixture;
  const file = await connector.open(location);
  try {
    await body(anyVariable(file, fixture));
  } finally {
    await file.close();
  }
}

function anyVariable(file: OpenDataset, { isTable = false }: ConnectorFixture): Variable {
  const variable = [...walk(file)].find(
    ({ shape, dtype }) => shape.length >= (isTable ? 1 : 2) && !shape.includes(0) && dtype !== "string",
  );
  assert.ok(variable, "the fixture needs a numeric variable of two or more dimensions");
  return variable;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
