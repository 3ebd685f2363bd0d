import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import {
  InvalidArgumentError,
  ModelFailedError,
  ModelInputError,
  OutOfDomainError,
  type TwinError,
} from "../../../../core/index.ts";
import {
  ModelNotServedError,
  QueueFullError,
  RemoteModelChangedError,
  ServerDrainingError,
  ServerInsecureError,
  ServerRefusedError,
  WireError,
} from "../../../../modules/serving/errors.ts";
import {
  ERROR_CODE_ENTRY,
  errorOf,
  type FailedStatus,
  type ReceivedStatus,
  STATUS,
  statusOf,
} from "../../../../modules/serving/protocol/status.ts";

const outside = new OutOfDomainError({ what: "gan", condition: "energy", value: 1, min: 2, max: 3, unit: "MeV" });
const INTERNAL: FailedStatus = {
  code: STATUS.INTERNAL,
  details: "The server failed; its log has the cause.",
  metadata: {},
  isWithheld: true,
};
const WHAT = { endpoint: "node7:8001", model: "gan" };

/** What the client's library makes of a status. */
function received({ code, details, metadata }: FailedStatus): ReceivedStatus {
  return { code, details, metadata: { get: (key) => (metadata[key] === undefined ? [] : [metadata[key]]) } };
}

it("statuses have the numbers of gRPC", () => {
  const numbers = Object.entries(status).filter(([, number]) => typeof number === "number");
  expect(STATUS).toEqual(Object.fromEntries(numbers));
});

