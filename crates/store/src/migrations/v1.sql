CREATE TABLE projects (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    path  BLOB NOT NULL UNIQUE,
    added INTEGER NOT NULL
) STRICT;

CREATE TABLE scans (
    id       INTEGER PRIMARY KEY,
    project  INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    finished INTEGER NOT NULL,
    worst    INTEGER,
    summary  TEXT NOT NULL
) STRICT;
CREATE INDEX scans_by_project ON scans (project, finished);

-- Project 0 stands for the package caches.
CREATE TABLE packages (
    project   INTEGER NOT NULL,
    ecosystem TEXT NOT NULL,
    name      TEXT NOT NULL,
    path      BLOB NOT NULL,
    purl      TEXT NOT NULL,
    verdict   INTEGER NOT NULL,
    score     INTEGER NOT NULL,
    scanned   INTEGER NOT NULL,
    report    TEXT NOT NULL,
    PRIMARY KEY (project, path, ecosystem, name)
) STRICT;
CREATE INDEX packages_by_purl ON packages (purl, path);
CREATE INDEX packages_by_time ON packages (scanned);

-- A daemon that starts a new journal counts from 1 again, hence the time beside the id.
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    action     TEXT NOT NULL,
    importance INTEGER NOT NULL,
    seen       INTEGER NOT NULL DEFAULT 0,
    event      TEXT NOT NULL,
    UNIQUE (id, time)
) STRICT;
CREATE INDEX events_by_time ON events (time, id);
CREATE INDEX events_unseen ON events (importance) WHERE seen = 0;

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
