import {
  checkModelInputs,
  checkModelOutputs,
  emptyModelOutputs,
  type Model,
  NdArray,
  type TensorSpec,
} from "../../../core/index.ts";

type Arrays = Readonly<Record<string, NdArray>>;

const INPUTS: Readonly<Record<string, TensorSpec>> = {
  rays: { dtype: "float32", shape: ["batch", 3] },
  power: { dtype: "float32", shape: ["batch"] },
};
const OUTPUTS: Readonly<Record<string, TensorSpec>> = { bent: { dtype: "float32", shape: ["batch", 3] } };

/** A model that keeps every promise: bends each ray by its power. */
export const lens: Model = {
  name: "lens",
  inputs: INPUTS,
  outputs: OUTPUTS,
  metadata: { glass: "crown" },
  provider: { name: "cpu" },
  async infer(inputs, { signal } = {}) {
    signal?.throwIfAborted();
    const lengths = checkModelInputs(lens, inputs);
    const outputs = emptyModelOutputs(lens, lengths) ?? checkModelOutputs(lens, bend(inputs), lengths);
    await answered(signal);
    return outputs;
  },
};

function bend({ rays, power }: Arrays): Arrays {
  const values = (rays as NdArray).values() as Float32Array;
  const powers = (power as NdArray).values() as Float32Array;
  const bent = values.map((value, i) => value * (powers[Math.floor(i / 3)] as number) + (i % 3));
  return { bent: new NdArray(bent, { dtype: "float32", shape: (rays as NdArray).shape }) };
}

/** A turn of the event loop later, or when aborted. */
async function answered(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    setImmediate(resolve);
  });
}

/** {@link lens} with other inputs or outputs than it is given or gives. */
function changing(change: { inputs?: (inputs: Arrays) => Arrays; outputs?: (outputs: Arrays) => Arrays }): Model {
  const { inputs: before = (same) => same, outputs: after = (same) => same } = change;
  return { ...lens, infer: async (inputs, options) => after(await lens.infer(before(inputs), options)) };
}

function onEach(map: (array: NdArray) => NdArray): (arrays: Arrays) => Arrays {
  return (arrays) => Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, map(array)]));
}

/** Only the inputs that the lens has; zeros for those that it misses. */
function completed(inputs: Arrays): Arrays {
  const none = (name: string): NdArray => new NdArray(new Float32Array(name === "rays" ? 6 : 2), shapeOf(name));
  return { ...inputs, rays: inputs["rays"] ?? none("rays"), power: inputs["power"] ?? none("power") };
}

function shapeOf(name: string): { readonly dtype: "float32"; readonly shape: readonly number[] } {
  return { dtype: "float32", shape: name === "rays" ? [2, 3] : [2] };
}

function known({ rays, power }: Arrays): Arrays {
  return { ...(rays && { rays }), ...(power && { power }) };
}

/** The same values as float32, whatever they were. */
function converted(array: NdArray): NdArray {
  const values = array.dtype === "string" ? new Float32Array(array.size) : Float32Array.from(array.toFloat64());
  return new NdArray(values, { dtype: "float32", shape: array.shape });
}

/** Cut, or filled with zeros, to the shape that the lens takes for so many rays. */
function reshaped(inputs: Arrays, batch: number): Arrays {
  const fitted = (name: string, shape: readonly number[]): NdArray => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    values.set((inputs[name]?.values() as Float32Array | undefined)?.subarray(0, values.length) ?? []);
    return new NdArray(values, { dtype: "float32", shape });
  };
  return { ...inputs, rays: fitted("rays", [batch, 3]), power: fitted("power", [batch]) };
}

let calls = 0;
const shared = new Float32Array(3000);

/** A fault, and a case that must notice it. */
export interface BrokenModel {
  readonly fault: string;
  /** Name of a case that fails. */
  readonly noticedBy: string;
  readonly model: Model;
}

