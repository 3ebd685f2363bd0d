// Original file: protos/inference.proto


export interface ServerMetadataRequest {
}

export interface ServerMetadataRequest__Output {
}
