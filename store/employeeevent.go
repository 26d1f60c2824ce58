package store

import "database/sql"

// EmployeeEvent is what happened in a person's employment.
type EmployeeEvent struct {
	ID, Employee, At   int64
	Until              sql.Null[int64]
	Kind, Text, Source string
}

// EmployeeEvents declares the resource employeeevent.
var EmployeeEvents = declare(Resource{
	Name: "employeeevent", Help: "what happened in a person's employment",
	Fields: []Field{
		One("employee", "employee", "the person", func(e *EmployeeEvent) *int64 { return &e.Employee }),
		Text("kind", "what happened", func(e *EmployeeEvent) *string { return &e.Kind }).Must().
			Among("notice_given", "left", "role_change", "leave", "access_change", "note"),
		Instant("at", "when, or from when", func(e *EmployeeEvent) *int64 { return &e.At }),
		InstantOrNull("until", "end, of what lasts", func(e *EmployeeEvent) *sql.Null[int64] { return &e.Until }),
		Text("text", "in words", func(e *EmployeeEvent) *string { return &e.Text }).Long(),
		Text("source", "where it is known from", func(e *EmployeeEvent) *string { return &e.Source }),
	},
}, func(e *EmployeeEvent) *int64 { return &e.ID })
