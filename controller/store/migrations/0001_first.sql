-- Times are Unix milliseconds. Counts are whole numbers.

CREATE TABLE meta(
  key   TEXT PRIMARY KEY, -- ledger, incarnation, port
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE host(
  id            TEXT PRIMARY KEY, -- hash of its key
  name          TEXT NOT NULL,
  addresses     TEXT NOT NULL,    -- JSON array of address:port, the best first
  discovered_by TEXT NOT NULL,
  version       TEXT NOT NULL,
  game_version  TEXT NOT NULL,
  os            TEXT NOT NULL,
  paired_at     INTEGER NOT NULL,
  last_seen     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE instance(
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE COLLATE NOCASE,
  host       TEXT NOT NULL REFERENCES host(id),
  running    INTEGER NOT NULL CHECK (running IN (0, 1)), -- desired
  seed       INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit(
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  who    TEXT NOT NULL,
  source TEXT NOT NULL, -- where they called from
  what   TEXT NOT NULL,
  target TEXT NOT NULL,
  result TEXT NOT NULL
) STRICT;

-- The ledger (package ledger says what the numbers mean).

CREATE TABLE item(
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL,
  quality TEXT NOT NULL,
  UNIQUE (name, quality)
) STRICT;

CREATE TABLE world(
  id          INTEGER PRIMARY KEY,
  world       TEXT NOT NULL UNIQUE,
  slot        TEXT UNIQUE, -- leased to; NULL: nowhere
  from_ledger TEXT NOT NULL,
  from_world  TEXT NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE account(
  world INTEGER NOT NULL REFERENCES world(id),
  item  INTEGER NOT NULL REFERENCES item(id),
  e     INTEGER NOT NULL CHECK (e >= 0),
  g     INTEGER NOT NULL CHECK (g >= 0),
  i     INTEGER NOT NULL CHECK (i >= 0),
  owed  INTEGER NOT NULL CHECK (owed >= 0),
  PRIMARY KEY (world, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE bus(
  item INTEGER PRIMARY KEY REFERENCES item(id),
  qty  INTEGER NOT NULL CHECK (qty >= 0)
) STRICT;

-- For people; append only, the oldest rows are dropped.
CREATE TABLE posting(
  id    INTEGER PRIMARY KEY,
  at    INTEGER NOT NULL,
  world INTEGER NOT NULL REFERENCES world(id),
  epoch TEXT NOT NULL,
  kind  INTEGER NOT NULL, -- 1 export, 2 grant, 3 reconcile, 4 debt, 5 repay
  item  INTEGER NOT NULL REFERENCES item(id),
  qty   INTEGER NOT NULL
) STRICT;
