-- A change of many users is made in portions, and may be interrupted between them.
ALTER TABLE user_bulk ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0; -- how many users it has not come to
ALTER TABLE user_bulk_row ADD COLUMN roles TEXT NOT NULL DEFAULT '';    -- JSON: the roles that were given and taken
