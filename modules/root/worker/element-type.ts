import type { ColumnType, MemberOf } from "./describe-tree.ts";
import { damaged } from "./failure.ts";
import type { RootObject } from "./jsroot.ts";
import { arrayColumn, type Primitive, packedPrimitive, primitive, textColumn } from "./leaf-type.ts";
import { numberOf, textOf } from "./members.ts";

// Branches of classes (TBranchElement). Numbers of types and of branches: TVirtualStreamerInfo::EReadWrite and
// TBranchElement::fType of ROOT.

/** Types of members; +20 is a fixed array, +40 an array behind a pointer. Long_t has 8 bytes in a file. */
const MEMBERS: Readonly<Record<number, Primitive>> = {
  1: primitive("int8", 1, "int8_t"),
  2: primitive("int16", 2, "int16_t"),
  3: primitive("int32", 4, "int32_t"),
  4: primitive("int64", 8, "int64_t"),
  5: primitive("float32", 4, "float"),
  6: primitive("int32", 4, "int32_t"),
  8: primitive("float64", 8, "double"),
  11: primitive("uint8", 1, "uint8_t"),
  12: primitive("uint16", 2, "uint16_t"),
  13: primitive("uint32", 4, "uint32_t"),
  14: primitive("uint64", 8, "uint64_t"),
  15: primitive("uint32", 4, "uint32_t"),
  16: primitive("int64", 8, "int64_t"),
  17: primitive("uint64", 8, "uint64_t"),
  18: primitive("bool", 1, "bool"),
};
const FIXED = 20;
const POINTER = 40;
const TSTRING = 65;
const STL = 300;
const STL_STRING = 365;
const CUSTOM = 500;

/** Elements of vectors by their names in C++. `long` has 8 bytes in a file. */
const ELEMENTS: Readonly<Record<string, number>> = {
  bool: 18,
  Bool_t: 18,
  char: 1,
  Char_t: 1,
  "signed char": 1,
  int8_t: 1,
  "unsigned char": 11,
  UChar_t: 11,
  uint8_t: 11,
  short: 2,
  Short_t: 2,
  int16_t: 2,
  "unsigned short": 12,
  UShort_t: 12,
  uint16_t: 12,
  int: 3,
  Int_t: 3,
  int32_t: 3,
  "unsigned int": 13,
  unsigned: 13,
  UInt_t: 13,
  uint32_t: 13,
  long: 4,
  Long_t: 4,
  "long long": 16,
  Long64_t: 16,
  int64_t: 16,
  "unsigned long": 14,
  ULong_t: 14,
  "unsigned long long": 17,
  ULong64_t: 17,
  uint64_t: 17,
  float: 5,
  Float_t: 5,
  double: 8,
  Double_t: 8,
};

export function isElementBranch(branch: RootObject): boolean {
  return ["TBranchElement", "TBranchSTL", "TBranchObject", "TBranchRef", "TBranchClones"].includes(
    branch._typename ?? "",
  );
}

/**
 * The values of a branch of a class; undefined where it has none of its own, because its members are branches.
 *
 * @throws When its values are of a kind that is not read.
 */
export function elementColumn(
  branch: RootObject,
  leaves: readonly RootObject[],
  { hasBranches, memberOf }: { readonly hasBranches: boolean; readonly memberOf: MemberOf },
): ColumnType | undefined {
  if (branch._typename !== "TBranchElement") throw damaged(`branches of class ${branch._typename} are not read`);
  const kind = numberOf(branch, "fType");
  const [leaf] = leaves;
  if (kind === 1 || kind === 2) return undefined;
  if (leaf === undefined || leaves.length !== 1) throw damaged(`a branch of a class has ${leaves.length} leaves`);
  // A collection whose members are branches holds the number of its elements.
  if (kind === 3 || kind === 4)
    return arrayColumn(MEMBERS[3] as Primitive, {
      leaf: { ...leaf, fTitle: "", fLen: 1 },
      headerBytes: 0,
      isJagged: false,
    });
  const type = numberOf(branch, "fStreamerType", -1);
  const isMember = numberOf(branch, "fID", -1) >= 0;
  if (kind === 31 || kind === 41) return collectionMember(basicOf(type, branch, memberOf), type, leaf);
  if (kind !== 0) throw damaged(`branches of kind ${kind} are not read`);
  if (!isMember) {
    // Its members are branches, and it has nothing of its own.
    if (hasBranches && !isCollection(className(branch))) return undefined;
    return classColumn(className(branch), 0);
  }
  const basic = basicOf(type, branch, memberOf);
  if (basic && type < POINTER) return arrayColumn(basic, { leaf, headerBytes: 0 });
  const pointed = type > POINTER && type < POINTER + FIXED ? basicOf(type - POINTER, branch, memberOf) : undefined;
  if (pointed) return arrayColumn(pointed, { leaf, headerBytes: 1, isJagged: true });
  if (type === TSTRING) return textColumn("TString", 0);
  if (type === STL_STRING) return textColumn("std::string", 6);
  if (type === STL || type === CUSTOM) return classColumn(memberClass(branch, memberOf), 6);
  throw damaged(`members of type ${typeText(type)} are not read`);
}

