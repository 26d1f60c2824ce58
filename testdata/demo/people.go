package main

import (
	"fmt"
	"strings"
	"time"
)

var (
	womensNames = strings.Fields("Ada Anouk Bela Carys Dana Edda Farah Gita Hana Ilse Ines Juno Kezia Leila Mabel Mina Nadia Noor Olga Paula Petra Rosa Saba Tamar Una")
	mensNames   = strings.Fields("Amir Bruno Chidi Dario Emre Felix Goran Hugo Imran Jonas Kamal Lars Luca Mateo Nils Omar Quinn Rafael Sven Tariq Uri Viktor Wendel Xavier Yusuf")
	lastNames   = strings.Fields("Abbey Adeyemi Barlow Bianchi Calder Castellan Dunmore Eriksen Farrow Galbraith Haddad Holloway Ivers Jansen Kaplan Kestrel Lindqvist Marchetti Mwangi Nakamura Novak Okafor Oduya Pemberton Quarles Rahimi Redfern Santos Sorley Takeda Thorne Ueda Vance Varga Whitlock Xanthos Yilmaz Zeller Ashdown Brandt")
)

var departments = []struct {
	name, role string
	people     int
	usb        int // people in a thousand who use removable storage as a habit
}{
	{"Engineering", "Engineer", 56, 250},
	{"Sales", "Account Manager", 36, 150},
	{"Operations", "Operations Analyst", 30, 80},
	{"Finance", "Accountant", 22, 40},
	{"IT", "Systems Administrator", 20, 600},
	{"HR", "HR Adviser", 12, 0},
	{"Contractors", "Contractor", 10, 300},
	{"Legal", "Counsel", 8, 0},
	{"Executive", "Director", 6, 100},
}

// part is what somebody plays in the story; most people play none.
type part string

const (
	leaker       part = "leaker"       // nights, USB and uploads to a leak site in days 41-49, gone on day 52
	leaver       part = "leaver"       // job pages, mail to a competitor, USB; gone on day 58
	keylogger    part = "keylogger"    // days 30 and 31 only; gone on day 32
	snooper      part = "snooper"      // colleagues' PCs and mail home, rising, always below the alarm level
	oncall       part = "oncall"       // innocent: administrator on call in even weeks
	nightparent  part = "nightparent"  // innocent: works at night from day 12
	honestleaver part = "honestleaver" // innocent: leaves on day 45, and that is all
	roamer       part = "roamer"       // innocent: on a trip in days 21-25
)

// cast gives the parts by department and place in it; leaves tells the day from which somebody is gone.
var (
	cast = map[string]part{
		"Engineering/17": leaker, "Sales/9": leaver, "IT/6": keylogger, "Operations/21": snooper,
		"IT/11": oncall, "Finance/4": nightparent, "Sales/20": honestleaver, "Legal/3": roamer,
	}
	leaves = map[part]int{leaker: 52, leaver: 58, keylogger: 32, honestleaver: 45}
)

// person is one employee.
type person struct {
	n    int  // place among all people, from 0
	usb  bool // uses removable storage as a habit
	part part
	left int // day from which the person is gone; 0 = stays
	employeeBody
}

// people are the 200 in a fixed order, department by department; the first of each heads it.
func people() []person {
	var all []person
	// SW001 is the seed page's Simon Walton, who may be posted beside these people: their SW ids begin at SW002.
	initials, taken := map[string]int{"SW": 1}, map[string]bool{}
	for _, d := range departments {
		head := len(all)
		for k := range d.people {
			n := len(all)
			p := person{n: n, usb: draw(1000, "usb", n) < d.usb, part: cast[fmt.Sprintf("%s/%d", d.name, k)]}
			first, last, gender := newName(n, taken)
			in := first[:1] + last[:1]
			initials[in]++
			p.employeeBody = employeeBody{
				employeeRef: employeeRef{fmt.Sprintf("%s%03d", in, initials[in])},
				Title:       map[string]string{"F": "Ms", "M": "Mr"}[gender], Name: first + " " + last, Gender: gender,
				DateOfBirth:   fmt.Sprintf("%d-%02d-%02d", 1962+draw(40, "y", n), 1+draw(12, "m", n), 1+draw(28, "d", n)),
				Nationality:   []string{"British", "British", "British", "Irish", "German", "Polish", "Indian", "Nigerian"}[draw(8, "nat", n)],
				MaritalStatus: []string{"S", "M"}[draw(2, "ms", n)], Employment: "P", Role: d.role, Department: d.name,
				Site: []string{"Halden", "Halden", "Halden", "Northgate", "Remote"}[draw(5, "site", n)],
			}
			if k > 0 {
				p.Manager = all[head].EmployeeID
			}
			if p.left = leaves[p.part]; p.left > 0 {
				p.LeftOn = moment(p.left, 0, 0).Format(time.DateOnly)
			}
			all = append(all, p)
		}
	}
	return all
}

// newName draws a name that nobody has yet.
func newName(n int, taken map[string]bool) (first, last, gender string) {
	names, gender := womensNames, "F"
	if draw(2, "g", n) == 1 {
		names, gender = mensNames, "M"
	}
	first = names[draw(25, "first", n)]
	for i := draw(40, "last", n); ; i++ {
		last = lastNames[i%40]
		if !taken[first+last] {
			taken[first+last] = true
			return first, last, gender
		}
	}
}

type employeeBody struct {
	employeeRef
	Title         string `json:"title"`
	Name          string `json:"name"`
	DateOfBirth   string `json:"dateOfBirth"`
	Gender        string `json:"gender"`
	Nationality   string `json:"nationality"`
	MaritalStatus string `json:"maritalStatus"`
	Employment    string `json:"currentEmploymentStatus"`
	Role          string `json:"role"`
	Department    string `json:"department"`
	Site          string `json:"site"`
	Manager       string `json:"manager,omitempty"` // an employee_id: a name would show where names are hidden
	LeftOn        string `json:"left_on,omitempty"`
}
