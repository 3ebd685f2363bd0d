/**
 * Fast simulation over gRPC: a server of models and generators that speaks the Open Inference Protocol, and parts that ask one.
 *
 * @module
 */
export {};
