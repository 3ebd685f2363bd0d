// What gRPC alone adds: a server of one method that makes a shower and answers with bytes, without a protocol of ours.
// `node --conditions=@twinloom/source test/bench/bare-grpc-server.ts` prints its port.
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { createTwin } from "../../core/index.ts";
import { fastsim } from "../../modules/fastsim/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { ASK, GAN } from "./served-twin.ts";

/** About what a sparse shower takes. */
const ANSWER = Buffer.alloc(4096, 7);

const twin = await createTwin({ plugins: { network: onnx({ file: GAN, threads: 1 }), shower: fastsim() } });
const server = new Server();
server.addService(
  { ask: ASK },
  {
    ask: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on("data", async (request: Buffer) => {
        const conditions = {
          incident_energy: Float64Array.of(request.readDoubleLE(0)),
          absorber_thickness: Float64Array.of(1.4),
        };
        const asked = { conditions, eventIds: BigInt64Array.of(request.readBigInt64LE(8)), seed: 1n, batchSize: 1 };
        for await (const _ of twin.shower.generate(asked)) call.write(ANSWER);
      });
      call.on("end", () => call.end());
    },
  },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
