import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/**
 * Where a licence can be looked up.
 *
 * @param license - An SPDX identifier, of which the form is checked, or a URL.
 * @throws `TWIN_INVALID_ARGUMENT`
 * @see https://spdx.org/licenses/
 */
export function licenseUrl(license: string): string {
  if (/^https?:/.test(license) && URL.canParse(license)) return license;
  if (/^[A-Za-z0-9][A-Za-z0-9.+-]*$/.test(license)) return `https://spdx.org/licenses/${license}`;
  throw new InvalidArgumentError(
    `"${license}" is no licence that others can look up: give \`license\` as an SPDX identifier (CC-BY-4.0) or a URL.`,
  );
}