describe("the status of a failed call", () => {
  it.each<[TwinError, keyof typeof STATUS]>([
    [new WireError("mixed"), "INVALID_ARGUMENT"],
    [new ModelInputError("gan", "noise", "missing"), "INVALID_ARGUMENT"],
    [new InvalidArgumentError("seed"), "INVALID_ARGUMENT"],
    [outside, "OUT_OF_RANGE"],
    [new ModelNotServedError("no gan2"), "NOT_FOUND"],
    [new QueueFullError("full"), "RESOURCE_EXHAUSTED"],
    [new ServerDrainingError("stops"), "UNAVAILABLE"],
    [new ServerRefusedError("who?", { status: "UNAUTHENTICATED" }), "UNAUTHENTICATED"],
    [new ServerRefusedError("not you", { status: "PERMISSION_DENIED" }), "PERMISSION_DENIED"],
    [new ModelFailedError("gan", "out of memory"), "INTERNAL"],
  ])("says what %o says", (error, name) => {
    expect(statusOf(error)).toEqual({
      code: STATUS[name],
      details: error.message,
      metadata: { [ERROR_CODE_ENTRY]: error.code },
      isWithheld: false,
    });
  });

  it("keeps to itself what is no error of ours", () => {
    for (const error of [
      new Error("password hunter2 at /srv"),
      Object.assign(new Error("x"), { code: "EACCES" }),
      "x",
    ]) {
      expect(statusOf(error)).toEqual(INTERNAL);
    }
  });

  it("keeps to itself what no request is to blame for", () => {
    for (const error of [
      Object.assign(new Error('The file "/srv/gan.onnx" cannot be read.'), { code: "TWIN_FILE_INVALID" }),
      new ServerRefusedError("odd", { status: "toString" }),
      new ServerInsecureError("node7:8001 is not encrypted"),
      new RemoteModelChangedError("node7:8001 serves another model"),
    ]) {
      expect(statusOf(error)).toEqual(INTERNAL);
    }
  });

  it.each(["UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "INVALID_ARGUMENT", "INTERNAL"] as const)(
    "keeps to itself the %s that another server said to the model that is served",
    (name) => {
      const cause = Object.assign(new Error(name), { code: STATUS[name], details: "secret" });
      expect(statusOf(errorOf(cause, { endpoint: "10.0.0.7:8001", model: "inner" }))).toEqual(INTERNAL);
    },
  );

  it.each([
    ["UNAVAILABLE", "TWIN_SERVER_DRAINING"],
    ["UNAVAILABLE", "TWIN_SERVER_UNREACHABLE"],
    ["DEADLINE_EXCEEDED", "TWIN_SERVER_UNREACHABLE"],
    ["RESOURCE_EXHAUSTED", "TWIN_QUEUE_FULL"],
  ] as const)("is UNAVAILABLE for the %s of another server (%s), without its address", (name, code) => {
    const metadata = { get: () => [code] };
    const cause = Object.assign(new Error(name), { code: STATUS[name], details: "secret", metadata });
    expect(statusOf(errorOf(cause, { endpoint: "10.0.0.7:8001", model: "inner" }))).toEqual({
      code: STATUS.UNAVAILABLE,
      details: "The model is remote itself, and its server did not answer; the log of this one has the cause.",
      metadata: { [ERROR_CODE_ENTRY]: "TWIN_SERVER_UNREACHABLE" },
      isWithheld: true,
    });
  });

  it("is that of a cancelled call, or of one whose time is up", () => {
    expect(statusOf(AbortSignal.abort().reason)).toMatchObject({ code: STATUS.CANCELLED, metadata: {} });
    expect(statusOf(new DOMException("late", "TimeoutError"))).toMatchObject({ code: STATUS.DEADLINE_EXCEEDED });
  });

  it("is told by the code where another copy of the SDK threw the error", () => {
    const foreign = Object.assign(new Error("full"), { code: "TWIN_QUEUE_FULL" });
    expect(statusOf(foreign)).toMatchObject({ code: STATUS.RESOURCE_EXHAUSTED, details: "full" });
  });

  it.each([
    ["x".repeat(4096), "x".repeat(5000)],
    [`x${"😀".repeat(341)}`, `x${"😀".repeat(5000)}`],
    [`xx${"\u00e9".repeat(682)}`, `xx${"\u00e9".repeat(4094)}`],
    ["x\ufffd", "x\ud83d"],
  ])("has details that fit into a header as it is encoded, and are well-formed", (expected, message) => {
    const { details } = statusOf(new WireError(message));
    expect(details).toBe(expected);
    expect(encodeURI(details).length).toBeLessThanOrEqual(4096);
  });
});

describe("the error of a client", () => {
  it.each<[TwinError, string]>([
    [new ModelNotServedError("No gan."), "TWIN_MODEL_NOT_SERVED"],
    [new QueueFullError("Full."), "TWIN_QUEUE_FULL"],
    [new ServerDrainingError("Stops."), "TWIN_SERVER_DRAINING"],
    [new ModelFailedError("gan", "out of memory"), "TWIN_MODEL_FAILED"],
    [new ServerRefusedError("Not you.", { status: "PERMISSION_DENIED" }), "TWIN_SERVER_REFUSED"],
    [new WireError("Mixed."), "TWIN_SERVER_REFUSED"],
    [outside, "TWIN_SERVER_REFUSED"],
  ])("for a server's %o", (error, code) => {
    const cause = received(statusOf(error));
    const back = errorOf(cause, WHAT);
    expect(back).toMatchObject({ code, cause });
    expect(back.message).toContain("node7:8001");
    expect(back.message).toContain('odel "gan"');
    expect(back.message).toContain(error.message);
  });

  it("keeps what the server said of a refusal", () => {
    expect(errorOf(received(statusOf(outside)), WHAT)).toMatchObject({
      status: "OUT_OF_RANGE",
      remoteCode: "TWIN_OUT_OF_DOMAIN",
    });
  });

  it.each([
    ["UNAVAILABLE", "TWIN_SERVER_UNREACHABLE"],
    ["DEADLINE_EXCEEDED", "TWIN_SERVER_UNREACHABLE"],
    ["INTERNAL", "TWIN_MODEL_FAILED"],
    ["UNKNOWN", "TWIN_MODEL_FAILED"],
    // A message larger than is taken; a full queue of Twinloom's would have said so.
    ["RESOURCE_EXHAUSTED", "TWIN_SERVER_REFUSED"],
    ["UNIMPLEMENTED", "TWIN_SERVER_REFUSED"],
    ["CANCELLED", "TWIN_SERVER_REFUSED"],
    ["UNAUTHENTICATED", "TWIN_SERVER_REFUSED"],
  ] as const)("for %s of any other server", (name, code) => {
    const error = errorOf({ code: STATUS[name], details: "" }, WHAT);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(new RegExp(`^(Server|Model).*It gave no reason\\. \\(${name}\\)$`));
  });

  it("as one line, whatever the server says", () => {
    const details = "no\r\ntwinloom: all is well\n  TWIN_OK\n";
    const { message } = errorOf({ code: STATUS.UNAVAILABLE, details }, WHAT);
    expect(message).toBe('Server node7:8001, model "gan": no twinloom: all is well TWIN_OK (UNAVAILABLE)');
  });

  it("for a number that gRPC does not have", () => {
    expect(errorOf({ code: 99, details: "odd" }, WHAT)).toMatchObject({
      status: "status 99",
      message: 'Server node7:8001, model "gan": odd (status 99)',
    });
  });
});
