package store

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
)

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
	fresh: func(tx *Tx, row any) (err error) {
		row.(*Employee).Pseudonym, err = newPseudonym(tx)
		return err
	},
	own: []Field{Text("pseudonym", "random words, shown instead of the name", func(e *Employee) *string { return &e.Pseudonym })},
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

var (
	pseudonymTones = strings.Fields("Amber Ash Azure Birch Blue Bronze Brown Cedar Cherry Clay Cobalt Copper Coral Crimson Cyan Dawn Dusk Ebony Elm Fern Flint Frost Ginger Gold Green Grey Hazel Indigo Iron Ivory Ivy Jade Khaki Lemon Lilac Lime Maple Mauve Mint Moss Navy Oak Ochre Olive Onyx Opal Orange Peach Pearl Pine Plum Quartz Red Rose Ruby Rust Sand Silver Slate Teal Umber Violet White Yellow")
	pseudonymBirds = strings.Fields("Auk Avocet Bittern Bunting Buzzard Chough Coot Crane Crow Curlew Dipper Dove Duck Dunlin Eagle Egret Eider Falcon Finch Gannet Godwit Goose Grebe Grouse Gull Harrier Hawk Heron Hobby Ibis Jay Kestrel Kite Knot Lark Linnet Magpie Martin Merlin Osprey Ouzel Owl Petrel Pigeon Pipit Plover Quail Rail Raven Robin Rook Ruff Siskin Skua Snipe Stork Swan Swift Teal Tern Thrush Tit Wren Wigeon")
)

// newPseudonym draws words at random, not from the person: nothing leads back.
// With many people the number grows, so that the next draw is soon a free one.
func newPseudonym(tx *Tx) (string, error) {
	for try := range 100 {
		tone, bird := pseudonymTones[rand.IntN(len(pseudonymTones))], pseudonymBirds[rand.IntN(len(pseudonymBirds))] //nolint:gosec // a name, not a secret
		name := fmt.Sprintf("%s %s %d", tone, bird, 10+rand.IntN(90*(1+try*try)))                                    //nolint:gosec // likewise
		var taken bool
		if err := tx.Row(`SELECT EXISTS (SELECT 1 FROM employee WHERE pseudonym = ?)`, []any{name}, &taken); err != nil || !taken {
			return name, err
		}
	}
	return "", Errorf(Internal, "no free pseudonym found")
}
