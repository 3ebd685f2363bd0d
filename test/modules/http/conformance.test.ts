import { sourceSample, testSource } from "twinloom/testing";
import { startHttpServer } from "../../servers/http-server.ts";
import { httpSetup } from "./shared.ts";

const files = Object.fromEntries(Object.entries(sourceSample()).map(([name, bytes]) => [`/data/${name}`, bytes]));

for (const options of [
  {},
  { validator: "weak" },
  { validator: "modified" },
  { validator: "none" },
  { ranges: false },
] as const) {
  testSource(async () => {
    const server = await startHttpServer({ files, ...options });
    const { source, dispose } = await httpSetup(server.origin);
    const folder = `${server.origin}/data/`;
    return {
      source,
      folder,
      locationOf: (name) => `${folder}${encodeURI(name)}`,
      dispose: async () => {
        await server.close();
        await dispose();
      },
    };
  });
}
