-- Players: one record for each, what they may do, and how long they have played where.

CREATE TABLE user(
  id         INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE,            -- the name without case
  name       TEXT NOT NULL,                   -- as it was seen first, or last in a game
  created_at INTEGER NOT NULL,
  first_seen INTEGER NOT NULL DEFAULT 0,      -- in a game; 0: never
  last_seen  INTEGER NOT NULL DEFAULT 0,
  joins      INTEGER NOT NULL DEFAULT 0,      -- of all instances together, as are seconds
  seconds    INTEGER NOT NULL DEFAULT 0,
  notes      TEXT NOT NULL DEFAULT '',

  -- The listed flags. Who and when are those of the newest change, also of one that took the flag away.
  admin          INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1)),
  admin_by       TEXT NOT NULL DEFAULT '',
  admin_at       INTEGER NOT NULL DEFAULT 0,
  whitelisted    INTEGER NOT NULL DEFAULT 0 CHECK (whitelisted IN (0, 1)),
  whitelisted_by TEXT NOT NULL DEFAULT '',
  whitelisted_at INTEGER NOT NULL DEFAULT 0,
  banned         INTEGER NOT NULL DEFAULT 0 CHECK (banned IN (0, 1)),
  banned_by      TEXT NOT NULL DEFAULT '',
  banned_at      INTEGER NOT NULL DEFAULT 0,
  ban_reason     TEXT NOT NULL DEFAULT '',
  revision       INTEGER NOT NULL DEFAULT 0   -- of the newest change of a listed flag or a ban's reason; 0: there was none
) STRICT;

CREATE INDEX user_seen ON user(last_seen, id);
CREATE INDEX user_seconds ON user(seconds, id);
CREATE INDEX user_joins ON user(joins, id);
CREATE INDEX user_listed ON user(key) WHERE admin OR whitelisted OR banned;

-- Revisions are numbers of changes of the listed flags of all users, one after the other.
CREATE TABLE user_revision(
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO user_revision VALUES (1, 0);

-- What a user has played in an instance.
CREATE TABLE user_play(
  user       INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
  instance   TEXT NOT NULL,
  joins      INTEGER NOT NULL,                -- of all records together, as are seconds
  seconds    INTEGER NOT NULL,
  first_join INTEGER NOT NULL,
  last_join  INTEGER NOT NULL,
  last_leave INTEGER NOT NULL,                -- 0: never
  reason     TEXT NOT NULL,                   -- of the last leave
  PRIMARY KEY (user, instance)
) STRICT, WITHOUT ROWID;

-- The running totals behind it. A host begins a record anew when it has lost one.
CREATE TABLE user_total(
  user     INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
  instance TEXT NOT NULL,
  record   TEXT NOT NULL,
  joins    INTEGER NOT NULL,
  seconds  INTEGER NOT NULL,
  PRIMARY KEY (user, instance, record)
) STRICT, WITHOUT ROWID;

-- Visits that are over, the newest of each user.
CREATE TABLE user_visit(
  id       INTEGER PRIMARY KEY,
  user     INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,
  instance TEXT NOT NULL,
  record   TEXT NOT NULL,
  number   INTEGER NOT NULL,                  -- of the visit in the record
  joined   INTEGER NOT NULL,
  left_at  INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  UNIQUE (user, instance, record, number)
) STRICT;
CREATE INDEX user_visit_left ON user_visit(user, left_at, id);

-- How far a host's books of an instance were taken in.
CREATE TABLE user_mark(
  instance TEXT NOT NULL,
  book     TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  PRIMARY KEY (instance, book)
) STRICT, WITHOUT ROWID;

-- What was done to many users at once, so that it can be undone: each user as they were and as they became.
CREATE TABLE user_bulk(
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  by     TEXT NOT NULL,
  what   TEXT NOT NULL,
  undone INTEGER NOT NULL DEFAULT 0           -- when; 0: it stands
) STRICT;

CREATE TABLE user_bulk_row(
  bulk   INTEGER NOT NULL REFERENCES user_bulk(id) ON DELETE CASCADE,
  key    TEXT NOT NULL,
  before TEXT NOT NULL,                       -- JSON; empty: there was no such user
  after  TEXT NOT NULL,
  PRIMARY KEY (bulk, key)
) STRICT, WITHOUT ROWID;

-- Where players reach the games of a host; empty: where the controller does.
ALTER TABLE host ADD COLUMN player_address TEXT NOT NULL DEFAULT '';
