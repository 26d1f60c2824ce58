package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strconv"
)

// Base is where the resources live; every resource_uri starts with it.
const Base = "/data-sub/api/"

// URI returns the resource_uri of the row with that id.
func (r *Resource) URI(id int64) string {
	return string(appendURI(nil, r.Name, id))
}

func appendURI(b []byte, resource string, id int64) []byte {
	b = append(append(append(b, Base...), resource...), '/')
	return append(strconv.AppendInt(b, id, 10), '/')
}

// ID returns row's id.
func (r *Resource) ID(row any) int64 { return *r.id(row) }

// View says what of a row may be shown to the login that asks.
type View struct {
	Identity   bool     // names and the like; else they are "" and null
	Dimensions []string // further dimensions of the file: null where a row lacks one
}

// View adds the file's dimensions to see, for rows of r.
func (db *DB) View(ctx context.Context, r *Resource, see View) (v View, err error) {
	return viewOf(ctx, db, r, see)
}

// View is DB.View inside a write, which sees its own new dimensions.
func (b *Batch) View(r *Resource, see View) (View, error) {
	if b.actor.Role == Ingest {
		return View{Identity: true}, nil // it is shown what it sent
	}
	return viewOf(context.Background(), b.tx, r, see)
}

func viewOf(ctx context.Context, rd reader, r *Resource, see View) (_ View, err error) {
	if r.extra != nil {
		see.Dimensions, err = dimensions(ctx, rd)
	}
	return see, err
}

// AppendJSON appends row as the wire has it: all fields, references as URIs.
func (r *Resource) AppendJSON(b []byte, row any, see View) []byte {
	id := r.ID(row)
	b = append(b, `{"id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"resource_uri":"`...)
	b = appendURI(b, r.Name, id)
	b = append(b, '"')
	for i := range r.Fields {
		f := &r.Fields[i]
		b = append(append(append(b, `,"`...), f.Name...), `":`...)
		switch {
		case !f.Identity || see.Identity:
			b = f.appendJSON(b, f.at(row))
		case f.Type == String:
			b = append(b, `""`...)
		default:
			b = append(b, "null"...)
		}
	}
	if r.extra != nil {
		b = appendExtra(b, *r.extra(row), see.Dimensions)
	}
	return append(b, '}')
}

func appendExtra(b []byte, extra []Anomaly, known []string) []byte {
	for _, a := range extra {
		b = append(append(append(b, `,"`...), a.Name...), `":`...)
		b = appendFloat(b, a.Value)
	}
	for _, name := range known {
		if !slices.ContainsFunc(extra, func(a Anomaly) bool { return a.Name == name }) {
			b = append(append(append(b, `,"`...), name...), `":null`...)
		}
	}
	return b
}

func (f *Field) appendJSON(b []byte, p any) []byte {
	switch v := p.(type) {
	case *string:
		switch {
		case f.Type == List && *v == "":
			return append(b, "null"...)
		case f.Type == List:
			return append(b, *v...)
		}
		return appendString(b, *v)
	case *bool:
		return strconv.AppendBool(b, *v)
	case *float64:
		return appendFloat(b, *v)
	case *sql.Null[float64]:
		if v.Valid {
			return appendFloat(b, v.V)
		}
	case *sql.Null[string]:
		if v.Valid {
			return appendString(b, v.V)
		}
	case *int64:
		return f.appendInt(b, *v)
	case *sql.Null[int64]:
		if v.Valid {
			return f.appendInt(b, v.V)
		}
	case *[]int64:
		b = append(b, '[')
		for i, id := range *v {
			if i > 0 {
				b = append(b, ',')
			}
			b = f.appendInt(b, id)
		}
		return append(b, ']')
	}
	return append(b, "null"...)
}

// appendInt appends an instant, or a reference's URI.
func (f *Field) appendInt(b []byte, n int64) []byte {
	b = append(b, '"')
	if f.Type == Datetime {
		b = AppendInstant(b, n)
	} else {
		b = appendURI(b, f.Target, n)
	}
	return append(b, '"')
}

// appendFloat writes the shortest form that reads back the same, always with a
// point or an exponent, so that Python sees a float.
func appendFloat(b []byte, x float64) []byte {
	if a := math.Abs(x); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	n := len(b)
	b = strconv.AppendFloat(b, x, 'f', -1, 64)
	if slices.Contains(b[n:], '.') {
		return b
	}
	return append(b, '.', '0')
}

const hexDigits = "0123456789abcdef"

// appendString writes s as JSON: UTF-8 as it is, but for what JSON forbids and
// for further control characters, which a terminal would obey.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		high := c == 0xc2 && i+1 < len(s) && s[i+1] < 0xa0 // U+0080 to U+009F
		if c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && !high {
			continue // also the bytes of UTF-8: only valid text is stored
		}
		b = append(b, s[start:i]...)
		if high {
			i++
			c = s[i]
		}
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}
