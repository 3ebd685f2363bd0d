/** Stores a file, verifies it and checks it out, and prints how much memory that took on top of what was there before. */
import { FileObjects } from "../../../../core/lifecycle/objects/file-objects.ts";

const [, , model = "", folder = "", out = ""] = process.argv;
const objects = new FileObjects(folder);
await objects.put("warm");
const beforeKilobytes = process.resourceUsage().maxRSS;
const { digest, bytes } = await objects.putFile(model);
await objects.flush();
for await (const piece of objects.stream(digest)) void piece;
await objects.checkOut(digest, out);
const megabytes = (process.resourceUsage().maxRSS - beforeKilobytes) / 1024;
process.stdout.write(JSON.stringify({ megabytes, bytes }));
