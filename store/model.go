package store

import (
	"database/sql"
	"errors"
	"strings"
)

// Model is a reporter: what posts results, as it names itself.
type Model struct {
	Name            string // "usb-watch 1.0"
	Family, Version string // "usb-watch", "1.0"
	Scale           float64
}

// splitModel parts a reporter's name into family and version at the last space
// that a digit follows. Families are kept in lists, so a comma in one becomes a semicolon.
func splitModel(name string) (family, version string) {
	family = name
	for i := len(name) - 2; i > 0; i-- {
		if c := name[i+1]; name[i] == ' ' && c >= '0' && c <= '9' {
			family, version = name[:i], name[i+1:]
			break
		}
	}
	return strings.ReplaceAll(strings.TrimSpace(family), ",", ";"), version
}

// model returns the model of that name, and makes its row when it is first seen.
func (tx *Tx) model(name string) (Model, error) {
	m := Model{Name: name}
	err := tx.Row(`SELECT family, version, scale FROM model WHERE name = ?`, []any{name}, &m.Family, &m.Version, &m.Scale)
	if !errors.Is(err, sql.ErrNoRows) {
		return m, err
	}
	m.Scale = 1
	m.Family, m.Version = splitModel(name)
	_, err = tx.Exec(`INSERT INTO model (name, family, version, created_at) VALUES (?, ?, ?, ?)`, name, m.Family, m.Version, tx.Now)
	return m, err
}
