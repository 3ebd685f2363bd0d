import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PROTO_OPTIONS } from "../modules/serving/protocol/load-protos.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const GENERATOR = fileURLToPath(new URL("../bin/proto-loader-gen-types.js", import.meta.resolve("@grpc/proto-loader")));
const PROTOS = ["protos/inference.proto"];

/** Makes `folder` anew: the types of messages as the loader gives them with the very options that it is called with. */
export async function makeProtoTypes(folder: string): Promise<void> {
  const out = resolve(folder);
  await rm(out, { recursive: true, force: true });
  const options = Object.entries(PROTO_OPTIONS).map(([name, value]) =>
    value === true ? `--${name}` : `--${name}=${value.name}`,
  );
  const files = ["--grpcLib=@grpc/grpc-js", "--importFileExtension=.ts", `--outDir=${out}`, ...PROTOS];
  await promisify(execFile)(process.execPath, [GENERATOR, ...options, ...files], { cwd: REPOSITORY });
}
