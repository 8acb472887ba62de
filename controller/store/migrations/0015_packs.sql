-- Mod packs. What a pack holds is in its revisions, of which the last one counts.
CREATE TABLE pack(
  id       TEXT PRIMARY KEY,
  name_key TEXT NOT NULL UNIQUE, -- the name in lower case
  revision INTEGER NOT NULL      -- the last
) STRICT, WITHOUT ROWID;

CREATE TABLE pack_revision(
  pack       TEXT NOT NULL REFERENCES pack(id) ON DELETE CASCADE,
  revision   INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  changed_by TEXT NOT NULL,
  change     TEXT NOT NULL,
  content    TEXT NOT NULL, -- JSON: all but the settings
  settings   BLOB NOT NULL, -- a mod-settings.dat, which tells whole numbers from others
  PRIMARY KEY (pack, revision)
) STRICT;

ALTER TABLE instance ADD COLUMN pack TEXT REFERENCES pack(id); -- null: its mods are left as they are
