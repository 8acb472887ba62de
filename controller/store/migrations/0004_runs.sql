-- For people: which save each run began with. The oldest rows are dropped.
CREATE TABLE run(
  id      INTEGER PRIMARY KEY,
  epoch   TEXT NOT NULL UNIQUE,
  slot    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  again   INTEGER NOT NULL CHECK (again IN (0, 1)), -- an agent attached to a game that had run linked before
  start   TEXT NOT NULL,
  save    TEXT NOT NULL,
  save_at INTEGER NOT NULL, -- 0: not known
  tick    INTEGER NOT NULL
) STRICT;

CREATE INDEX run_slot ON run(slot, id);
CREATE INDEX posting_item ON posting(item, id);
