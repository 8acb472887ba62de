-- Who may do what. A role is a set of permissions; users are named as the table of users keys them.
CREATE TABLE role(
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  key         TEXT NOT NULL UNIQUE, -- the name without case
  description TEXT NOT NULL,
  grants      TEXT NOT NULL,        -- JSON: a list of permissions with the hosts and instances that each is limited to
  revision    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user_role(
  user TEXT NOT NULL REFERENCES user(key) ON DELETE CASCADE ON UPDATE CASCADE,
  role TEXT NOT NULL REFERENCES role(id) ON DELETE CASCADE,
  PRIMARY KEY(user, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_role_by_role ON user_role(role, user);

-- Keys with which programs elsewhere speak for a user. The key itself never leaves its machine.
CREATE TABLE user_key(
  id        TEXT PRIMARY KEY, -- hash of the public key
  user      TEXT NOT NULL REFERENCES user(key) ON DELETE CASCADE ON UPDATE CASCADE,
  machine   TEXT NOT NULL,
  made_at   INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  source    TEXT NOT NULL     -- address, last
) STRICT, WITHOUT ROWID;
CREATE INDEX user_key_by_user ON user_key(user);

ALTER TABLE invitation ADD COLUMN user TEXT; -- for whom the one who uses it speaks; NULL: it lets in a host
