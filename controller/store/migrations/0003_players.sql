-- What passed a world in players' inventories, and the inventories.

ALTER TABLE account ADD COLUMN ep INTEGER NOT NULL DEFAULT 0 CHECK (ep >= 0);
ALTER TABLE account ADD COLUMN ip INTEGER NOT NULL DEFAULT 0 CHECK (ip >= 0);

CREATE TABLE player(
  id          INTEGER PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,           -- the name in lower case
  name        TEXT NOT NULL,
  holder      INTEGER REFERENCES world(id),   -- NULL: the ledger
  incarnation INTEGER NOT NULL,               -- of the token
  number      INTEGER NOT NULL,
  blob        BLOB NOT NULL                   -- as the world wrote it
) STRICT;

CREATE TABLE player_item(
  player INTEGER NOT NULL REFERENCES player(id) ON DELETE CASCADE,
  item   INTEGER NOT NULL REFERENCES item(id),
  n      INTEGER NOT NULL CHECK (n > 0),
  PRIMARY KEY (player, item)
) STRICT, WITHOUT ROWID;

-- For people: how players left worlds. The oldest of each player are dropped.
CREATE TABLE player_version(
  id          INTEGER PRIMARY KEY,
  player      INTEGER NOT NULL REFERENCES player(id) ON DELETE CASCADE,
  at          INTEGER NOT NULL,
  world       INTEGER REFERENCES world(id),
  incarnation INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  blob        BLOB NOT NULL
) STRICT;

CREATE INDEX player_version_player ON player_version(player, id);

CREATE TABLE player_version_item(
  version INTEGER NOT NULL REFERENCES player_version(id) ON DELETE CASCADE,
  item    INTEGER NOT NULL REFERENCES item(id),
  n       INTEGER NOT NULL CHECK (n > 0),
  PRIMARY KEY (version, item)
) STRICT, WITHOUT ROWID;
