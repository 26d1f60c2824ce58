package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
	if m, ok := tx.models[name]; ok {
		return m, nil
	}
	m := Model{Name: name}
	err := tx.Row(`SELECT family, version, scale FROM model WHERE name = ?`, []any{name}, &m.Family, &m.Version, &m.Scale)
	if errors.Is(err, sql.ErrNoRows) {
		m.Scale = 1
		m.Family, m.Version = splitModel(name)
		_, err = tx.Exec(`INSERT INTO model (name, family, version, created_at) VALUES (?, ?, ?, ?)`, name, m.Family, m.Version, tx.Now)
	}
	if err != nil {
		return m, err
	}
	if tx.models == nil || len(tx.models) >= maxStmts {
		tx.models = map[string]Model{}
	}
	tx.models[name] = m
	return m, nil
}

// SetScale says what a model's full score is: scores are drawn and ranked over
// it. The alerts that hold a result of the model are ranked anew in the same
// transaction. Errors: Invalid, NotFound.
func (db *DB) SetScale(ctx context.Context, by Actor, name string, scale float64) error {
	if !(scale >= 1e-9 && scale <= 1e12) {
		return Errorf(Invalid, "a scale is a number above 0, up to 1e12")
	}
	return db.do(ctx, func(tx *Tx) error {
		var before float64
		if err := tx.Row(`SELECT scale FROM model WHERE name = ?`, []any{name}, &before); err != nil {
			return absent(err, NotFound, "there is no model %q", name)
		}
		tx.models = nil
		if _, err := tx.Exec(`UPDATE model SET scale = ? WHERE name = ?`, scale, name); err != nil {
			return err
		}
		alerts, err := tx.ids(`SELECT DISTINCT alert FROM detectionmodelresult WHERE reporter = ? AND alert IS NOT NULL`, name)
		if err != nil {
			return err
		}
		for _, id := range alerts {
			if err := rankAnew(tx, id); err != nil {
				return err
			}
		}
		return audit(tx, by, "setting", "model", 0, fmt.Sprintf("%q scale %g, was %g", name, scale, before))
	})
}

func rankAnew(tx *Tx, alert int64) error {
	a, err := loadAlert(tx, alert)
	if err != nil {
		return err
	}
	tx.changed(AlertChanged, alert)
	return a.refold(tx, window{a.first, a.last})
}
