import { damaged } from "./failure.ts";

/** The first six bytes of an object. */
export function checkObject(view: DataView, start: number, end: number): void {
  const stated = view.getUint32(start);
  if ((stated & 0x40000000) === 0 || (stated & 0x3fffffff) !== end - start - 4) {
    throw damaged("an object does not say how many bytes it has, or others");
  }
  if ((view.getUint16(start + 4) & 0x4000) !== 0)
    throw damaged("objects that are stored member by member are not read");
}
