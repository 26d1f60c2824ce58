package store

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// No id is used again, also after a restart, when the newest rows are gone.
func TestIDsAreNeverUsedAgain(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	for range 2 {
		mustPost(t, db, who, Results, seedResult)
	}
	for _, r := range []*Resource{Evidences, Results} {
		for id := range int64(2) {
			if _, _, err := Apply(t.Context(), db, who, func(b *Batch) (int, error) { return 0, b.Delete(r, 2-id) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), db.Path(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if m := mustPost(t, db, who, Results, seedResult); m["id"] != 3.0 {
		t.Errorf("the result got the id %v; want 3", m["id"])
	}
	if n := count(t, db, `SELECT max(id) FROM detectionevidence`); n != 3 {
		t.Errorf("the evidence got the id %d; want 3", n)
	}
}

// What the writer remembers from one commit to the next ends when another
// process writes, or when a write is taken back.
func TestWriterForgets(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	mustPost(t, db, who, Results, seedResult)
	other, err := Open(t.Context(), db.Path(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	model := ""
	if err := db.r.QueryRow(`SELECT name FROM model`).Scan(&model); err != nil {
		t.Fatal(err)
	}
	if err := other.SetScale(t.Context(), who, model, 1000); err != nil {
		t.Fatal(err)
	}
	mustPost(t, other, who, Results, seedResult)
	if m := mustPost(t, db, who, Results, seedResult); m["id"] != 3.0 {
		t.Errorf("beside another process the result got the id %v; want 3", m["id"])
	}
	if n := count(t, db, `SELECT count(*) FROM alert WHERE peak > 0.1`); n != 0 {
		t.Errorf("%d alerts are ranked by the scale from before", n)
	}
	no := errors.New("no")
	if _, err := Write(t.Context(), db, func(tx *Tx) (Model, error) {
		m, err := tx.model("new 1.0")
		return m, errors.Join(err, no)
	}); !errors.Is(err, no) {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), db, func(tx *Tx) (Model, error) { return tx.model("new 1.0") }); err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM model WHERE name = 'new 1.0'`); n != 1 {
		t.Error("the row of a model that was taken back is not made again")
	}
}

// A token that is known is not read again, but what it stores is refused as
// soon as the account is locked, by this process or another.
func TestKnownToken(t *testing.T) {
	c := &clock{}
	db := openAt(t, c)
	token := addToken(t, db, "t", Script)
	other, err := Open(t.Context(), db.Path(), Options{Clock: func() time.Time { return c.at }})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	know := func() Actor {
		t.Helper()
		for range 2 { // the first notes its use
			if _, err := db.AuthenticateToken(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		who, ok := db.KnownToken(token)
		if !ok {
			t.Fatal("the token is not known")
		}
		return who
	}
	post := func(who Actor) error {
		_, _, err := Apply(t.Context(), db, who, func(b *Batch) (Saved, error) {
			in, err := Results.Decode([]byte(seedResult))
			if err != nil {
				return Saved{}, err
			}
			return b.Post(in)
		})
		return err
	}
	if _, ok := db.KnownToken(token); ok {
		t.Error("a token is known before it was read")
	}
	for _, by := range []*DB{db, other} {
		who := know()
		if err := post(who); err != nil {
			t.Fatal(err)
		}
		if err := by.SetLocked(t.Context(), Actor{}, Token, "t", true); err != nil {
			t.Fatal(err)
		}
		if _, ok := db.KnownToken(token); ok && by == db {
			t.Error("it is known after it was locked here")
		}
		wantKind(t, "post after it was locked", post(who), Unauthorized)
		if _, ok := db.KnownToken(token); ok {
			t.Error("it is known after a post found that it is locked")
		}
		if err := by.SetLocked(t.Context(), Actor{}, Token, "t", false); err != nil {
			t.Fatal(err)
		}
	}
	know()
	c.at = c.at.Add(time.Hour)
	if _, ok := db.KnownToken(token); ok {
		t.Error("its use is not noted in the next hour")
	}
}

// An employee that results named is looked for again once it was renamed or removed.
func TestEmployeesAreForgotten(t *testing.T) {
	db := openTest(t)
	who := tester(t, db, Admin)
	const named = `{"employee": {"employee_id": "E1"}, "date": "2014-09-17", "reporter": "m", "flag": true, "score": 0.5, "evidence": []}`
	mustPost(t, db, who, Employees, `{"employee_id": "E1"}`)
	for range 2 {
		mustPost(t, db, who, Results, named)
	}
	mustPost(t, db, who, Employees, `{"id": 1, "resource_uri": "/data-sub/api/employee/1/", "employee_id": "E2"}`)
	mustPost(t, db, who, Results, named)
	if n := count(t, db, `SELECT employee FROM detectionmodelresult WHERE id = 3`); n != 2 {
		t.Errorf("after E1 became E2 its result went to employee %d; want 2, a new one", n)
	}
	mustPost(t, db, who, Results, strings.Replace(named, `{"employee_id": "E1"}`, `"/data-sub/api/employee/2/"`, 1))
	if _, _, err := Apply(t.Context(), db, who, func(b *Batch) (int, error) { return 0, b.Delete(Employees, 2) }); err != nil {
		t.Fatal(err)
	}
	_, _, err := Apply(t.Context(), db, who, func(b *Batch) (Saved, error) {
		in, err := Results.Decode([]byte(strings.Replace(named, `{"employee_id": "E1"}`, `"/data-sub/api/employee/2/"`, 1)))
		if err != nil {
			return Saved{}, err
		}
		return b.Post(in)
	})
	wantKind(t, "a result of an employee that was removed", err, Invalid)
}
