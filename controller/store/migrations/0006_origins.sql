-- What the saves said that worlds were copied from, as long as people may say that a world has moved.

ALTER TABLE world ADD COLUMN origin INTEGER NOT NULL DEFAULT 0; -- ledger.Origin

CREATE TABLE origin(
  world INTEGER NOT NULL REFERENCES world(id) ON DELETE CASCADE, -- the copy
  item  INTEGER NOT NULL REFERENCES item(id),
  e     INTEGER NOT NULL CHECK (e >= 0),
  i     INTEGER NOT NULL CHECK (i >= 0),
  ep    INTEGER NOT NULL CHECK (ep >= 0),
  ip    INTEGER NOT NULL CHECK (ip >= 0),
  e_sum INTEGER NOT NULL,
  i_sum INTEGER NOT NULL,
  PRIMARY KEY (world, item)
) STRICT, WITHOUT ROWID;
