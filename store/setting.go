package store

import (
	"context"
	"database/sql"
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
	err = each(ctx, db, func(r *sql.Rows) error { return r.Scan(&value) }, `SELECT value FROM setting WHERE key = ?`, key)
	return value, err
}

// SetSetting changes a setting, on record.
func (db *DB) SetSetting(ctx context.Context, by Actor, key, value string) error {
	return db.do(ctx, func(tx *Tx) error { return tx.set(by, key, value, key+" "+value) })
}

// set changes a setting; said goes on record.
func (tx *Tx) set(by Actor, key, value, said string) error {
	if err := tx.keep(key, value); err != nil {
		return err
	}
	return audit(tx, by, "setting", "setting", 0, said)
}

// keep writes a setting, on no record.
func (tx *Tx) keep(key, value string) error {
	_, err := tx.Exec(`INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}