/** One per promise that is easily broken. */
export const brokenModels: readonly BrokenModel[] = [
  {
    fault: "states another dtype than it gives",
    noticedBy: "gives the outputs that it states, with their dtypes, shapes and named axes",
    model: { ...lens, outputs: { bent: { dtype: "float64", shape: ["batch", 3] } } },
  },
  {
    fault: "gives an output that it does not state",
    noticedBy: "gives the outputs that it states, with their dtypes, shapes and named axes",
    model: changing({ outputs: (outputs) => ({ ...outputs, extra: outputs["bent"] as NdArray }) }),
  },
  {
    fault: "does not name the axes of its outputs",
    noticedBy: "gives the outputs that it states, with their dtypes, shapes and named axes",
    model: changing({ outputs: onEach((array) => array.withDims(["dim_0", "dim_1"])) }),
  },
  {
    fault: "has no name",
    noticedBy: "states its name, texts, digest and what computes it",
    model: { ...lens, name: "" },
  },
  {
    fault: "states a digest without its kind",
    noticedBy: "states its name, texts, digest and what computes it",
    model: { ...lens, digest: "0".repeat(64) },
  },
  {
    fault: "draws random numbers",
    noticedBy: "gives equal outputs for equal inputs, and others for others",
    model: changing({
      outputs: onEach(
        (array) =>
          new NdArray(
            (array.values() as Float32Array).map((v) => v + ++calls),
            array,
          ),
      ),
    }),
  },
  {
    fault: "gives the same for everything",
    noticedBy: "gives equal outputs for equal inputs, and others for others",
    model: changing({ outputs: onEach((array) => new NdArray(new Float32Array(array.size), array)) }),
  },
  {
    fault: "uses the inputs of the call that came last",
    noticedBy: "serves calls that overlap, each with its own inputs",
    model: (() => {
      let latest: Arrays = {};
      return {
        ...lens,
        async infer(inputs, options) {
          latest = inputs;
          options?.signal?.throwIfAborted();
          checkModelInputs(lens, inputs);
          await new Promise(setImmediate);
          return await lens.infer(latest, options);
        },
      } satisfies Model;
    })(),
  },
  {
    fault: "answers out of order",
    noticedBy: "answers in the order asked",
    model: {
      ...lens,
      async infer(inputs, options) {
        const outputs = await lens.infer(inputs, options);
        for (let turns = 5 - (++calls % 5); turns > 0; turns--) await new Promise(setImmediate);
        return outputs;
      },
    },
  },
  {
    fault: "reads its inputs when it gets round to it",
    noticedBy: "leaves its inputs as they are, and reads them before the call returns",
    model: {
      ...lens,
      async infer(inputs, options) {
        options?.signal?.throwIfAborted();
        await new Promise(setImmediate);
        return await lens.infer(inputs, options);
      },
    },
  },
  {
    fault: "scales its inputs in place",
    noticedBy: "leaves its inputs as they are, and reads them before the call returns",
    model: {
      ...lens,
      async infer(inputs, options) {
        const outputs = await lens.infer(inputs, options);
        const { data } = inputs["power"] as NdArray<"float32">;
        for (let i = 0; i < data.length; i++) data[i] = (data[i] as number) * 2;
        return outputs;
      },
    },
  },
  {
    fault: "gives the same memory again and again",
    noticedBy: "gives memory that is the caller's own",
    model: changing({
      outputs: onEach((array) => {
        shared.set(array.values() as Float32Array);
        return new NdArray(shared, array);
      }),
    }),
  },
  {
    fault: "takes the data of a view for the view",
    noticedBy: "takes any view, whatever its axes and unit are called",
    model: changing({
      inputs: onEach((array) =>
        array.size === 0 ? array : new NdArray(array.data, { dtype: array.dtype, shape: array.shape }),
      ),
    }),
  },
  {
    fault: "wants its own names of axes",
    noticedBy: "takes any view, whatever its axes and unit are called",
    model: changing({
      inputs: onEach((array) => {
        if (array.dims.some((name) => /^a\d$/.test(name)) && array.unit === "m") throw new TypeError("names");
        return array;
      }),
    }),
  },
  {
    fault: "takes zeros for what is missing",
    noticedBy: "refuses inputs that are missing or unknown, and names them",
    model: changing({ inputs: completed }),
  },
  {
    fault: "passes over inputs that it does not know",
    noticedBy: "refuses inputs that are missing or unknown, and names them",
    model: changing({ inputs: known }),
  },
  {
    fault: "converts whatever it gets",
    noticedBy: "refuses inputs of another dtype, and says which it takes",
    model: changing({ inputs: onEach(converted) }),
  },
  {
    fault: "cuts what is too long",
    noticedBy: "refuses inputs of another shape: more or fewer axes, and fixed lengths that differ",
    model: changing({ inputs: (inputs) => reshaped(inputs, inputs["power"]?.shape[0] ?? 0) }),
  },
  {
    fault: "lets a shared axis be the shorter one",
    noticedBy: "refuses axes of one name that have different lengths, and names the axis",
    model: changing({
      inputs: (inputs) => {
        const lengths = [inputs["rays"]?.shape[0] ?? 0, inputs["power"]?.shape[0] ?? 0];
        return reshaped(inputs, Math.min(...lengths));
      },
    }),
  },
  {
    fault: "takes only the batch that it was made for",
    noticedBy: "takes another length of each free axis",
    model: changing({
      inputs: (inputs) => {
        if (inputs["power"]?.shape[0] === 1) throw new RangeError("batch");
        return inputs;
      },
    }),
  },
  {
    fault: "fails on nothing",
    noticedBy: "gives outputs that are empty along an axis of length 0",
    model: changing({
      inputs: (inputs) => {
        if (inputs["power"]?.size === 0) throw new RangeError("empty");
        return inputs;
      },
    }),
  },
  {
    fault: "does not look at its signal first",
    noticedBy: "does nothing for a signal that is aborted already",
    model: { ...lens, infer: (inputs) => lens.infer(inputs) },
  },
  {
    fault: "looks at its signal only once",
    noticedBy: "ends the wait of calls that are aborted, and serves the others",
    model: {
      ...lens,
      async infer(inputs, options) {
        options?.signal?.throwIfAborted();
        return await lens.infer(inputs);
      },
    },
  },
  {
    fault: "serves nobody any more after an abort",
    noticedBy: "ends the wait of calls that are aborted, and serves the others",
    model: (() => {
      let isBroken = false;
      return {
        ...lens,
        async infer(inputs, options) {
          options?.signal?.addEventListener("abort", () => {
            isBroken = true;
          });
          if (isBroken) throw new Error("broken");
          return await lens.infer(inputs, options);
        },
      } satisfies Model;
    })(),
  },
];
