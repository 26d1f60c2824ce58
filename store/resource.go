package store

import (
	"database/sql"
	"slices"
	"strings"
)

// Type is a field's type on the wire.
type Type uint8

// The types of fields, named as the wire's schema names them.
const (
	String Type = iota
	Float
	Boolean
	Date     // YYYY-MM-DD
	Datetime // an instant, UTC
	List     // contributions: JSON kept as it came
	ToOne    // a reference
	ToMany   // references
)

// Field declares one field of a resource, once: SQL, validation, JSON in and
// out, filters, schema, OpenAPI and CSV all read it from here.
type Field struct {
	Name, Help string
	Type       Type
	Null       bool     // may be null: unknown or not measured
	Need       bool     // has to be given for a new row
	Key        bool     // unique, and names the row in nested objects
	Identity   bool     // tells who the person is: shown to few, never used for triage
	Max        int      // String, List: longest text in bytes
	OneOf      []string // String: the values allowed, if not nil
	Target     string   // ToOne, ToMany: the name of the resource referred to

	at func(row any) any // the pointer into a row that scanning, binding, decoding and encoding share
}

const (
	maxText     = 4 << 10
	maxLongText = 64 << 10
)

func field[T, P any](name string, typ Type, help string, at func(*T) P) Field {
	return Field{Name: name, Type: typ, Help: help, at: func(row any) any { return at(row.(*T)) }}
}

// Text declares a string of at most 4 KiB; absent is "".
func Text[T any](name, help string, at func(*T) *string) Field {
	f := field(name, String, help, at)
	f.Max = maxText
	return f
}

// Real declares a number that has to be given.
func Real[T any](name, help string, at func(*T) *float64) Field {
	return field(name, Float, help, at).Must()
}

// RealOrNull declares a number that may be unknown.
func RealOrNull[T any](name, help string, at func(*T) *sql.Null[float64]) Field {
	return field(name, Float, help, at).orNull()
}

// Flag declares a boolean; absent is false.
func Flag[T any](name, help string, at func(*T) *bool) Field { return field(name, Boolean, help, at) }

// Day declares a date that may be unknown, kept as YYYY-MM-DD.
func Day[T any](name, help string, at func(*T) *sql.Null[string]) Field {
	return field(name, Date, help, at).orNull()
}

// Instant declares a time that has to be given, kept as microseconds since 1970.
func Instant[T any](name, help string, at func(*T) *int64) Field {
	return field(name, Datetime, help, at).Must()
}

// InstantOrNull declares a time that may be unknown.
func InstantOrNull[T any](name, help string, at func(*T) *sql.Null[int64]) Field {
	return field(name, Datetime, help, at).orNull()
}

// Raw declares a JSON list of at most 64 KiB, kept as it came; absent is null.
func Raw[T any](name, help string, at func(*T) *string) Field {
	return field(name, List, help, at).Long().orNull()
}

// One declares a reference that has to be given.
func One[T any](name, target, help string, at func(*T) *int64) Field {
	return field(name, ToOne, help, at).to(target).Must()
}

// OneOrNull declares a reference that may be absent.
func OneOrNull[T any](name, target, help string, at func(*T) *sql.Null[int64]) Field {
	return field(name, ToOne, help, at).to(target).orNull()
}

// Many declares a list of references, kept in a table of its own.
func Many[T any](name, target, help string, at func(*T) *[]int64) Field {
	return field(name, ToMany, help, at).to(target)
}

func (f Field) orNull() Field          { f.Null = true; return f }
func (f Field) to(target string) Field { f.Target = target; return f }

// Must marks a field that has to be given and not be empty.
func (f Field) Must() Field { f.Need = true; return f }

// Unique marks the business key.
func (f Field) Unique() Field { f.Key, f.Need = true, true; return f }

// Long allows 64 KiB.
func (f Field) Long() Field { f.Max = maxLongText; return f }

// Private marks a field that tells who the person is.
func (f Field) Private() Field { f.Identity = true; return f }

// Among limits the field to the given values.
func (f Field) Among(v ...string) Field { f.OneOf = v; return f }

// Anomaly is the value of a dimension beyond the four of 2014.
type Anomaly struct {
	Name  string // file_anomaly
	Value float64
}

// Resource is a table that the API serves. Its name is that of the table and in the URL.
type Resource struct {
	Name, Help string
	Fields     []Field
	Receipt    bool // keeps posted_by, created_at and a digest
	Link       Link // where its ToMany field is kept

	make  func() any
	clone func(row any) any // shallow
	id    func(row any) *int64
	fresh func(tx *Tx, row any) error // gives a new row what citd itself adds; may be nil
	own   []Field                     // columns that are not on the wire
	extra func(row any) *[]Anomaly    // further dimensions; nil: takes none
	seal  func(row any) *Receipt      // nil unless Receipt

	selects string // SELECT of all fields, without WHERE
	insert  string
	update  string
}

// Link is the table behind a ToMany field: rows of (Near, Far).
type Link struct{ Table, Near, Far string }

// Receipt says who posted a row, and when.
type Receipt struct {
	PostedBy  int64 // account
	CreatedAt int64 // microseconds since 1970
	Digest    []byte
}

// Resources are all resources, in the order in which a file can be filled.
var Resources = []*Resource{Addresses, Employees, EmployeeEvents, Evidences, Results}

// ResourceNames are the names of all resources.
func ResourceNames() (names []string) {
	for _, r := range Resources {
		names = append(names, r.Name)
	}
	return names
}

// ResourceNamed returns the resource of that name, or nil.
func ResourceNamed(name string) *Resource {
	if r := first(Resources, func(r *Resource) bool { return r.Name == name }); r != nil {
		return *r
	}
	return nil
}

// Field returns the field of that name, or nil.
func (r *Resource) Field(name string) *Field {
	return first(r.Fields, func(f Field) bool { return f.Name == name })
}

// KeyField returns the unique business key, or nil.
func (r *Resource) KeyField() *Field {
	return first(r.Fields, func(f Field) bool { return f.Key })
}

// HasIdentity reports whether rows tell who a person is.
func (r *Resource) HasIdentity() bool {
	return slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Identity })
}

// Dimensions reports whether the resource takes any key that ends in _anomaly.
func (r *Resource) Dimensions() bool { return r.extra != nil }

// declare builds the SQL of r once. rows are *T.
func declare[T any](r Resource, id func(*T) *int64) *Resource {
	r.make = func() any { return new(T) }
	r.clone = func(row any) any { c := *row.(*T); return &c }
	r.id = func(row any) *int64 { return id(row.(*T)) }
	cols, sets := []string{"id"}, []string{}
	for _, f := range r.Fields {
		if f.Type != ToMany {
			cols, sets = append(cols, f.Name), append(sets, f.Name+" = ?")
		}
	}
	read := slices.Clone(cols)
	if r.Link.Table != "" {
		read = append(read, "(SELECT json_group_array("+r.Link.Far+") FROM "+r.Link.Table+" l WHERE l."+r.Link.Near+" = "+r.Name+".id)")
	}
	r.selects = "SELECT " + strings.Join(read, ", ") + " FROM " + r.Name
	for _, f := range r.own {
		cols = append(cols, f.Name)
	}
	if r.Receipt {
		cols = append(cols, "posted_by", "created_at", "digest")
		sets = append(sets, "digest = ?")
	}
	r.insert = "INSERT INTO " + r.Name + " (" + strings.Join(cols, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(cols)-1) + ")"
	r.update = "UPDATE " + r.Name + " SET " + strings.Join(sets, ", ") + " WHERE id = ?"
	return &r
}
