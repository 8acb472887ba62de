-- The ledger completed (package ledger says what the numbers mean).

ALTER TABLE world ADD COLUMN question INTEGER NOT NULL DEFAULT 0; -- 0 none, 1 copied or moved?, 2 from another ledger

ALTER TABLE bus ADD COLUMN posted INTEGER NOT NULL DEFAULT 0; -- sum of admin postings
