"""Writes the tables of test/fixtures/csv with pandas and Python's csv module, and expected.json: what pandas reads. Run
with the interpreter of .venv.
"""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent.parent / "test" / "fixtures" / "csv"


def conformance():
    """What a connector's conformance suite reads; the truth is in test/modules/csv/conformance.test.ts."""
    table = pd.DataFrame(
        {
            "row [s]": np.arange(9) * 0.5,
            "energy [MeV]": np.arange(9) * -0.25,
            "count": np.arange(9, dtype="i8") * 2**40,
            "number": np.arange(9, dtype="i4") - 4,
            "flag": np.arange(9) % 3 == 0,
            "name": ["", "a", "b,c", 'say "d"', "two\nlines", "Größe", "粒子", " space ", "é"],
        }
    )
    table.to_csv(FOLDER / "conformance.csv", index=False)


def kinds():
    """Numbers as pandas writes them: the ends of their ranges, missing values."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "float": np.concatenate([[0.1, -0.0, 1e300, 5e-324, np.nan, np.inf, -np.inf], rng.normal(size=200)]),
            "single": np.concatenate([[1.5] * 7, rng.normal(size=200)]).astype("f4"),
            "int": np.arange(207) - 100,
            "long": np.concatenate([[-(2**63), 2**63 - 1], np.arange(205)]),
            "ulong": np.concatenate([np.array([2**64 - 1], "u8"), np.arange(206, dtype="u8")]),
            "gaps": pd.array([None if i % 5 == 0 else i for i in range(207)], dtype="Int64"),
            "bool": np.arange(207) % 2 == 0,
            "time": pd.date_range("1999-12-31 23:59:58", periods=207, freq="s").astype(str),
        }
    )
    for name, options in {"kinds.csv": {}, "kinds.tsv": {"sep": "\t"}, "kinds-crlf.csv": {"lineterminator": "\r\n"}}.items():
        table.to_csv(FOLDER / name, index=False, **options)
    table.to_csv(FOLDER / "kinds-quoted.csv", index=False, quoting=csv.QUOTE_ALL, encoding="utf-8-sig")


def by_csv_module():
    """A file of a spreadsheet: semicolons, decimal commas, comments, a title, a blank line."""
    with open(FOLDER / "spreadsheet.csv", "w", newline="", encoding="utf-8") as file:
        file.write("Messung vom 21.11.\n")
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(["Ort", "Druck (hPa)", "Höhe (m)"])
        writer.writerow(["Köln; Dom", "1013,25", "12"])
        file.write("# geprüft\r\n\r\n")
        writer.writerow(["Bonn", "n. v.", "-3"])


def plain(value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return str(value)


def expected():
    """What pandas reads: floats as the shortest text that gives them back, integers as text."""
    table = pd.read_csv(FOLDER / "kinds.csv", dtype={"gaps": "Int64"})
    values = {name: [plain(v) for v in table[name]] for name in table}
    (FOLDER / "expected.json").write_text(json.dumps(values, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    conformance()
    kinds()
    by_csv_module()
    expected()
