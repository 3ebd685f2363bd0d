/** Version of the engine: what a plugin's `engine` range is compared with. A test keeps it equal to package.json's. */
export const ENGINE_VERSION = "0.1.0";
