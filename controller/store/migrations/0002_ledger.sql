-- The ledger completed (package ledger says what the numbers mean).

ALTER TABLE world ADD COLUMN question INTEGER NOT NULL DEFAULT 0; -- 0 none, 1 copied or moved?, 2 from another ledger
ALTER TABLE world ADD COLUMN tick INTEGER NOT NULL DEFAULT 0 CHECK (tick >= 0); -- of the world's clock

ALTER TABLE account ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0);
ALTER TABLE account ADD COLUMN top INTEGER NOT NULL DEFAULT 0 CHECK (top >= 0);
ALTER TABLE account ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;
UPDATE account SET top = e;
-- Of freshness (thousandths) or temperature (degrees).
ALTER TABLE account ADD COLUMN e_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN g_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN i_sum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bus ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;

ALTER TABLE bus ADD COLUMN posted INTEGER NOT NULL DEFAULT 0; -- sum of admin postings

-- For people; append only, the oldest rows are dropped. It is made anew, because not every posting is of a world.
CREATE TABLE posting_2(
  id    INTEGER PRIMARY KEY,
  at    INTEGER NOT NULL,
  world INTEGER REFERENCES world(id), -- NULL: of none
  epoch TEXT NOT NULL,
  kind  INTEGER NOT NULL,             -- ledger.PostingKind
  item  INTEGER NOT NULL REFERENCES item(id),
  qty   INTEGER NOT NULL
) STRICT;
INSERT INTO posting_2 SELECT id, at, world, epoch, kind, item, qty FROM posting;
DROP TABLE posting;
ALTER TABLE posting_2 RENAME TO posting;

CREATE TABLE policy(
  id     INTEGER PRIMARY KEY CHECK (id = 1), -- of items that have no rule of their own
  strict INTEGER NOT NULL CHECK (strict IN (0, 1)),
  fair   INTEGER NOT NULL CHECK (fair IN (0, 1)),
  most   INTEGER NOT NULL,                   -- limit, 0: none
  aging  INTEGER NOT NULL CHECK (aging IN (0, 1)),
  burst  INTEGER NOT NULL,
  rate   INTEGER NOT NULL
) STRICT;

CREATE TABLE policy_item(
  name    TEXT NOT NULL,
  quality TEXT NOT NULL,
  strict  INTEGER NOT NULL CHECK (strict IN (0, 1)),
  fair    INTEGER NOT NULL CHECK (fair IN (0, 1)),
  most    INTEGER NOT NULL,
  PRIMARY KEY (name, quality)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_slot(
  slot     TEXT PRIMARY KEY,
  priority INTEGER NOT NULL,
  weight   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_reserve(
  slot    TEXT NOT NULL,
  name    TEXT NOT NULL,
  quality TEXT NOT NULL,
  qty     INTEGER NOT NULL,
  PRIMARY KEY (slot, name, quality)
) STRICT, WITHOUT ROWID;

-- What worlds have told of their game.
CREATE TABLE spoil(
  item   INTEGER PRIMARY KEY REFERENCES item(id),
  ticks  INTEGER NOT NULL CHECK (ticks > 0),
  result INTEGER REFERENCES item(id) -- NULL: nothing
) STRICT;
