-- Which database this is: a cache that outlives it, or that several share, tells them apart by it.
CREATE TABLE identity AS SELECT abs(random() / 2048) AS number;

CREATE TABLE airline (code TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE airport (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE plane (
    id INTEGER PRIMARY KEY,
    tail TEXT NOT NULL,
    built INTEGER,
    maker TEXT NOT NULL,
    model TEXT NOT NULL,
    seats INTEGER NOT NULL
);

-- What the shop sells. `leaves` is in minutes after midnight, `fare` in dollars. `revision` goes up with every edit.
CREATE TABLE flight (
    id INTEGER PRIMARY KEY,
    airline TEXT NOT NULL REFERENCES airline (code),
    number INTEGER NOT NULL,
    origin TEXT NOT NULL REFERENCES airport (code),
    destination TEXT NOT NULL REFERENCES airport (code),
    miles INTEGER NOT NULL,
    leaves INTEGER NOT NULL,
    fare INTEGER NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    revision INTEGER NOT NULL DEFAULT 0
);

-- Every time a flight was to leave in 2013. Lateness in minutes; NULL if it was cancelled or never arrived.
CREATE TABLE departure (
    flight INTEGER NOT NULL REFERENCES flight (id),
    day INTEGER NOT NULL,
    scheduled INTEGER NOT NULL,
    left_late INTEGER,
    arrived_late INTEGER,
    plane INTEGER REFERENCES plane (id)
);

CREATE TABLE weather (
    origin TEXT NOT NULL REFERENCES airport (code),
    day INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    wind INTEGER,
    rain INTEGER,
    sight INTEGER,
    PRIMARY KEY (origin, day, hour)
) WITHOUT ROWID;
