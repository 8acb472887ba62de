-- Instances move between hosts and are deleted.
CREATE TABLE leftover( -- a folder on a host that goes into the bin there
  instance TEXT NOT NULL, -- may be deleted
  host     TEXT NOT NULL,
  PRIMARY KEY (instance, host)
) STRICT, WITHOUT ROWID;
