import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import {
  artifact,
  compositionOf,
  definePlan,
  file,
  planDocument,
  planFromDocument,
  runPlan,
  type StepHandle,
  type TwinTask,
} from "../../../core/index.ts";
import { make, sampleTwin, sum } from "./sample-twin.ts";

const tasks: readonly TwinTask[] = [
  { part: "calculator", task: make },
  { part: "calculator", task: sum },
];

describe("definePlan", () => {
  it("types parameters, inputs and outputs by the task", () => {
    definePlan("typed", (step) => {
      const numbers = step("numbers", make, { parameters: { seed: 1 } });
      expectTypeOf(numbers).toEqualTypeOf<StepHandle<"numbers">>();
      // @ts-expect-error a parameter of another type
      step("a", make, { parameters: { seed: "1" } });
      // @ts-expect-error an unknown parameter
      step("b", make, { parameters: { sed: 1 } });
      // @ts-expect-error an unknown input
      step("c", sum, { inputs: { number: numbers.outputs.numbers } });
      // @ts-expect-error an unknown output
      step("d", sum, { inputs: { numbers: numbers.outputs.total } });
    });
  });

  it("refuses two steps of one name", () => {
    expect(() =>
      definePlan("twice", (step) => {
        step("one", make);
        step("one", make);
      }),
    ).toThrow(expect.objectContaining({ code: "TWIN_INVALID_PLAN" }));
  });
});

describe("The plain form of a plan", () => {
  const plan = definePlan("two", (step) => {
    const numbers = step("numbers", make, { parameters: { seed: 7 } });
    step("total", sum, { inputs: { numbers: numbers.outputs.numbers, more: file("more.json") }, part: "calculator" });
  });

  it("names tasks, outputs and files", () => {
    expect(planDocument(plan)).toEqual({
      name: "two",
      steps: {
        numbers: { task: "make", parameters: { seed: 7 }, inputs: {} },
        total: {
          task: "calculator.sum",
          parameters: {},
          inputs: { numbers: "numbers.numbers", more: { file: "more.json" } },
        },
      },
    });
  });

  it("gives the plan back", () => {
    const document = planDocument(plan);
    const back = planFromDocument(document.name, JSON.parse(JSON.stringify(document.steps)), tasks);
    expect(back).toEqual(plan);
    expect(planDocument(back)).toEqual(document);
  });

  it("takes an artifact as a file, with its digest", () => {
    const digest = `sha256:${"1".repeat(64)}`;
    const numbers = artifact("/data/more.json", { digest });
    const { steps } = planFromDocument("one", { total: { task: "sum", inputs: { numbers } } }, tasks);
    expect(steps).toEqual({
      total: { task: sum, parameters: {}, inputs: { numbers: { file: "/data/more.json", digest } } },
    });
  });

  it("reports all that is wrong with its form", () => {
    const steps = {
      a: { task: "mak" },
      b: { task: "sum", inputs: { numbers: "a" } },
      c: { tsk: "sum" },
      d: 7,
      e: { task: "sum", inputs: { numbers: 7 } },
    };
    const problemsOf = (): unknown => {
      try {
        return planFromDocument("wrong", steps, tasks);
      } catch (error) {
        return (error as { problems: unknown }).problems;
      }
    };
    expect(problemsOf()).toMatchInlineSnapshot(`
      [
        {
          "message": "This twin has no task "mak". Did you mean "make"? There are: make, sum.",
          "path": [
            "a",
            "task",
          ],
        },
        {
          "message": ""a" is not the output of a step. Write \`step.output\`, or a file as \`!artifact path\`.",
          "path": [
            "b",
            "inputs",
            "numbers",
          ],
        },
        {
          "at": "key",
          "message": "Unknown. Did you mean "task"? There are: task, inputs, parameters.",
          "path": [
            "c",
            "tsk",
          ],
        },
        {
          "message": "Missing; it must be a string.",
          "path": [
            "c",
            "task",
          ],
        },
        {
          "message": "Invalid input: expected object, received number.",
          "path": [
            "d",
          ],
        },
        {
          "message": "It must be the output of a step, \`step.output\`, or a file, \`!artifact path\`.",
          "path": [
            "e",
            "inputs",
            "numbers",
          ],
        },
      ]
    `);
  });

  it("asks whose task is meant when several parts bring it", () => {
    const both = [...tasks, { part: "other", task: make }];
    expect(() => planFromDocument("whose", { a: { task: "make" } }, both)).toThrow(
      'Several parts bring a task "make". Say whose: calculator.make or other.make.',
    );
    const { steps } = planFromDocument("whose", { a: { task: "other.make" } }, both);
    expect(steps).toMatchObject({ a: { part: "other" } });
  });
});

describe("A plan in the composition of a twin", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-plan-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is run by its name, with parameters set from outside", async () => {
    const more = join(folder, "more.json");
    await writeFile(more, "[100]");
    const steps = {
      numbers: { task: "make", parameters: { seed: 7 } },
      total: { task: "sum", inputs: { numbers: "numbers.numbers", more: { file: more } } },
    };
    const twin = await sampleTwin({ "first-light": steps });
    try {
      const out = join(folder, "out");
      const record = await runPlan(twin, "first-light", { out, parameters: { "numbers.seed": 2, "total.scale": 10 } });
      expect(record.steps).toMatchObject({ total: { result: (0 + 2 + 4 + 100) * 10 } });
      expect(compositionOf(twin).plans).toEqual({ "first-light": steps });
      await expect(
        runPlan(twin, "first-light", { out: join(folder, "x"), parameters: { "number.seed": 2, seed: 1 } }),
      ).rejects.toMatchObject({
        code: "TWIN_INVALID_PLAN",
        problems: [
          {
            path: ["number.seed"],
            message: 'Write `step.parameter`. Did you mean "numbers"? There are: numbers, total.',
          },
          { path: ["seed"], message: "Write `step.parameter`. There are: total, numbers." },
        ],
      });
    } finally {
      await twin.stop();
    }
  });
});
