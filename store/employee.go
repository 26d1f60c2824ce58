package store

import "database/sql"

// Employee is a person that models report on.
type Employee struct {
	ID                                                         int64
	EmployeeID, Pseudonym                                      string
	Title, Name, Gender, Nationality, MaritalStatus, Ethnicity string
	DateOfBirth                                                sql.Null[string]
	Status                                                     string // current employment status
	HomeAddress                                                sql.Null[int64]
	Role, Department, Site, Manager                            string
	LeftOn                                                     sql.Null[string]
}

// Employees declares the resource employee.
var Employees = declare(Resource{
	Name: "employee", Help: "a person that models report on",
	Fields: []Field{
		Text("employee_id", "the organisation's own identifier", func(e *Employee) *string { return &e.EmployeeID }).Unique(),
		Text("title", "form of address", func(e *Employee) *string { return &e.Title }).Private(),
		Text("name", "full name", func(e *Employee) *string { return &e.Name }).Private(),
		Day("dateOfBirth", "date of birth", func(e *Employee) *sql.Null[string] { return &e.DateOfBirth }).Private(),
		Text("gender", "gender", func(e *Employee) *string { return &e.Gender }).Private(),
		Text("nationality", "nationality", func(e *Employee) *string { return &e.Nationality }).Private(),
		Text("maritalStatus", "marital status", func(e *Employee) *string { return &e.MaritalStatus }).Private(),
		Text("ethnicity", "ethnicity", func(e *Employee) *string { return &e.Ethnicity }).Private(),
		Text("currentEmploymentStatus", "kind of employment", func(e *Employee) *string { return &e.Status }),
		OneOrNull("homeAddress", "address", "where the person lives", func(e *Employee) *sql.Null[int64] { return &e.HomeAddress }).Private(),
		Text("role", "what the person does; peers share it", func(e *Employee) *string { return &e.Role }),
		Text("department", "where the person works", func(e *Employee) *string { return &e.Department }),
		Text("site", "place of work", func(e *Employee) *string { return &e.Site }),
		Text("manager", "the manager's identifier", func(e *Employee) *string { return &e.Manager }),
		Day("left_on", "last day of employment", func(e *Employee) *sql.Null[string] { return &e.LeftOn }),
	},
}, func(e *Employee) *int64 { return &e.ID })
