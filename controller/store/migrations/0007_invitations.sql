-- Join codes that were given out. The secret itself is not kept: what is here proves nothing to a controller.
CREATE TABLE invitation(
  id         TEXT PRIMARY KEY, -- follows from the secret
  key        BLOB NOT NULL,    -- follows from the secret: what a host has to prove that it knows
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_by    TEXT              -- the host that has joined by it
) STRICT, WITHOUT ROWID;

-- A host that was forgotten stays, because its instances do; pairing it again brings it back.
ALTER TABLE host ADD COLUMN forgotten_at INTEGER;
