-- How games are kept running.
ALTER TABLE instance ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;          -- starts and stops that somebody asked for
ALTER TABLE instance ADD COLUMN supervision TEXT NOT NULL DEFAULT '';      -- JSON of api.Supervision; empty: as it is made
ALTER TABLE host ADD COLUMN starts_at_once INTEGER NOT NULL DEFAULT 0;     -- 0: the agent's choice
