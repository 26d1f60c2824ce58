package store

import (
	"context"
	"database/sql"
	"errors"
)

// Keys of settings.
const (
	FileID      = "file_id" // random, made with the file
	HourZone    = "zone"    // in which grids of hours are read, "Europe/London"; not set: UTC
	DisplayMode = "display" // "ids", "pseudonyms" or "names"; not set: nobody was asked yet
)

// DisplayModes are the values of DisplayMode, the most private first.
var DisplayModes = []string{"ids", "pseudonyms", "names"}

// Setting returns the value of a setting, "" if it is not set.
func (db *DB) Setting(ctx context.Context, key string) (value string, err error) {
	err = db.r.QueryRowContext(ctx, `SELECT value FROM setting WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetSetting changes a setting, on record.
func (db *DB) SetSetting(ctx context.Context, by Actor, key, value string) error {
	_, err := Write(ctx, db, func(tx *Tx) (struct{}, error) {
		return struct{}{}, tx.set(by, key, value, key+" "+value)
	})
	return err
}

// set changes a setting; said goes on record.
func (tx *Tx) set(by Actor, key, value, said string) error {
	if _, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value); err != nil {
		return err
	}
	return audit(tx, by, "setting", "setting", 0, said)
}
