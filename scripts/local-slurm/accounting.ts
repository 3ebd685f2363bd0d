import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type AccountingPorts, logFile } from "./configuration.ts";
import { daemon, programOf } from "./daemon.ts";
import { freePorts } from "./ports.ts";

const run = promisify(execFile);

/** The database of what has ended, and the daemon in front of it. */
export interface Accounting {
  readonly ports: AccountingPorts;
  /** Ends the daemon in front: sacct fails, and the controller keeps what it has to tell. */
  killDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts MariaDB and slurmdbd with their files in a folder, as the user who calls. */
export async function startAccounting(folder: string): Promise<Accounting> {
  const [dbd = 0, database = 0] = await freePorts(2);
  const user = userInfo().username;
  const data = join(folder, "database");
  const socket = join(folder, "mariadb.socket");
  if (!existsSync(data)) {
    await run(programOf("mariadb-install-db") ?? "mariadb-install-db", [
      ...["--no-defaults", `--datadir=${data}`, `--user=${user}`, "--skip-test-db"],
      "--auth-root-authentication-method=normal",
    ]);
  }
  // Made anew at each start, before anybody can connect.
  const password = randomBytes(16).toString("hex");
  await writeFile(
    join(folder, "users.sql"),
    `create database if not exists slurm_acct_db;
create or replace user slurm@127.0.0.1 identified by '${password}';
grant all on slurm_acct_db.* to slurm@127.0.0.1;
`,
    { mode: 0o600 },
  );
  const mariadb = daemon({
    program: "mariadbd",
    args: [
      ...["--no-defaults", `--datadir=${data}`, `--socket=${socket}`, `--port=${database}`, `--user=${user}`],
      ...["--bind-address=127.0.0.1", "--skip-name-resolve", `--pid-file=${join(folder, "mariadb.pid")}`],
      ...[`--init-file=${join(folder, "users.sql")}`, `--log-error=${join(folder, "mariadb.log")}`],
    ],
    output: join(folder, "mariadb.output"),
    log: join(folder, "mariadb.log"),
    isReady: () => answers(database),
  });
  const conf = [
    `AuthType=auth/munge`,
    `AuthInfo=socket=${join(folder, "munge.socket")}`,
    "DbdHost=localhost",
    "DbdAddr=127.0.0.1",
    `DbdPort=${dbd}`,
    `SlurmUser=${user}`,
    `LogFile=${logFile(folder, "slurmdbd")}`,
    `PidFile=${join(folder, "slurmdbd.pid")}`,
    "StorageType=accounting_storage/mysql",
    "StorageHost=127.0.0.1",
    `StoragePort=${database}`,
    "StorageUser=slurm",
    `StoragePass=${password}`,
    "StorageLoc=slurm_acct_db",
    "CommitDelay=1",
  ];
  await writeFile(join(folder, "slurmdbd.conf"), `${conf.join("\n")}\n`, { mode: 0o600 });
  const slurmdbd = daemon({
    program: "slurmdbd",
    args: ["-D"],
    // Its configuration lies beside this file, which does not have to be there.
    env: { SLURM_CONF: join(folder, "slurm.conf") },
    output: join(folder, "slurmdbd.output"),
    log: logFile(folder, "slurmdbd"),
    isReady: () => answers(dbd),
  });
  const stop = async (): Promise<void> => {
    await slurmdbd.end("SIGTERM");
    await mariadb.end("SIGTERM");
  };
  try {
    await mariadb.begin();
    await slurmdbd.begin();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports: { dbd, database },
    killDaemon: () => slurmdbd.end("SIGKILL"),
    startDaemon: () => slurmdbd.begin(),
    stop,
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