/** A member of the elements of a collection: for each entry the values of all elements, without a header. */
function collectionMember(basic: Primitive | undefined, type: number, leaf: RootObject): ColumnType {
  if (basic === undefined || type >= POINTER)
    throw damaged(`members of type ${typeText(type)} in collections are not read`);
  return arrayColumn(basic, { leaf, headerBytes: 0, isJagged: true });
}

function isCollection(name: string): boolean {
  return name === "string" || name.startsWith("vector<");
}

/** @param textHeader - Bytes before a string: none where it is the whole branch. */
function classColumn(name: string, textHeader: 0 | 6): ColumnType {
  if (name === "string") return textColumn("std::string", textHeader);
  const inner = /^vector<(.*)>$/.exec(name)?.[1]?.trim();
  const vector = (kind: "jagged" | "nested" | "texts", type: Primitive | undefined): ColumnType => ({
    layout: {
      kind,
      dtype: type?.dtype ?? "string",
      itemBytes: type?.bytes ?? 0,
      perRow: 1,
      headerBytes: 10,
      record: undefined,
    },
    rowShape: [],
    typeName: `std::${name}`,
  });
  if (inner === "string") return vector("texts", undefined);
  const element = elementOf(inner);
  if (element) return vector("jagged", element);
  const nested = elementOf(/^vector<(.*)>$/.exec(inner ?? "")?.[1]?.trim());
  if (nested) return vector("nested", nested);
  throw damaged(`values of class ${name} are not read`);
}

function elementOf(name: string | undefined): Primitive | undefined {
  if (name === undefined || !Object.hasOwn(ELEMENTS, name)) return undefined;
  return MEMBERS[ELEMENTS[name] as number];
}

function className(branch: RootObject): string {
  return plainClass(textOf(branch, "fClassName"));
}

/** The type of a member that is a number, or a fixed array of them. */
function basicOf(type: number, branch: RootObject, memberOf: MemberOf): Primitive | undefined {
  const number = type > FIXED && type < POINTER ? type - FIXED : type;
  const packed = ({ 9: "Double32_t", 19: "Float16_t" } as const)[number as 9 | 19];
  // The range is in the comment of the member.
  if (packed) return packedPrimitive(packed, describedMember(branch, memberOf).title);
  return MEMBERS[number];
}

/** The class of a member is in the description of the class that it is a member of. */
function memberClass(branch: RootObject, memberOf: MemberOf): string {
  return plainClass(describedMember(branch, memberOf).typeName);
}

function describedMember(branch: RootObject, memberOf: MemberOf): ReturnType<MemberOf> {
  const owner = {
    name: textOf(branch, "fClassName"),
    version: numberOf(branch, "fClassVersion"),
    checksum: numberOf(branch, "fCheckSum"),
  };
  return memberOf(owner, numberOf(branch, "fID"));
}

function plainClass(name: string): string {
  return name
    .replaceAll("std::", "")
    .replace(/^basic_string<char>$/, "string")
    .replaceAll(/\s+>/g, ">")
    .trim();
}

function typeText(type: number): string {
  const named: Readonly<Record<number, string>> = {
    9: "Double32_t",
    19: "Float16_t",
    29: "Double32_t[]",
    39: "Float16_t[]",
    49: "Double32_t[]",
    59: "Float16_t[]",
  };
  return named[type] ?? `${type} of ROOT's streamers`;
}
