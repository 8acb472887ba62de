package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings a database to the newest form, one transaction for each step. The file's user_version counts the steps.
// A database that holds something is backed up before.
func migrate(conn *sql.Conn, files fs.FS, backUp func() error) error {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	var version int
	if err := conn.QueryRowContext(context.Background(), "PRAGMA user_version").Scan(&version); err != nil {
		return fmt.Errorf("migrate: read the database's version: %w", err)
	}
	if version > len(names) {
		return fmt.Errorf("%w: it has version %d, this program knows %d", ErrNewer, version, len(names))
	}
	if 0 < version && version < len(names) {
		if err := backUp(); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	for n := version; n < len(names); n++ {
		script, err := fs.ReadFile(files, names[n])
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if err := step(conn, string(script), n+1); err != nil {
			return fmt.Errorf("migrate to version %d: %w", n+1, err)
		}
	}
	return nil
}

func step(conn *sql.Conn, script string, version int) error {
	ctx := context.Background()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, script)
	if err == nil {
		_, err = conn.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(version))
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = conn.ExecContext(ctx, "ROLLBACK") // fails when the error has ended the transaction already
	}
	return err
}
