package store

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

const planted = `, "title": "PlantedTitle", "name": "PlantedName", "dateOfBirth": "1971-02-03", "gender": "PlantedGender", "nationality": "PlantedNation",
	"maritalStatus": "PlantedMarital", "ethnicity": "PlantedEthnic", "homeAddress": {"line1": "PlantedStreet 1", "city": "PlantedCity", "country": "GB"}`

func TestReveal(t *testing.T) {
	d := newDesk(t)
	ctx, p, q := t.Context(), d.person("P1", "Engineer", planted), d.person("P2", "Engineer", `, "name": "Other Name"`)
	viewer := tester(t, d.db, Viewer)
	mode := func(m string) {
		t.Helper()
		if err := d.db.SetSetting(ctx, d.ana, DisplayMode, m); err != nil {
			t.Fatal(err)
		}
	}
	names := func(by Actor) string {
		t.Helper()
		m, err := d.db.NamesShown(ctx, by, []int64{p, q}, d.asOf())
		if err != nil {
			t.Fatal(err)
		}
		return m[p] + "|" + m[q]
	}
	revealed := func(by Actor) *Identity {
		t.Helper()
		i, err := d.db.Revealed(ctx, by, p, d.asOf())
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if got := names(d.ana); got != "|" { // no mode was chosen yet
		t.Errorf("names unasked: %s", got)
	}
	if revealed(d.ana) != nil {
		t.Error("an identity is shown that nobody revealed")
	}
	for _, tt := range []struct {
		reason      int
		text, field string
		person      int64
		kind        Kind
	}{
		{0, "", "reason", p, Invalid},
		{6, "", "reason", p, Invalid},
		{5, "  ", "text", p, Invalid}, // other: needs words
		{1, strings.Repeat("x", maxText+1), "text", p, Invalid},
		{1, "", "", 99, NotFound},
	} {
		err := d.db.Reveal(ctx, d.ana, tt.person, tt.reason, tt.text)
		if e := AsError(err); e.Kind != tt.kind || tt.field != "" && e.Fields[tt.field] == nil {
			t.Errorf("reason %d: %v; want field %s", tt.reason, err, tt.field)
		}
	}
	if n := count(t, d.db, `SELECT count(*) FROM reveal`) + count(t, d.db, `SELECT count(*) FROM audit WHERE verb = 'reveal'`); n != 0 {
		t.Fatalf("%d rows of reveals that were refused", n)
	}
	if err := d.db.Reveal(ctx, d.ana, p, 5, "typed words"); err != nil {
		t.Fatal(err)
	}
	if got := names(d.ana); got != "PlantedName|" {
		t.Errorf("names after the reveal: %s", got)
	}
	if got := names(viewer); got != "|" {
		t.Errorf("somebody else sees %s", got)
	}
	if i := revealed(d.ana); i == nil || i.Name != "PlantedName" || i.DateOfBirth != "1971-02-03" || i.Address != "PlantedStreet 1, PlantedCity, GB" ||
		i.Ethnicity != "PlantedEthnic" || i.Until != d.now.Add(8*time.Hour).UnixMicro() {
		t.Errorf("identity %+v", i)
	}
	if revealed(viewer) != nil {
		t.Error("somebody else sees the identity")
	}
	if n := count(t, d.db, `SELECT count(*) FROM audit WHERE verb = 'reveal' AND object = 'employee' AND object_id = ? AND account = ? AND detail = 'reason 5'`, p, d.ana.ID); n != 1 {
		t.Errorf("%d rows of record; want 1, without the typed words", n)
	}
	mode("names")
	if got := names(viewer); got != "PlantedName|Other Name" {
		t.Errorf("in the mode names: %s", got)
	}
	if revealed(viewer) != nil {
		t.Error("the mode names shows protected attributes")
	}
	mode("pseudonyms")
	d.now = d.now.Add(8*time.Hour - time.Second)
	if names(d.ana) != "PlantedName|" {
		t.Error("it faded before 8 hours")
	}
	d.now = d.now.Add(time.Second)
	if names(d.ana) != "|" || revealed(d.ana) != nil {
		t.Error("it has not faded after 8 hours")
	}
	if err := d.apply(func(b *Batch) error { return b.Delete(Employees, p) }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d.db, `SELECT count(*) FROM reveal`); n != 0 {
		t.Errorf("%d reveals stay when the person is deleted", n)
	}
}

// One row for each account, subject and 15 minutes.
func TestRecordView(t *testing.T) {
	d := newDesk(t)
	other := tester(t, d.db, Viewer)
	look := func(by Actor, object string, id int64, want int) {
		t.Helper()
		if err := d.db.RecordView(t.Context(), by, object, id); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d.db, `SELECT count(*) FROM audit WHERE verb = 'view'`); n != want {
			t.Errorf("%d rows; want %d", n, want)
		}
	}
	look(d.ana, "employee", 7, 1)
	look(d.ana, "employee", 7, 1)
	look(d.ana, "employee", 8, 2)
	look(d.ana, "alert", 7, 3)
	look(other, "employee", 7, 4)
	d.now = d.now.Add(viewSpan - time.Second)
	look(d.ana, "employee", 7, 4)
	d.now = d.now.Add(time.Second)
	look(d.ana, "employee", 7, 5)
	if _, err := d.db.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
}

// Of the files behind these pages only identity.go reads who a person is.
func TestIdentityStaysInItsFile(t *testing.T) {
	secret := regexp.MustCompile(`(?:FROM|JOIN) employee\b|dateOfBirth|gender|nationality|maritalStatus|ethnicity|homeAddress`)
	for _, f := range []string{"person.go", "personlog.go", "people.go", "peers.go", "recent.go", "modelstats.go", "activity.go", "drift.go"} {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range secret.FindAll(text, -1) {
			t.Errorf("%s reads who people are: %s", f, m)
		}
	}
}

// A look that cannot be written is an error, so that nothing is shown.
func TestViewNotWritten(t *testing.T) {
	d := newDesk(t)
	if _, err := d.db.conn.ExecContext(t.Context(), `CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END`); err != nil {
		t.Fatal(err)
	}
	if err := d.db.RecordView(t.Context(), d.ana, "employee", 1); err == nil {
		t.Error("it says that the look is on record")
	}
}
