// Original file: protos/inference.proto


export interface ModelQueuePolicy {
  'max_queue_size'?: (number);
}

export interface ModelQueuePolicy__Output {
  'max_queue_size'?: (number);
}
