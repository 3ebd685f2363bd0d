/** Installs what a client needs that does not come with Twinloom. */
export const CLIENT_PACKAGE = "npm install mqtt@5";

/** Installs what the embedded broker needs. */
export const BROKER_PACKAGE = "npm install aedes@1";
