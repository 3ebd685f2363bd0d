import { describe, expect, it, vi } from "vitest";
import { failureJson, failureText } from "../../cli/failure.ts";
import { jsonLog } from "../../cli/json-log.ts";
import { typedMessage } from "../../cli/typed-message.ts";
import { warningLog } from "../../cli/warning-log.ts";
import { createTwin, Log, resolveNeeds } from "../../core/index.ts";
import { ServerUnreachableError } from "../../modules/serving/index.ts";

/** Clears the screen, names the window, goes to the line's beginning; C1 and directions of writing. */
const HOSTILE = "no\u001b[2J\u001b]0;pwn\u0007\r\u009b2J\u202e";
const SPELT = "no\\u001b[2J\\u001b]0;pwn\\u0007\\u000d\\u009b2J\\u202e";

async function logOf(warn: (text: string) => void): Promise<{ readonly log: Log } & AsyncDisposable> {
  const twin = await createTwin({ plugins: { log: warningLog({ warn }) } });
  return { ...resolveNeeds(twin, { log: Log }), [Symbol.asyncDispose]: () => twin.stop() };
}

describe("what a server says cannot steer the terminal", () => {
  it.for([false, true])("in a failure, with stacks: %s", (debug) => {
    const error = new ServerUnreachableError(HOSTILE, { cause: new Error(HOSTILE) });
    const text = failureText(error, [], debug);
    expect(text).toContain(`twinloom: ${SPELT}\n  TWIN_SERVER_UNREACHABLE, see`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant.
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(failureJson(error, [])).toMatchObject({ error: { message: HOSTILE } });
  });

  it("in a log of warnings, nor make lines of its own", async () => {
    const warn = vi.fn<(text: string) => void>();
    await using parts = await logOf(warn);
    parts.log.warn({ endpoint: "a:1", problem: `${HOSTILE}\ntwinloom: all is well` }, "it does not answer");
    expect(warn.mock.calls).toEqual([[`a:1: it does not answer (${SPELT} twinloom: all is well)`]]);
  });

  it("in a log of JSON, which stays JSON", () => {
    const warn = vi.fn<(text: string) => void>();
    jsonLog("info", { warn }).warn({ problem: HOSTILE }, "it does not answer");
    const [[line] = [""]] = warn.mock.calls;
    expect(line).toContain("\\u009b2J\\u202e");
    expect(JSON.parse(line)).toMatchObject({ level: "warn", problem: HOSTILE });
  });
});

describe("a log of warnings", () => {
  it("tells each one once, with where and why", async () => {
    const warn = vi.fn<(text: string) => void>();
    await using parts = await logOf(warn);
    for (const problem of ["ECONNREFUSED", "ECONNREFUSED", "no route"]) {
      parts.log.warn({ endpoint: "a:1", problem }, "it does not answer");
    }
    parts.log.error({ location: "b.h5", error: new Error("it is damaged") }, "it is left out");
    parts.log.info({}, "nobody reads this");
    expect(warn.mock.calls.flat()).toEqual([
      "a:1: it does not answer (ECONNREFUSED)",
      "a:1: it does not answer (no route)",
      "b.h5: it is left out (it is damaged)",
    ]);
  });
});

describe("the engine's messages", () => {
  it.for<[string, readonly string[], string]>([
    ["give another `port`", ["port"], "give another --port"],
    ["give another `port`", [], "give another `port`"],
    ["in 200 ms (`timeoutMs`)", ["timeoutMs"], "in 200 ms (--timeout-ms)"],
    ["`tokens.1.sha256`: It must be", ["tokens"], "--tokens, entry 2, sha256: It must be"],
    ["`tls.authority`: a.pem", ["tlsCa"], "--tls-ca: a.pem"],
    [
      "Give `tls` ({} trusts the system's authorities), or say `insecure`.",
      ["tls", "insecure"],
      "Give --tls, or give --insecure.",
    ],
    ['It is there, or ask for it with `existing: "replace"`.', ["replace"], "It is there, or give --replace."],
    ['It is there, or ask for it with `existing: "replace"`.', [], "It is there."],
  ])("%s, with the options %j", ([message, options, typed]) => {
    expect(typedMessage(message, options)).toBe(typed);
  });
});
