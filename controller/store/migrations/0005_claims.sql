-- What bounds the claims of worlds (package ledger says what the numbers mean).

ALTER TABLE account ADD COLUMN given INTEGER NOT NULL DEFAULT 0 CHECK (given >= 0);
UPDATE account SET given = g;
ALTER TABLE world ADD COLUMN behind INTEGER NOT NULL DEFAULT 0 CHECK (behind IN (0, 1));
-- What was granted once and rolled back is not known of older books.
UPDATE world SET behind = 1;
INSERT INTO meta SELECT 'restored', '1' WHERE EXISTS (SELECT 1 FROM world);
