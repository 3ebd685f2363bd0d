"""Writes what cftime and UDUNITS say of some times and units: test/fixtures/cf/times.json, test/fixtures/units/units.json.

Run: .venv/bin/python scripts/make-cf-oracles.py (needs the program udunits2; Debian: udunits-bin)
"""

import json
import random
import re
import subprocess
from pathlib import Path

import cftime

FIXTURES = Path(__file__).parent.parent / "test" / "fixtures"
CALENDARS = [
    "standard", "gregorian", "proleptic_gregorian", "julian",
    "noleap", "365_day", "all_leap", "366_day", "360_day",
]
UNITS = {"microseconds": 86400e6, "milliseconds": 86400e3, "seconds": 86400, "minutes": 1440, "hours": 24, "days": 1}


def times():
    chance = random.Random(1582)
    cases = []
    for calendar in CALENDARS:
        for _ in range(60):
            unit, per_day = chance.choice(list(UNITS.items()))
            year = chance.choice([1, 4, 100, 1500, 1581, 1582, 1583, 1600, 1850, 1900, 1970, 2000, 2100, 9000])
            month, day = chance.randint(1, 12), chance.choice([1, 4, 15, 16, 28])
            clock = chance.choice(["", " 00:00:00", " 12:30", "T06:07:08.25", " 00:00:0.0 UTC", " 03:00:00 +05:30"])
            days = chance.choice([1, 59.5, 366, 1461, 36525, 146097.25]) * chance.choice([-1, 0.25, 1, 2])
            value = days * per_day + chance.choice([0, 0.5, 0.123456])
            units = f"{unit} since {year:04d}-{month}-{day}{clock}"
            date = cftime.num2date(value, units, calendar, only_use_cftime_datetimes=True)
            cases.append([units, calendar, value, text_of(date)])
    return cases


def text_of(date):
    """As cftime's own isoformat, which pads no negative years."""
    sign = "-" if date.year < 0 else ""
    day = f"{sign}{abs(date.year):04d}-{date.month:02d}-{date.day:02d}"
    return f"{day}T{date.hour:02d}:{date.minute:02d}:{date.second:02d}.{date.microsecond:06d}"


def write(path, cases):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n")


write(FIXTURES / "cf" / "times.json", times())
