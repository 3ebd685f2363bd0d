// What sbatch, squeue, sacct, scontrol, scancel and sinfo of the fake are: they hand over what they were asked, and print
// what they are told. Plain JavaScript with few imports, for it starts at each call.
import { connect } from "node:net";

const [, , program, path, ...args] = process.argv;
let input = "";
// Only sbatch reads a script; where no file of it is given, but its server knows that.
if (program === "sbatch" && !process.stdin.isTTY) {
  process.stdin.setEncoding("utf8");
  for await (const part of process.stdin) input += part;
}
const request = { program, args, cwd: process.cwd(), env: process.env, input };
let text = "";
const socket = connect(path);
socket.setEncoding("utf8");
socket.on("error", () => {
  process.stderr.write(`${program}: error: Unable to contact slurm controller (connect failure)\n`);
  process.exitCode = 1;
});
socket.on("data", (part) => {
  text += part;
});
socket.on("end", () => {
  const answer = JSON.parse(text);
  process.stdout.write(answer.output ?? "");
  process.stderr.write(answer.error ?? "");
  process.exitCode = answer.code ?? 0;
});
// Ends with a line feed, not with the connection: a killed client is no shorter request.
socket.write(`${JSON.stringify(request)}\n`);
