-- Flagged packages somebody has looked at, with the verdict they had then. A scan rewrites `packages`.
CREATE TABLE looked_at (
    path    BLOB PRIMARY KEY,
    verdict INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

DROP INDEX packages_by_purl;
CREATE INDEX packages_by_path ON packages (path);
