/** Installs what a client needs that does not come with Twinloom. */
export const CLIENT_PACKAGES = "npm install @grpc/grpc-js@1 @grpc/proto-loader@0.8";

/** Installs what a server needs, all at once. */
export const SERVER_PACKAGES = `${CLIENT_PACKAGES} @grpc/reflection@1 grpc-health-check@2 prom-client@15`;
