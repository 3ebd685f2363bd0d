import { kebab } from "./program.ts";

/** What the engine says, and what is typed in its place. */
const PHRASES: readonly (readonly [said: RegExp | string, typed: string])[] = [
  ["give `license`", "give --license"],
  ['the option `duplicates: "first"`', "--duplicates first"],
  [/times: \{ unit: ("[^"]*") \}; or give the times: times: \{ unit, values \}/, "--time-unit $1"],
  [/^(\w+)(: .* Say which one it is in: )\{ name: "[^"]*", unit: "([^"]*)" \}/, "$1$2--unit $1=$3"],
  [/Name the variable: variables: \{ (\w+): "…" \}/, "Name the variable: --var $1=…"],
  [/by `select: \{ ([^:]+): 0 \}`/, "by --slice $1=0"],
  ["ask for this one with `force`", "give --force"],
  ["Open the parts with `decode: true`", "Give --decode, or leave --raw out"],
  [
    /(?:with )?the option `(overlaps|missing|unavailable|calendars)(`: "first" or "last"|: "(fill|omit|by-date)"`)/g,
    "--$1 $3",
  ],
  [/Give a `tolerance` of (\S+) or more/, "Write value~$1 or more"],
  [/name it: (`prefix: [^`]*`)/, "name it in a twin.yaml, and give --twin: a part of twinloom/modules/http with $1"],
  [/`(unavailable|missing): "(\w+)"`/g, "--$1 $2"],
  ["Give `tls` with a certificate and its key", "Give --tls-certificate and --tls-key"],
  ["`tls` ({} trusts the system's authorities)", "`tls`"],
  ["switch them off with `metricsPort: false`", "give --without-metrics"],
  ["which the option `models` names", "which --only names"],
  ["say `insecure`", "give --insecure"],
];

/** Options of the engine that are typed under another name. */
const TYPED: Readonly<Record<string, string>> = {
  endpoints: "endpoint",
  version: "modelVersion",
  "tls.authority": "tlsCa",
  "tls.certificate": "tlsCertificate",
  "tls.key": "tlsKey",
  "tls.serverName": "tlsServerName",
  "tls.clientAuthority": "tlsClientCa",
  token: "tokenEnv",
  password: "passwordEnv",
  maxBatchSize: "maxBatch",
  maxBytes: "memory",
};

/**
 * The engine's messages tell what to call; here it is typed, where the command has such an option.
 *
 * @param options - Names of the command's options.
 */
export function typedMessage(message: string, options: readonly string[]): string {
  const replace = options.includes("replace") ? ", or give --replace" : "";
  const append = ["append", "resume"].find((option) => options.includes(option));
  const phrased = PHRASES.reduce(
    (text, [said, typed]) => text.replace(said, typed),
    message
      .replace(', or ask for it with `existing: "replace"`', replace)
      .replace(", or append to it", append === undefined ? "" : `, or give --${append}`),
  );
  const listed = phrased.replace(/`tokens\.(\d+)(?:\.(\w+))?`/g, (said, index: string, key?: string) => {
    if (!options.includes("tokens")) return said;
    return `--tokens, entry ${Number(index) + 1}${key === undefined ? "" : `, ${key}`}`;
  });
  return listed.replace(/`([a-zA-Z.]+)`/g, (said, name: string) => typedOption(name, options) ?? said);
}

/** An option of the engine as it is typed, `--tls-ca`; `undefined` where the command has none. @param name - `tls.authority` */
export function typedOption(name: string, options: readonly string[]): string | undefined {
  const option = Object.hasOwn(TYPED, name) ? TYPED[name] : name;
  return option !== undefined && options.includes(option) ? `--${kebab(option)}` : undefined;
}
