package store

import (
	"testing"
	"time"
)

var testTerms = Terms{Idle: 12 * time.Hour}

func TestLinkIsGoodOnceForTenMinutes(t *testing.T) {
	c := &clock{}
	db := openAt(t, c)
	addPerson(t, db, "ana", Admin, "")
	_, err := db.AddLink(t.Context(), "bob", LinkLife)
	wantKind(t, "link for nobody", err, NotFound)

	link := func() string {
		code, err := db.AddLink(t.Context(), "ana", LinkLife)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	follow := func(what, code string, ok bool) {
		t.Helper()
		cookie, err := db.FollowLink(t.Context(), code, time.Minute, testTerms)
		if !ok {
			wantKind(t, what, err, Unauthorized)
			return
		}
		s, err := db.Session(t.Context(), cookie, testTerms, true)
		if err != nil || s.Account.Name != "ana" || s.Account.Role != Admin {
			t.Errorf("%s: session %+v, %v", what, s, err)
		}
	}
	code := link()
	follow("first", code, true)
	follow("second click", code, true)
	c.at = c.at.Add(61 * time.Second)
	follow("a minute later", code, false)
	code = link()
	c.at = c.at.Add(LinkLife)
	follow("after ten minutes", code, false)
	follow("guess", "x", false)
	_, err = db.Session(t.Context(), link(), testTerms, true)
	wantKind(t, "a link is no cookie", err, Unauthorized)
}

func TestSessionEnds(t *testing.T) {
	type test struct {
		*testing.T
		db     *DB
		c      *clock
		ana    Actor
		cookie string
		s      *Session
	}
	later := func(d time.Duration) func(test) error {
		return func(t test) error { t.c.at = t.c.at.Add(d); return nil }
	}
	halfWay := func(keep bool) func(test) error {
		return func(t test) error {
			t.c.at = t.c.at.Add(6 * time.Hour)
			_, err := t.db.Session(t.Context(), t.cookie, testTerms, keep)
			t.c.at = t.c.at.Add(7 * time.Hour)
			return err
		}
	}
	for _, tt := range []struct {
		name string
		do   func(t test) error
		open bool
	}{
		{"idle for 11 hours", later(11 * time.Hour), true},
		{"idle for 12 hours", later(12 * time.Hour), false},
		{"used now and then", halfWay(true), true},
		{"a stream alone does not keep it", halfWay(false), false},
		{"the clock was put back", later(-time.Hour), false},
		{"signed out", func(t test) error { return t.db.SignOut(t.Context(), t.ana, t.s.Hash) }, false},
		{"signed out by another", func(t test) error { return t.db.SignOut(t.Context(), Actor{ID: 2}, t.s.Hash) }, true},
		{"locked", func(t test) error { return t.db.SetLocked(t.Context(), Actor{}, Person, "ana", true) }, false},
		{"password set elsewhere", func(t test) error { return t.db.SetPassword(t.Context(), Actor{}, "ana", "12345678", nil) }, false},
		{"password set here", func(t test) error { return t.db.SetPassword(t.Context(), t.ana, "ana", "12345678", t.s) }, true},
		{"role changed", func(t test) error { return t.db.SetRole(t.Context(), Actor{}, Person, "ana", Viewer) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &clock{}
			db := openAt(t, c)
			ana := addPerson(t, db, "ana", Analyst, "").Actor
			addPerson(t, db, "root", Admin, "")
			cookie, err := db.SignIn(t.Context(), ana, testTerms)
			if err != nil {
				t.Fatal(err)
			}
			s, err := db.Session(t.Context(), cookie, testTerms, true)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.do(test{t, db, c, ana, cookie, s}); err != nil {
				t.Fatal(err)
			}
			_, err = db.Session(t.Context(), cookie, testTerms, true)
			if tt.open && err != nil {
				t.Errorf("ended: %v", err)
			}
			if !tt.open {
				wantKind(t, "session", err, Unauthorized)
			}
		})
	}
}

func TestSessionWithAnEnd(t *testing.T) {
	c := &clock{}
	db := openAt(t, c)
	ana := addPerson(t, db, "ana", Admin, "").Actor
	terms := Terms{Idle: 30 * time.Minute, Max: time.Hour}
	cookie, err := db.SignIn(t.Context(), ana, terms)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		c.at = c.at.Add(29 * time.Minute)
		_, err = db.Session(t.Context(), cookie, terms, true)
		if over := i == 2; (err != nil) != over {
			t.Errorf("after %d minutes: %v", 29*(i+1), err)
		}
	}
	list, err := db.Sessions(t.Context(), ana)
	if err != nil || len(list) != 0 {
		t.Errorf("sessions = %v, %v; want none", list, err)
	}
}

// What another process does to an account is announced here.
func TestWatchSeesOtherProcesses(t *testing.T) {
	db := openTest(t)
	addPerson(t, db, "ana", Viewer, "")
	ch, cancel := db.Subscribe()
	defer cancel()
	seen, ok := db.dataVersion(t.Context())
	if !ok {
		t.Fatal("no version")
	}
	if _, err := db.SignIn(t.Context(), Actor{ID: 1}, testTerms); err != nil {
		t.Fatal(err)
	}
	gen := db.Gen()
	if v, _ := db.dataVersion(t.Context()); v != seen {
		t.Error("a write of our own counts as another's")
	}
	if db.Gen() != gen {
		t.Error("to look counts as a change")
	}
	go db.Watch(t.Context())
	other, err := Open(t.Context(), db.Path(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for { // again and again: the watch may begin after the first
		if err := other.SetLocked(t.Context(), Actor{}, Person, "ana", true); err != nil {
			t.Fatal(err)
		}
		select {
		case c := <-ch:
			if len(c.List) != 1 || c.List[0].Kind != AccountChanged {
				t.Errorf("announced %+v", c)
			}
			return
		case <-time.After(watchEvery):
		}
	}
}
