export type { WorkerFailure, WorkerMessage, WorkerReply } from "./protocol.ts";
export { WorkerClient, type WorkerClientOptions, WorkerRequestError } from "./worker-client.ts";
