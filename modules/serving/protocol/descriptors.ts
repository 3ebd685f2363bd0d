import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type DescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { PackageDefinition } from "@grpc/proto-loader";

/**
 * A package definition whose descriptors every protobuf library takes, for server reflection. Those of
 * `@grpc/proto-loader` call the entries of a map field `parameters` "Parameters"; the compiler's name, which other
 * libraries insist on, is "ParametersEntry".
 */
export function mendDescriptors(definition: PackageDefinition): PackageDefinition {
  const mended = new Map<Buffer, Buffer>();
  return Object.fromEntries(
    Object.entries(definition).map(([name, member]) => {
      const files = "fileDescriptorProtos" in member ? member.fileDescriptorProtos : undefined;
      // A service has none; they come with its messages.
      if (!Array.isArray(files)) return [name, member];
      const fileDescriptorProtos = files.map((file) => {
        const known = mended.get(file) ?? mendFile(file);
        mended.set(file, known);
        return known;
      });
      return [name, { ...member, fileDescriptorProtos }];
    }),
  );
}

function mendFile(bytes: Buffer): Buffer {
  const file = fromBinary(FileDescriptorProtoSchema, bytes);
  file.messageType.forEach(mendMessage);
  return Buffer.from(toBinary(FileDescriptorProtoSchema, file));
}

function mendMessage(message: DescriptorProto): void {
  for (const entry of message.nestedType.filter(({ options }) => options?.mapEntry)) {
    const field = message.field.find(({ typeName }) => typeName === entry.name);
    if (!field) continue;
    entry.name = entryName(field.name);
    field.typeName = entry.name;
  }
  message.nestedType.forEach(mendMessage);
}

/** As the protobuf compiler names it: `batch_stats` has the entries `BatchStatsEntry`. */
function entryName(field: string): string {
  const words = field.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `${words.join("")}Entry`;
}
