-- How the mods of a pack get into an instance's folder.
ALTER TABLE instance ADD COLUMN mods_or_former INTEGER NOT NULL DEFAULT 0;    -- a start for which files are missing goes on with the set that is there
ALTER TABLE instance ADD COLUMN mods_keep_unknown INTEGER NOT NULL DEFAULT 0; -- mods that are not of the pack stay
