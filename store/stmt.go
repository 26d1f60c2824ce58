package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"regexp"
	"strings"
)

// kept is a statement of the writer, prepared once. Changes and single rows go
// to the driver directly: database/sql's bookkeeping costs a fifth of a post,
// and serves connections that are shared, which the writer's is not.
type kept struct {
	stmt  driver.Stmt
	rows  *sql.Stmt // for Query; nil until it is first used
	edits bool      // changes or deletes what the API's lists tell
}

var (
	edits    = regexp.MustCompile(`^(?:UPDATE|DELETE FROM) (?:address|employee|employeeevent|detectionevidence|detectionmodelresult|result_evidence|anomaly|dimension)\b`)
	unlisted = regexp.MustCompile(`^UPDATE detectionmodelresult SET (?:alert|decision|digest) = `)
)

func (k *kept) close() error {
	err := k.stmt.Close()
	if k.rows != nil {
		err = errors.Join(err, k.rows.Close())
	}
	return err
}

// prepare returns the statement for q. Few texts are in use; filters of a DELETE may bring more.
func (tx *Tx) prepare(q string) (*kept, error) {
	db := tx.db
	if k := db.stmts[q]; k != nil {
		return k, nil
	}
	k := &kept{edits: edits.MatchString(q) && !unlisted.MatchString(q)}
	err := db.conn.Raw(func(conn any) (err error) {
		k.stmt, err = conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), q)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(db.stmts) >= maxStmts {
		if err := db.forget(); err != nil {
			return nil, err
		}
	}
	db.stmts[q] = k
	return k, nil
}

// forget closes the writer's statements.
func (db *DB) forget() (err error) {
	for _, k := range db.stmts {
		err = errors.Join(err, k.close())
	}
	clear(db.stmts)
	return err
}

// bound turns arguments into what the driver takes.
func (tx *Tx) bound(args []any) ([]driver.NamedValue, error) {
	nv := tx.db.bound[:0]
	for i, a := range args {
		switch a.(type) {
		case nil, int64, float64, bool, string, []byte:
		default:
			v, err := driver.DefaultParameterConverter.ConvertValue(a)
			if err != nil {
				return nil, err
			}
			a = v
		}
		nv = append(nv, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	tx.db.bound = nv
	return nv, nil
}

// Exec runs q, prepared once.
func (tx *Tx) Exec(q string, args ...any) (sql.Result, error) {
	tx.wrote = true
	k, err := tx.prepare(q)
	if err != nil {
		return nil, err
	}
	nv, err := tx.bound(args)
	if err != nil {
		return nil, err
	}
	tx.edited = tx.edited || k.edits
	return k.stmt.(driver.StmtExecContext).ExecContext(context.Background(), nv)
}

// Query runs q, prepared once. Close the rows before the next statement that changes them.
func (tx *Tx) Query(q string, args ...any) (*sql.Rows, error) {
	k, err := tx.prepare(q)
	if err == nil && k.rows == nil {
		k.rows, err = tx.db.conn.PrepareContext(context.Background(), q)
	}
	if err != nil {
		return nil, err
	}
	return k.rows.Query(args...)
}

// Row scans the one row that q gives into dest; sql.ErrNoRows if there is none.
func (tx *Tx) Row(q string, args []any, dest ...any) error {
	rows, err := tx.rows(q, args)
	if err != nil {
		return err
	}
	row := make(values, len(dest))
	err = rows.Next(row)
	if errors.Is(err, io.EOF) {
		err = sql.ErrNoRows
	}
	if err == nil {
		err = row.Scan(dest...)
	}
	return errors.Join(err, rows.Close())
}

// rows runs q past database/sql, as Exec does.
func (tx *Tx) rows(q string, args []any) (driver.Rows, error) {
	tx.wrote = tx.wrote || strings.Contains(q, "RETURNING")
	k, err := tx.prepare(q)
	if err != nil {
		return nil, err
	}
	nv, err := tx.bound(args)
	if err != nil {
		return nil, err
	}
	return k.stmt.(driver.StmtQueryContext).QueryContext(context.Background(), nv)
}

// values is a row as the driver gives it.
type values []driver.Value

// Scan puts the row into variables, as sql.Rows does.
func (v values) Scan(dest ...any) error {
	for i, d := range dest {
		if err := scan(d, v[i]); err != nil {
			return err
		}
	}
	return nil
}

// scan puts a value of SQLite's into a variable: the common kinds at once, the
// others as database/sql does it.
func scan(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *bool:
		if n, ok := v.(int64); ok {
			*d = n != 0
			return nil
		}
	case *int:
		if n, ok := v.(int64); ok {
			*d = int(n)
			return nil
		}
	case *float64:
		if x, ok := v.(float64); ok {
			*d = x
			return nil
		}
	case *sql.Null[int64]:
		if d.V, d.Valid = v.(int64); d.Valid || v == nil {
			return nil
		}
	case *sql.Null[float64]:
		if d.V, d.Valid = v.(float64); d.Valid || v == nil {
			return nil
		}
	}
	return scanSlow(dest, v)
}

// scanSlow covers the rest with sql.Null, which converts as database/sql does.
func scanSlow(dest any, v driver.Value) error {
	if s, ok := dest.(sql.Scanner); ok {
		return s.Scan(v)
	}
	switch d := dest.(type) {
	case *int64:
		return convert(d, v)
	case *int:
		return convert(d, v)
	case *float64:
		return convert(d, v)
	case *string:
		return convert(d, v)
	case *bool:
		return convert(d, v)
	case *[]byte:
		return convert(d, v)
	case *Role:
		return convert(d, v)
	case *State:
		return convert(d, v)
	case *Action:
		return convert(d, v)
	case *AccountKind:
		return convert(d, v)
	}
	return errors.New("cannot read a row into that kind of variable")
}

func convert[T any](dest *T, v driver.Value) error {
	var n sql.Null[T]
	err := n.Scan(v)
	if err == nil && !n.Valid {
		var empty []byte
		if d, ok := any(dest).(*[]byte); ok {
			*d = empty // NULL is no bytes
			return nil
		}
		return errors.New("NULL where a value was expected")
	}
	*dest = n.V
	return err
}
