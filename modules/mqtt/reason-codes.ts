/** What a broker means by a code: 1 to 5 in MQTT 3.1.1 (section 3.2.2.3), 128 and above in MQTT 5 (section 2.4). */
const WORDS: ReadonlyMap<number, string> = new Map([
  [1, "it does not speak this version of MQTT"],
  [2, "it does not take this client id"],
  [3, "its service is not available"],
  [4, "the user name or the password is malformed or wrong"],
  [5, "this client is not allowed to"],
  [128, "it does not say why"],
  [129, "it cannot read what was sent"],
  [130, "what was sent breaks the protocol"],
  [131, "it will not, for a reason of its own"],
  [132, "it does not speak this version of MQTT"],
  [133, "it does not take this client id"],
  [134, "the user name or the password is wrong"],
  [135, "this client is not allowed to"],
  [136, "its service is not available"],
  [137, "it is busy"],
  [138, "this client is banned"],
  [139, "it is shutting down"],
  [140, "it does not take this way of authentication"],
  [141, "it heard nothing for too long"],
  [142, "another client connected with the same client id"],
  [143, "it does not take this filter of topics"],
  [144, "it does not take this topic"],
  [147, "more was sent at once than it allows"],
  [149, "the message is too large"],
  [150, "messages come too fast"],
  [151, "a quota is used up"],
  [152, "an administrator ended the connection"],
  [153, "it does not take this kind of payload"],
  [154, "it does not keep messages"],
  [155, "it does not deliver at least once"],
  [156, "another server is to be used"],
  [157, "it has moved to another server"],
  [158, "it does not share subscriptions"],
  [159, "clients connect too fast"],
  [160, "the connection lasted for as long as it may"],
  [162, "it does not take topics with + or #"],
]);

/** The codes after which trying again may help: the broker may be better by then. */
const PASSING: ReadonlySet<number> = new Set([3, 128, 131, 136, 137, 139, 141, 147, 150, 151, 152, 159, 160]);

/** `"this client is not allowed to (code 135)"`. */
export function wordsOf(code: number): string {
  return `${WORDS.get(code) ?? "it does not say why"} (code ${code})`;
}

/** The codes that other credentials may mend. Brokers answer "not allowed" also where there are none, or wrong ones. */
const OF_CREDENTIALS: ReadonlySet<number> = new Set([4, 5, 134, 135]);

/** Whether other credentials may mend it. */
export function isOfCredentials(code: number): boolean {
  return OF_CREDENTIALS.has(code);
}

/** Whether the same would be answered next time. */
export function isLasting(code: number): boolean {
  return !PASSING.has(code);
}

/** Whether a broker says that it does not speak this version of MQTT. */
export function isOfVersion(code: number | undefined): boolean {
  return code === 1 || code === 132;
}

/** Another client connected with the same client id. */
export const TAKEN_OVER = 142;
/** The message is too large. */
export const TOO_LARGE = 149;
