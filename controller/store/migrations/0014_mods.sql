-- The mods whose files the controller keeps in its folder, by the hash of their content.
CREATE TABLE mod(
  name         TEXT NOT NULL,
  version      TEXT NOT NULL, -- 1.2.3
  sha256       TEXT NOT NULL,
  sha1         TEXT NOT NULL, -- what the portal and mod packs tell of
  bytes        INTEGER NOT NULL,
  file_name    TEXT NOT NULL, -- that the game wants
  title        TEXT NOT NULL,
  author       TEXT NOT NULL,
  game         TEXT NOT NULL, -- 2.0
  dependencies TEXT NOT NULL, -- JSON, a list of texts
  flags        TEXT NOT NULL, -- JSON, a list of texts
  description  TEXT NOT NULL, -- its beginning
  source       TEXT NOT NULL, -- upload, portal, host, found
  added_at     INTEGER NOT NULL, -- milliseconds since 1970
  added_by     TEXT NOT NULL,
  deleted_at   INTEGER NOT NULL, -- the same; 0: it is not in the bin
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX mod_file ON mod(sha256);
