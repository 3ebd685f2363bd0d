/**
 * Generators over learned models: noise from seed and event id, conditions within the trained range.
 *
 * @module
 */
export {};
