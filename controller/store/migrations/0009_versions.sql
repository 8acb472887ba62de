-- Which version of the game an instance runs.
ALTER TABLE instance ADD COLUMN version TEXT NOT NULL DEFAULT '';       -- stable, experimental, 2.0, 2.0.77; empty: any
ALTER TABLE instance ADD COLUMN download INTEGER NOT NULL DEFAULT 1;    -- one that is not on the host may be downloaded
