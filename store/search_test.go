package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The filter language, as it is typed and as it is understood.
func TestParseSearch(t *testing.T) {
	for _, tt := range []struct {
		text string
		want string // conditions, each shortened to its beginning, with its values
		err  string
	}{
		{text: ""},
		{text: "  \t "},
		{text: "email>0.7", want: "a.email > ? [0.7]"},
		{text: "score>=0.6 results<3", want: "a.peak >= ? [0.6]; a.n < ? [3]"},
		{text: "score=1", want: "a.peak = ? [1]"},
		{text: "SCORE:1", want: "a.peak = ? [1]"},
		{text: "dept:IT", want: "citd_fold(p.department) = ? [IT]"},
		{text: "dept:it", want: "citd_fold(p.department) = ? [IT]"},
		{text: "role=engin*", want: "instr(citd_fold(p.role), ?) = 1 [ENGIN]"},
		{text: `dept:"Human Resources" id:SW001`, want: "citd_fold(p.department) = ? [HUMAN RESOURCES]; citd_fold(p.employee_id) = ? [SW001]"},
		{text: "state:new", want: "a.state = ? [new]"},
		{text: "state:review", want: "a.state = ? [in_review]"},
		{text: "is:flagged", want: "a.flagged > 0 []"},
		{text: "is:changed", want: "a.changed []"},
		{text: "model:usb-watch", want: "EXISTS model [USB-WATCH USB-WATCH]"},
		{text: "file>0.5", want: "EXISTS dimension [file_anomaly 0.5]"},
		{text: "usb", want: "word [USB]"},
		{text: `"usb stick" 14`, want: "word [USB STICK]; word [14]"},
		{text: "https://x.example/a:b", want: "word [HTTPS://X.EXAMPLE/A:B]"},
		{text: "10:30", want: "word [10:30]"},
		{text: `"a:b"`, want: "word [A:B]"},
		{text: `"never closed`, want: "word [NEVER CLOSED]"},
		{text: `""`},
		{text: "dpet:IT", err: `there is no "dpet" to filter by; there are dept, id, is, model, role, site, state, device, email, login, results, score, web, file`},
		{text: "print>0.5", err: `there is no "print"`},
		{text: "score>high", err: `write a number after score>, not "high"`},
		{text: "score>", err: "write a value after score>"},
		{text: "score>1e999", err: "write a number"},
		{text: "dept>IT", err: "write dept:IT; what dept takes is a text"},
		{text: "state:open", err: "write state: with new"},
		{text: "is:bad", err: "write is:flagged or is:changed"},
		{text: strings.Repeat("a ", 21), err: "more than 20 parts"},
		{text: strings.Repeat("a", 501), err: "longer than 500"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			s, err := parseSearch(tt.text, []Dimension{{Name: "file_anomaly", Full: 1}}, false)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || AsError(err).Kind != Invalid {
					t.Errorf("error %v; want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.brief(); got != tt.want {
				t.Errorf("understood as %q; want %q", got, tt.want)
			}
		})
	}
}

// brief shortens what a filter was understood as.
func (s *search) brief() string {
	var out []string
	for _, c := range s.scores {
		out = append(out, fmt.Sprintf("a.peak %s ? [%v]", c.op, c.value))
	}
	args := slices.Concat(s.whom, s.args)
	for _, c := range slices.Concat(s.people, s.conds) {
		n := strings.Count(c, "?")
		switch {
		case strings.Contains(c, "e.subject"):
			c, args, n = "word", args[n-1:], 1
		case strings.Contains(c, "anomaly"):
			c = "EXISTS dimension"
		case strings.Contains(c, "m.family"):
			c = "EXISTS model"
		}
		out = append(out, fmt.Sprint(c, " ", args[:n]))
		args = args[n:]
	}
	return strings.Join(out, "; ")
}

// Whatever is typed is understood or refused in words; what is understood runs.
func FuzzParseSearch(f *testing.F) {
	for _, s := range []string{`email>0.7 dept:IT model:usb-watch state:new score>=0.6 is:flagged usb "x y"`, `file<1`, `a:"`, `>`, "\x00"} {
		f.Add(s)
	}
	db := openTest(f)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSearch(text, []Dimension{{Name: "file_anomaly", Full: 1}}, true)
		if err != nil {
			if AsError(err).Kind != Invalid {
				t.Fatal(err)
			}
			return
		}
		q := `SELECT count(*) FROM alert a LEFT JOIN person p ON p.id = a.employee WHERE ` + strings.Join(append(s.conds, "true"), " AND ")
		var n int
		if err := db.r.QueryRow(q, s.args...).Scan(&n); err != nil {
			t.Fatalf("%q became %s: %v", text, q, err)
		}
	})
}
