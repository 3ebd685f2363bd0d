import type { DType, Scalar } from "../../../core/index.ts";

/**
 * What elements hold that nobody has written, where no `_FillValue` says otherwise.
 *
 * @see Source: netcdf.h of the NetCDF library, NC_FILL_….
 */
const FILLS: { readonly [D in DType]: Scalar } = {
  int8: -127,
  uint8: 255,
  int16: -32767,
  uint16: 65535,
  int32: -2147483647,
  uint32: 4294967295,
  int64: -9223372036854775806n,
  uint64: 18446744073709551614n,
  float16: 9.969209968386869e36,
  float32: 9.969209968386869e36,
  float64: 9.969209968386869e36,
  bool: 0,
  string: "",
};

/** The default fill value of a type. */
export function defaultFill(dtype: DType): Scalar {
  return FILLS[dtype];
}
