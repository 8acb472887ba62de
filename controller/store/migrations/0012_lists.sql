-- Lists of players: how those of the instances go with the cluster's, and the changes of the cluster's, numbered.

CREATE TABLE list_mode(
  instance     TEXT PRIMARY KEY REFERENCES instance(id) ON DELETE CASCADE,
  admins       TEXT NOT NULL CHECK (admins IN ('off', 'to_game', 'both')),
  bans         TEXT NOT NULL CHECK (bans IN ('off', 'to_game', 'both')),
  whitelist    TEXT NOT NULL CHECK (whitelist IN ('off', 'to_game', 'both')),
  whitelisting TEXT NOT NULL CHECK (whitelisting IN ('', 'on', 'off')) -- empty: as the game has it
) STRICT;

-- The newest change of each name on each list, also when it was taken off: hosts are told what is newer than they know.
CREATE TABLE list_change(
  list     TEXT NOT NULL,
  key      TEXT NOT NULL,
  name     TEXT NOT NULL,
  listed   INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (list, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX list_change_revision ON list_change(list, revision);
CREATE INDEX list_change_listed ON list_change(list, key) WHERE listed;

-- Revisions grow with each change and with each start of the controller, also of one whose database was restored: its changes
-- are newer than all that hosts have heard of before.
CREATE TABLE list_revision(
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO list_revision VALUES (1, 0);

-- Whoever changes a user's flags, it is numbered here.
CREATE TRIGGER list_user_added AFTER INSERT ON user WHEN new.admin OR new.banned OR new.whitelisted BEGIN
  UPDATE list_revision SET revision = max(revision, coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'incarnation'), 0) << 20) + 3;
  INSERT INTO list_change SELECT 'admins', new.key, new.name, 1, '', revision - 2 FROM list_revision WHERE new.admin
    ON CONFLICT DO UPDATE SET name = excluded.name, listed = 1, reason = '', revision = excluded.revision;
  INSERT INTO list_change SELECT 'bans', new.key, new.name, 1, new.ban_reason, revision - 1 FROM list_revision WHERE new.banned
    ON CONFLICT DO UPDATE SET name = excluded.name, listed = 1, reason = excluded.reason, revision = excluded.revision;
  INSERT INTO list_change SELECT 'whitelist', new.key, new.name, 1, '', revision FROM list_revision WHERE new.whitelisted
    ON CONFLICT DO UPDATE SET name = excluded.name, listed = 1, reason = '', revision = excluded.revision;
END;

CREATE TRIGGER list_user_changed AFTER UPDATE ON user
WHEN old.admin <> new.admin OR old.banned <> new.banned OR old.whitelisted <> new.whitelisted OR new.banned AND old.ban_reason <> new.ban_reason BEGIN
  UPDATE list_revision SET revision = max(revision, coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'incarnation'), 0) << 20) + 3;
  INSERT INTO list_change SELECT 'admins', new.key, new.name, new.admin, '', revision - 2 FROM list_revision WHERE old.admin <> new.admin
    ON CONFLICT DO UPDATE SET name = excluded.name, listed = excluded.listed, reason = '', revision = excluded.revision;
  INSERT INTO list_change SELECT 'bans', new.key, new.name, new.banned, iif(new.banned, new.ban_reason, ''), revision - 1 FROM list_revision
    WHERE old.banned <> new.banned OR new.banned AND old.ban_reason <> new.ban_reason
    ON CONFLICT DO UPDATE SET name = excluded.name, listed = excluded.listed, reason = excluded.reason, revision = excluded.revision;
  INSERT INTO list_change SELECT 'whitelist', new.key, new.name, new.whitelisted, '', revision FROM list_revision WHERE old.whitelisted <> new.whitelisted
    ON CONFLICT DO UPDATE SET name = excluded.name, listed = excluded.listed, reason = '', revision = excluded.revision;
END;

CREATE TRIGGER list_user_gone AFTER DELETE ON user WHEN old.admin OR old.banned OR old.whitelisted BEGIN
  UPDATE list_revision SET revision = max(revision, coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'incarnation'), 0) << 20) + 3;
  UPDATE list_change SET listed = 0, reason = '', revision = (SELECT revision - 2 FROM list_revision) WHERE list = 'admins' AND key = old.key AND listed;
  UPDATE list_change SET listed = 0, reason = '', revision = (SELECT revision - 1 FROM list_revision) WHERE list = 'bans' AND key = old.key AND listed;
  UPDATE list_change SET listed = 0, reason = '', revision = (SELECT revision FROM list_revision) WHERE list = 'whitelist' AND key = old.key AND listed;
END;
