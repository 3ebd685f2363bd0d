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


def units():
    """`[from, to, y(0), y(1)]` of the line that converts; null where the units do not convert. UDUNITS prints 6 digits."""
    pairs = [line.split(" -> ") for line in PAIRS.strip().splitlines()]
    return [[source, target, *points(source, target)] for source, target in pairs]


def points(source, target):
    # In brackets, as the program takes leading numbers for values.
    command = ["udunits2", "-H", f"({source})", "-W", target]
    answer = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    line = re.search(r"= (?:(\S+)\*)?\(?x/.*?\)\)?(?: ([+-]) (\S+))?$", answer.strip(), re.MULTILINE)
    if not line:
        return [None, None]
    scale = float(line[1] or 1)
    offset = float((line[2] or "+") + (line[3] or "0"))
    return [offset, scale + offset]


PAIRS = """
kg m-2 s-1 -> g m^-2 h^-1
W m^-2 -> kW/m2
m/s -> km/h
mm/day -> m s-1
mm per day -> inch/year
10^6 m2 -> km2
1e-3 -> percent
% -> ppm
degC -> K
degC -> degF
Celsius -> kelvins
degK -> deg_C
K @ 273.15 -> K
degC/m -> K/km
degC m -> K m
J kg-1 K-1 -> cal g-1 degC-1
hPa -> mbar
millibars -> Pa
mb -> hPa
atm -> bar
torr -> hPa
mmHg -> Pa
inHg -> hPa
mm H2O -> Pa
MeV -> GeV
GeV -> J
keV/um -> MeV/cm
barn -> fm2
degrees_north -> radian
degrees_west -> degrees_east
arc_second -> degree
µm -> nm
Angstrom -> nm
kilometers -> nautical_mile
feet -> m
acre -> m
m2 s-2 -> J kg-1
kg-m -> g.cm
W/m2 K -> W m-2 K
m2/(s K) -> cm2 s-1 K-1
(m s)-1 -> m-1 s-1
m**2 -> cm2
Mg/ha -> kg m-2
day -> h
year -> days
month -> day
weeks -> s
liters -> dm3
DU -> mol m-2
ppmv -> mol/mol
Sv -> m3 s-1
sverdrup -> km3/h
knots -> m/s
dyne cm-2 -> Pa
erg s-1 -> W
lb -> g
Hz -> s-1
1/s -> kHz
Gy -> erg/g
V/m -> kV cm-1
T -> gauss
Ci -> GBq
u -> kg
e -> C
count -> 1
meterz -> m
K -> m
kg m-2 s-1 -> mm/day
"""

write(FIXTURES / "cf" / "times.json", times())
write(FIXTURES / "units" / "units.json", units())
