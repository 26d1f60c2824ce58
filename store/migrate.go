package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// steps bring an older file to the newest schema: steps[0] makes 2 of 1, and so
// on. A step that was released is never changed.
var steps = []string{}

// newest is the user_version of the files that this citd makes.
func newestSchema() int { return 1 + len(steps) }

// wholeSchema is schema.sql with the steps that it does not hold yet; there are
// such steps in tests only.
func wholeSchema(schema string) string {
	for i := schemaVersion; i < newestSchema(); i++ {
		schema += fmt.Sprintf("\n%s;\nPRAGMA user_version = %d;\n", steps[i-1], i+1)
	}
	return schema
}

// migrate brings the file from an older schema to the newest in one
// transaction, after a backup that was verified. An interruption leaves the old
// schema or the new one.
func migrate(ctx context.Context, path, schema string, from int) error {
	folder := backupFolder(path)
	err := onDisk(os.MkdirAll(folder, 0o700), "cannot make "+folder)
	if err == nil {
		_, err = backupFile(ctx, path, filepath.Join(folder, fmt.Sprintf("before-schema-%d.db", newestSchema())), func(tmp string) (*Report, error) {
			_, err := inspect(ctx, tmp, schema, quickly)
			return &Report{}, err
		})
	}
	if err != nil {
		return fmt.Errorf("no backup could be made before the upgrade, so nothing was changed: %w", err)
	}
	return upgradeFile(ctx, path, schema, from)
}

// upgradeFile is migrate without the backup.
func upgradeFile(ctx context.Context, path, schema string, from int) (err error) {
	w, err := sql.Open("sqlite", dsn(path, "busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(0)", "temp_store(MEMORY)",
		"trusted_schema(0)", "cell_size_check(1)", "secure_delete(1)"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	w.SetMaxOpenConns(1)
	tx, err := w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for i := from; i < newestSchema(); i++ {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d", steps[i-1], i+1)); err != nil {
			return fmt.Errorf("upgrade from schema %d to %d: %w", i, i+1, err)
		}
		crash("migrate")
	}
	if err := checkShape(ctx, tx, path, schema); err != nil {
		return err
	}
	if n, err := orphans(ctx, tx); err != nil || n > 0 {
		return errors.Join(err, Errorf(Damaged, "after the upgrade %d rows of %s would refer to rows that are not there; nothing was changed", n, path))
	}
	return tx.Commit()
}
