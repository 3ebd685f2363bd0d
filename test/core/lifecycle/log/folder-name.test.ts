import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folderOfTwin, twinOfFolder } from "../../../../core/lifecycle/log/folder-name.ts";

const names = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).filter((name) => {
  try {
    return folderOfTwin(name) !== "";
  } catch {
    return false;
  }
});

describe("The folder of a twin's log", () => {
  it("gives the name back, whatever it is", () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(twinOfFolder(folderOfTwin(name))).toBe(name);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("is safe on file systems that ignore case, have devices, or drop dots at the end", () => {
    fc.assert(
      fc.property(names, (name) => {
        const folder = folderOfTwin(name);
        expect(folder).toMatch(/^[a-z0-9._%-]+$/);
        expect(folder).not.toMatch(/^\.|\.$/);
      }),
      { seed: 2, numRuns: 1000 },
    );
    expect(
      ["ecal-testbeam", "ECal", "Strömung", ".git", "a.", "con", "nul.txt", "../x", "a b"].map(folderOfTwin),
    ).toEqual([
      "ecal-testbeam",
      "%45%43al",
      "%53tr%c3%b6mung",
      "%2egit",
      "a%2e",
      "%63on",
      "%6eul.txt",
      "..%2fx".replace(/^\./, "%2e"),
      "a%20b",
    ]);
  });

  it("is refused to names that could not be told from names of versions, and to empty and too long ones", () => {
    for (const name of ["", "  ", " ecal", "a@b", "sha256:12345678", "a\nb", "\ud800", "x".repeat(201)]) {
      expect(() => folderOfTwin(name), JSON.stringify(name)).toThrow(
        expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
      );
    }
    expect(folderOfTwin("x".repeat(200))).toHaveLength(200);
  });

  it("is not taken for one when another program made it", () => {
    expect(["%45cal", "Ecal", "%65cal", "%zz", ".x", "%ff"].map(twinOfFolder)).toEqual([
      "Ecal",
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
