package store

import (
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// exploreLab holds eight results, ids 1 to 8, of days counted from 2026-03-02.
//
//	id  person  dept, role    day  model          flag  score  email  web    file  state
//	1   1 EM001 IT Engineer   0    usb-watch 1.0  yes   0.90   0.90   –      –     confirmed
//	2   1 EM001 IT Engineer   1    mail 0.9       no    0.40   0.20   0.50   –     new
//	3   2 EM002 Sales, Ltd    1    usb-watch 1.0  no    0.72   –      –      0.8   in_review
//	4   3 EM003 none          2    web-risk 1.3   no    0.30   0.005  0.004  –     new
//	5   3 EM003 none          3    web-risk 1.4   no    0.70   0.70   0.69   –     dismissed
//	6   4 EM004 IT Engineer   3    bits 2         no    50     25     –      –     new; its scale is 100
//	7   5 EM005 IT Director   4    mail 0.9       no    -1     1.7    0      0.1   snoozed
//	8   5 EM005 IT Director   5    mail 0.9       no    0.55   –      0.555  –     snoozed
func exploreLab(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	l.people(4, 5)
	l.write(func(tx *Tx) error {
		for _, q := range []string{
			`UPDATE employee SET department = 'Sales, "Ltd"', role = '' WHERE id = 2`,
			`UPDATE employee SET department = '', role = '' WHERE id = 3`,
			`UPDATE employee SET role = 'Director' WHERE id = 5`,
			`INSERT INTO model (name, family, version, scale, created_at) VALUES ('bits 2', 'bits', '2', 100, 0)`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	some := func(v float64) sql.Null[float64] { return sql.Null[float64]{V: v, Valid: true} }
	none := sql.Null[float64]{}
	first := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
	at := func(day int) int64 { return first + int64(day)*microDay + 13*microDay/24 }
	*l.clock = time.Date(2026, 3, 8, 9, 0, 0, 0, time.UTC)
	l.post(
		&Result{Employee: 1, Date: at(0), Reporter: "usb-watch 1.0", Flag: true, Score: 0.9, Email: some(0.9), Web: none},
		&Result{Employee: 1, Date: at(1), Reporter: "mail 0.9", Score: 0.4, Email: some(0.2), Web: some(0.5)},
		&Result{Employee: 2, Date: at(1), Reporter: "usb-watch 1.0", Score: 0.72, Extra: []Anomaly{{"file_anomaly", 0.8}}},
		&Result{Employee: 3, Date: at(2), Reporter: "web-risk 1.3", Score: 0.3, Email: some(0.005), Web: some(0.004)},
		&Result{Employee: 3, Date: at(3), Reporter: "web-risk 1.4", Score: 0.7, Email: some(0.7), Web: some(0.69)},
		&Result{Employee: 4, Date: at(3), Reporter: "bits 2", Score: 50, Email: some(25)},
		&Result{Employee: 5, Date: at(4), Reporter: "mail 0.9", Score: -1, Email: some(1.7), Web: some(0), Extra: []Anomaly{{"file_anomaly", 0.1}}},
		&Result{Employee: 5, Date: at(5), Reporter: "mail 0.9", Score: 0.55, Web: some(0.555)},
	)
	l.evidence(2, "Mail to Straße 7", "mail")
	l.evidence(3, "Copied 100% of a folder", "KX-64")
	l.decide(l.ana, 1, Choice{Action: Confirm, Results: []int64{1}})
	l.decide(l.ana, 2, Choice{Action: Review})
	l.decide(l.bob, 3, Choice{Action: Dismiss, Reason: new(4), Results: []int64{5}})
	l.decide(l.ana, 5, Choice{Action: Snooze, Until: l.db.Now() + microDay})
	return l
}

// evidence adds a piece to a result.
func (l *lab) evidence(result int64, description, subject string) {
	l.tb.Helper()
	l.write(func(tx *Tx) error {
		out, err := tx.Exec(`INSERT INTO detectionevidence (description, evidence_type, date_from, date_to, subject, source_ref, link, technique, exculpatory, posted_by, created_at, digest)
			VALUES (?, 'email', 0, 0, ?, '', '', '', 0, 1, 0, x'00')`, description, subject)
		if err != nil {
			return err
		}
		id, err := out.LastInsertId()
		if err == nil {
			_, err = tx.Exec(`INSERT INTO result_evidence (result, evidence) VALUES (?, ?)`, result, id)
		}
		return err
	})
}

func (l *lab) explored() *Explored {
	l.tb.Helper()
	x, err := l.db.Explored(l.tb.Context())
	if err != nil {
		l.tb.Fatal(err)
	}
	return x
}

func TestExploredColumns(t *testing.T) {
	x := exploreLab(t).explored()
	if fmt.Sprint(x.ID) != "[8 7 6 5 4 3 2 1]" || x.Total != 8 || x.Days != 6 || x.Day(0).Format(time.DateOnly) != "2026-03-02" {
		t.Errorf("results %v of %d over %d days from %s", x.ID, x.Total, x.Days, x.Day(0))
	}
	want := []struct{ key, title, values, col string }{
		{"date", "Date", "[]", "[133 109 85 85 61 37 37 13]"}, // hours
		{"dept", "Department", `["Sales, \"Ltd\"" "" "IT"]`, "[2 2 2 1 1 0 2 2]"},
		{"role", "Role", `["" "Engineer" "Director"]`, "[2 2 1 0 0 0 1 1]"},
		{"model", "Model", `["usb-watch 1.0" "web-risk 1.4" "mail 0.9" "bits 2" "web-risk 1.3"]`, "[2 2 3 1 4 0 2 0]"},
		{"email", "Email", "[]", "[-1 100 25 70 1 -1 20 90]"},
		{"web", "Web", "[]", "[56 0 -1 69 0 -1 50 -1]"},
		{"device", "Device", "[]", "[-1 -1 -1 -1 -1 -1 -1 -1]"},
		{"login", "Login", "[]", "[-1 -1 -1 -1 -1 -1 -1 -1]"},
		{"file", "File", "[]", "[-1 10 -1 -1 -1 80 -1 -1]"},
		{"score", "Score", "[]", "[55 0 50 70 30 72 40 90]"},
		{"state", "State", `["confirmed" "in_review" "new" "snoozed" "dismissed"]`, "[3 3 2 4 2 1 2 0]"},
	}
	for i, a := range x.Axes {
		if i >= len(want) {
			t.Errorf("axis %s more", a.Key)
			continue
		}
		if w := want[i]; a.Key != w.key || a.Title != w.title || fmt.Sprintf("%q", a.Values) != w.values || fmt.Sprint(a.Col) != w.col {
			t.Errorf("axis %d: %s %q %q %v\nwant %+v", i, a.Key, a.Title, a.Values, a.Col, w)
		}
	}
	if len(x.Axes) != len(want) {
		t.Errorf("%d axes, want %d", len(x.Axes), len(want))
	}
}

func TestExploreFilter(t *testing.T) {
	l := exploreLab(t)
	x := l.explored()
	for _, tt := range []struct{ filter, want string }{
		{"", "8 7 6 5 4 3 2 1"},
		{"email>=0.7", "7 5 1"},
		{"email>0.7", "7 1"}, // two decimals: from 0.71
		{"email<=0.7", "6 5 4 2"},
		{"email<0.7", "6 4 2"}, // what was not measured is not low
		{"email:0.25", "6"},    // 25 of a scale of 100
		{"email=.25", "6"},
		{"email_anomaly>=0.7", "7 5 1"},
		{"email>=0.2 email<=0.7", "6 5 2"},
		{"email>=0", "7 6 5 4 2 1"},
		{"email:none", "8 3"},
		{"file:none score>=0.7", "5 1"},
		{"web>=0.56", "8 5"}, // 0.555 is drawn at 0.56
		{"score>=0.5", "8 6 5 3 1"},
		{"date>=2026-03-05", "8 7 6 5"},
		{"date<2026-03-03", "1"},
		{"date:2026-03-03", "3 2"},
		{"date>=2026-03-03 date<=2026-03-04", "4 3 2"},
		{"date>=1990-01-01", "8 7 6 5 4 3 2 1"},
		{"dept:IT", "8 7 6 2 1"},
		{"dept:it", "8 7 6 2 1"},
		{"department=IT", "8 7 6 2 1"},
		{`dept:"Sales, ""Ltd"""`, "3"},
		{`dept:"Sales, ""Ltd""",none`, "5 4 3"},
		{"dept:none", "5 4"},
		{"dept:IT role:Director", "8 7"},
		{"role:Director,Engineer role:Engineer,none", "6 2 1"},
		{"model:web-risk", "5 4"}, // both versions
		{`model:"web-risk 1.4"`, "5"},
		{"model:web-risk+1.4", "5"},
		{"reporter:mail,usb-watch", "8 7 3 2 1"},
		{"state:new", "6 4 2"},
		{"state:new,in_review", "6 4 3 2"},
		{"status:review", "3"},
		{"state:dismissed", "5"},
		{"is:flagged", "1"},
		{"id:em003", "5 4"},
		{"id:EM00*", "8 7 6 5 4 3 2 1"},
		{"id:EM001,EM002 score>=0.7", "3 1"},
		{"EM002", "3"},
		{"teal", "8 7 6 5 4 3 2 1"}, // of the pseudonym
		{"heron engineer", "6 2 1"},
		{`"heron 4"`, "6"},
		{"7", "7 2"}, // the result, and a text
		{"100%", "3"},
		{"kx-64", "3"},
		{"STRASSE", "2"},
		{"Mail model:mail", "2"}, // a word is not looked for in models
		{"nothing", ""},
		{"dept:IT email>=0.9 date<=2026-03-02 is:flagged EM001", "1"},
	} {
		f, err := x.Parse(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		rows, err := l.db.Match(t.Context(), x, f, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Trim(fmt.Sprint(x.idsOf(rows)), "[]")
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.filter, got, tt.want)
		}
	}
	f, err := x.Parse(`email>.2 "a  b" department:IT,"none" email_anomaly<0.9 is:flagged`)
	if got := f.Without("email"); err != nil || got != `"a  b" department:IT,"none" is:flagged` {
		t.Errorf("without email it is %s, %v", got, err)
	}
}

func (x *Explored) idsOf(rows []int32) (ids []int64) {
	for _, i := range rows {
		ids = append(ids, x.ID[i])
	}
	return ids
}

// Names are found only where they are shown.
func TestExploreNames(t *testing.T) {
	l := exploreLab(t)
	x := l.explored()
	f, err := x.Parse(`"Name of 2"`)
	if err != nil {
		t.Fatal(err)
	}
	for want, names := range map[string]map[int64]string{"[]": nil, "[3]": {2: "Name of 2"}} {
		rows, err := l.db.Match(t.Context(), x, f, names)
		if got := fmt.Sprint(x.idsOf(rows)); err != nil || got != want {
			t.Errorf("names %v: %s, %v; want %s", names, got, err, want)
		}
	}
}

func TestExploreRefusals(t *testing.T) {
	x := exploreLab(t).explored()
	for filter, want := range map[string]string{
		"depth>0.7":                   `depth>0.7: there is no "depth" to filter by; there are date, dept, role, model, email, web, device, login, file, score, state, id, is`,
		"email>=hot":                  "email>=hot: email takes a number from 0 to 1, as in email>=0.7",
		"email>=":                     "email>=: a value is missing",
		"email>=0.7,0.8":              "email>=0.7,0.8: email takes one value",
		"dept>IT":                     "dept>IT: dept takes a text: write dept:\"Sales, \"\"Ltd\"\"\"",
		"dept:Legal":                  `dept:Legal: no result has the department "Legal"`,
		"dept:IT dept:none":           "dept:none: dept cannot be two things at once; a comma stands for or",
		"email:none email>0.2":        "email>0.2: email cannot be measured and not measured at once",
		"email>0.8 email<0.2":         "email<0.2: nothing lies between the two ends of email",
		"date>=yesterday":             "date>=yesterday: date takes a day, as in date>=2026-10-31",
		"is:odd":                      "is:odd: write is:flagged",
		strings.Repeat("x ", 41):      "the filter has more than 40 parts",
		strings.Repeat("x", 5000):     "the filter is longer than 4000 bytes",
		`dept:IT,`:                    "dept:IT,: a value is missing",
		`email>=0.7 dept:"IT", x`:     `dept:"IT",: a value is missing`,
		`score>=0.1 id>EM001`:         `id>EM001: there is no "id" to filter by`,
		`date>=2026-03-02,2026-03-03`: "date>=2026-03-02,2026-03-03: date takes one value",
	} {
		_, err := x.Parse(filter)
		e := AsError(err)
		if err == nil || e.Kind != Invalid || !strings.HasPrefix(e.Msg, want) {
			t.Errorf("%s: %v\nwant %s", filter, err, want)
		}
	}
}

// More values than boxes: the rare ones share the last.
func TestExploreBoxes(t *testing.T) {
	l := newLab(t)
	l.people(4, 20)
	var rs []*Result
	for i := int64(1); i <= 20; i++ {
		for range min(i, 6) {
			r := res(0, 0.1)
			if r.Employee, r.Reporter = i, fmt.Sprintf("m%02d", i); i == 7 {
				r.Score = 0.8
			}
			rs = append(rs, r)
		}
	}
	l.post(rs...)
	x := l.explored()
	a := x.Axis("model")
	if a.Boxes != maxBoxes || len(a.Values) != 20 || a.Values[0] != "m07" || !a.Shared(14) || a.Shared(13) || x.Axis("dept").Shared(0) {
		t.Errorf("%d boxes for %q", a.Boxes, a.Values)
	}
	for filter, want := range map[string]int{"model:other": 1 + 2 + 3 + 4 + 5 + 6, "model:m01": 1, "model:m07": 6, "model:other,m07": 27} {
		f, err := x.Parse(filter)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := l.db.Match(t.Context(), x, f, nil); err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, %v; want %d", filter, len(rows), err, want)
		}
	}
}

// After any change, what is caught up with is what a fresh reading finds.
func TestExploreCatchesUp(t *testing.T) {
	l := exploreLab(t)
	who := tester(t, l.db, Script)
	body := fmt.Sprintf
	steps := []struct {
		name string
		do   func()
	}{
		{name: "nothing", do: func() {}},
		{name: "a view", do: func() { _ = l.db.Record(t.Context(), l.ana, "view", "alert", 1, "") }},
		{name: "a post", do: func() {
			mustPost(t, l.db, who, Results, `{"employee":{"employee_id":"EM002"},"date":"2026-03-07","reporter":"mail 0.9","score":0.95,"email_anomaly":0.9,"file_anomaly":0.5}`)
		}},
		{name: "a post of an old date and a new person", do: func() {
			mustPost(t, l.db, who, Results, `{"employee":{"employee_id":"NEW1","department":"Legal"},"date":"2026-03-01","reporter":"new 1","score":0.1}`)
		}},
		{name: "a decision", do: func() { l.decide(l.ana, 4, dismissed) }},
		{name: "a decision about a part", do: func() { l.decide(l.ana, 1, Choice{Action: Confirm, Results: []int64{2}}) }},
		{name: "an undo", do: func() {
			a := l.alert(4)
			l.decide(l.ana, 4, Choice{Action: Undo, Undoes: a.decision})
		}},
		{name: "a snooze that ends", do: func() {
			*l.clock = l.clock.Add(25 * time.Hour)
			if err := Wake(t.Context(), l.db); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a new dimension", do: func() {
			mustPost(t, l.db, who, Results, `{"employee":{"employee_id":"EM002"},"date":"2026-03-07","reporter":"mail 0.9","score":0.2,"badge_anomaly":0.9}`)
		}},
		{name: "an id of the sender's choice", do: func() {
			mustPost(t, l.db, who, Results, body(`{"id":%d,"employee":{"employee_id":"EM001"},"date":"2026-03-06","reporter":"mail 0.9","score":0.3}`, 500))
			mustPost(t, l.db, who, Results, `{"employee":{"employee_id":"EM001"},"date":"2026-03-06","reporter":"mail 0.9","score":0.31}`)
			l.explored()
			mustPost(t, l.db, who, Results, body(`{"id":%d,"employee":{"employee_id":"EM001"},"date":"2026-03-06","reporter":"mail 0.9","score":0.32}`, 400))
		}},
		{name: "a change of a score", do: func() {
			mustPost(t, l.db, who, Results, `{"id":2,"resource_uri":"/data-sub/api/detectionmodelresult/2/","score":0.44}`)
		}},
		{name: "a change of a department", do: func() { mustPost(t, l.db, who, Employees, `{"employee_id":"EM001","department":"Legal"}`) }},
		{name: "a deletion", do: func() {
			if _, _, err := Apply(t.Context(), l.db, who, func(b *Batch) (int, error) { return 0, b.Delete(Results, 5) }); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for i, s := range steps {
		before := l.explored()
		s.do()
		got := l.explored()
		if looked := i < 2; (got == before) != looked {
			t.Errorf("after %s: made anew %v", s.name, got != before)
		}
		l.sound()
		l.db.recent.fail() // what is held is read anew
		l.db.gen.Add(1)
		l.db.explorer = explorer{}
		want, err := l.db.Explored(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want.Gen = got.Gen // to verify is a commit too
		if !reflect.DeepEqual(got, want) {
			t.Errorf("after %s: %d results of %d, read anew %d of %d, or they differ", s.name, len(got.ID), got.Total, len(want.ID), want.Total)
		}
	}
	l.sound()
}

// A date in the future, or in the distant past, does not stretch the axis.
func TestExploreStrayDates(t *testing.T) {
	l := newLab(t)
	*l.clock = time.UnixMicro(day0 + 100*microDay)
	l.post(res(99, 0.5), res(50, 0.5), res(-9000, 0.5), res(40_000, 0.5))
	x := l.explored()
	if x.Days != maxSpan || x.Day(x.Days-1) != time.UnixMicro(day0+99*microDay).UTC() {
		t.Errorf("%d days to %s", x.Days, x.Day(x.Days-1))
	}
	f, _ := x.Parse("date>=" + time.UnixMicro(day0).UTC().Format(time.DateOnly))
	if rows, err := l.db.Match(t.Context(), x, f, nil); err != nil || len(rows) != 3 {
		t.Errorf("%v, %v: a bound still means the date, not its place on the axis", x.idsOf(rows), err)
	}
}

func TestExploredResults(t *testing.T) {
	l := exploreLab(t)
	l.evidence(3, "Second", "s")
	list, err := l.db.ResultRows(t.Context(), []int64{3, 999, 6, 5, 7})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprint(r.ID, " ", r.Reporter, " ", r.Score, "/", r.Scale, " ", r.State, "/", r.Reason, "/", r.By, "/", r.Until > 0, " ", r.Values(), " ", r.Text, " ", r.Pieces, r.Types))
	}
	want := []string{
		"3 usb-watch 1.0 0.72/1 in_review//ana/false map[file_anomaly:0.8] Copied 100% of a folder 2 [email]",
		"6 bits 2 50/100 new///false map[email_anomaly:25]  0 []",
		"5 web-risk 1.4 0.7/1 dismissed/Detector wrong/bob/false map[email_anomaly:0.7 web_anomaly:0.69]  0 []",
		"7 mail 0.9 -1/1 snoozed///true map[email_anomaly:1.7 file_anomaly:0.1 web_anomaly:0]  0 []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
