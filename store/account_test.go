package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func openAt(tb testing.TB, c *clock) *DB {
	tb.Helper()
	if c.at.IsZero() {
		c.at = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	}
	db, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "citd.db"), Options{Schema: testSchema(tb), Create: true, Clock: c.now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func addPerson(tb testing.TB, db *DB, name string, role Role, password string) Account {
	tb.Helper()
	a, _, err := db.AddAccount(tb.Context(), Actor{}, NewAccount{Kind: Person, Name: name, Role: role, Password: password})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func addToken(tb testing.TB, db *DB, name string, role Role) string {
	tb.Helper()
	_, token, err := db.AddAccount(tb.Context(), Actor{}, NewAccount{Kind: Token, Name: name, Role: role})
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func wantKind(tb testing.TB, what string, err error, want Kind) {
	tb.Helper()
	if err == nil || AsError(err).Kind != want {
		tb.Errorf("%s: error %v; want kind %d", what, err, want)
	}
}

func TestAccountNames(t *testing.T) {
	db := openTest(t)
	for _, name := range []string{"", " ana", "ana ", "a:b", "a\nb", "a\x00b", "a\u202eb", "\xff", strings.Repeat("a", 65)} {
		_, _, err := db.AddAccount(t.Context(), Actor{}, NewAccount{Kind: Person, Name: name, Role: Viewer})
		wantKind(t, name, err, Invalid)
	}
	addPerson(t, db, "ana", Admin, "")
	_, _, err := db.AddAccount(t.Context(), Actor{}, NewAccount{Kind: Person, Name: "ana", Role: Viewer})
	wantKind(t, "ana again", err, Conflict)
	addToken(t, db, "ana", Script) // a token may have a person's name
	list, err := db.Accounts(t.Context(), Person)
	if err != nil || len(list) != 1 || list[0].Name != "ana" || list[0].Secret {
		t.Errorf("Accounts = %+v, %v", list, err)
	}
}

func TestPasswordRules(t *testing.T) {
	db := openTest(t)
	addPerson(t, db, "ana", Admin, "")
	for name, pass := range map[string]string{
		"short": "1234567", "long": strings.Repeat("x", 1025), "token": "citd_sc_whatever",
	} {
		wantKind(t, name, db.SetPassword(t.Context(), Actor{}, "ana", pass, nil), Invalid)
	}
	if _, err := db.Authenticate(t.Context(), "ana", ""); AsError(err).Kind != Unauthorized {
		t.Errorf("without a password set: %v", err)
	}
	if err := db.SetPassword(t.Context(), Actor{}, "ana", strings.Repeat("x", 1024), nil); err != nil {
		t.Error(err)
	}
	wantKind(t, "unknown person", db.SetPassword(t.Context(), Actor{}, "bob", "12345678", nil), NotFound)
}

// A changed or revoked credential is refused at the very next try.
func TestAuthenticateAsksTheCurrentRow(t *testing.T) {
	c := &clock{}
	db := openAt(t, c)
	const pass = "correct horse"
	ana := addPerson(t, db, "ana", Analyst, pass)
	addPerson(t, db, "root", Admin, "")
	try := func(what string, pass string, ok bool) {
		t.Helper()
		a, err := db.Authenticate(t.Context(), "ana", pass)
		if ok && (err != nil || a != ana.Actor) {
			t.Errorf("%s: %+v, %v", what, a, err)
		}
		if !ok {
			wantKind(t, what, err, Unauthorized)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	try("first", pass, true)
	try("from the cache", pass, true)
	try("wrong", "correct hors", false)
	must(db.SetLocked(t.Context(), Actor{}, Person, "ana", true))
	try("locked", pass, false)
	must(db.SetLocked(t.Context(), Actor{}, Person, "ana", false))
	try("unlocked", pass, true)
	must(db.SetPassword(t.Context(), Actor{}, "ana", "battery staple", nil))
	try("old password", pass, false)
	try("new password", "battery staple", true)
	must(db.edit(t.Context(), Actor{}, Person, "ana", edit{verb: "account-role", set: `expires_at = ?`, arg: c.at.Add(time.Hour).UnixMicro()}))
	try("before it expires", "battery staple", true)
	c.at = c.at.Add(time.Hour)
	try("expired", "battery staple", false)

	token := addToken(t, db, "usb-watch", Ingest)
	if a, err := db.AuthenticateToken(t.Context(), token); err != nil || a.Role != Ingest || a.Name != "usb-watch" {
		t.Errorf("token: %+v, %v", a, err)
	}
	must(db.SetRole(t.Context(), Actor{}, Token, "usb-watch", Script))
	if a, err := db.AuthenticateToken(t.Context(), token); err != nil || a.Role != Script {
		t.Errorf("token with a new role: %+v, %v", a, err)
	}
	must(db.SetLocked(t.Context(), Actor{}, Token, "usb-watch", true))
	_, err := db.AuthenticateToken(t.Context(), token)
	wantKind(t, "revoked token", err, Unauthorized)
	_, err = db.AuthenticateToken(t.Context(), token+"x")
	wantKind(t, "unknown token", err, Unauthorized)
}

// A password changed by another process is refused by this one at once.
func TestAuthenticateAcrossProcesses(t *testing.T) {
	db := openTest(t)
	addPerson(t, db, "ana", Admin, "correct horse")
	if _, err := db.Authenticate(t.Context(), "ana", "correct horse"); err != nil {
		t.Fatal(err)
	}
	other, err := Open(t.Context(), db.Path(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.SetPassword(t.Context(), Actor{}, "ana", "battery staple", nil); err != nil {
		t.Fatal(err)
	}
	_, err = db.Authenticate(t.Context(), "ana", "correct horse")
	wantKind(t, "old password", err, Unauthorized)
}

// Without the lengths, ("a", "b:c") and ("a:b", "c") would share one entry of the cache.
func TestShiftedPairsDoNotShareTheCache(t *testing.T) {
	l := newLogins()
	for _, text := range []string{"aaaaaaaaaa:bbbbbbbbbb:cccccccccc", strings.Repeat("\x00", 30)} {
		seen := map[[32]byte]string{}
		for i := range len(text) {
			for j := i; j < len(text); j++ {
				n := l.name(text[:i], text[i:j], text[j:])
				if was, twice := seen[n]; twice {
					t.Fatalf("%q cut at %d and %d is the same as %s", text, i, j, was)
				}
				seen[n] = fmt.Sprintf("cut at %d and %d", i, j)
			}
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	l := newLogins()
	for i := range 3 * cacheSize {
		l.remember([32]byte{byte(i), byte(i >> 8)}, int64(i))
	}
	if len(l.ok) > cacheSize {
		t.Errorf("%d entries; want at most %d", len(l.ok), cacheSize)
	}
}

// A hash that somebody wrote into the file to make the server work for hours is refused unread.
func TestStoredCostHasACeiling(t *testing.T) {
	for _, cost := range []string{"m=1048576,t=2,p=1", "m=19456,t=1000,p=1", "m=19456,t=2,p=200", "m=19456,t=0,p=1", "m=19456,t=2,p=0", "nonsense"} {
		if err := checkCost(strings.Replace(decoy, "m=19456,t=2,p=1", cost, 1)); err == nil {
			t.Errorf("%s passes", cost)
		}
	}
	if err := checkCost(decoy); err != nil {
		t.Errorf("our own cost: %v", err)
	}
}

// The decoy must cost what a real hash costs, or a wrong name would be told from a wrong password.
func TestDecoyCostsTheSame(t *testing.T) {
	l := newLogins()
	hash, err := l.hash(t.Context(), "12345678")
	if err != nil {
		t.Fatal(err)
	}
	if want, _, _ := strings.Cut(string(hash), "p=1$"); !strings.HasPrefix(decoy, want+"p=1$") || len(decoy) != len(hash) {
		t.Errorf("decoy %s; a real one is %s", decoy, hash)
	}
}

// A few slots and a bounded queue: what comes on top is told to come back.
func TestHashSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogins()
		var free []func()
		for range cap(l.slots) {
			f, err := l.slot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			free = append(free, f)
		}
		got := make(chan error, hashWaiters)
		for range hashWaiters {
			go func() {
				f, err := l.slot(t.Context())
				if err == nil {
					f()
				}
				got <- err
			}()
		}
		synctest.Wait()
		_, err := l.slot(t.Context())
		wantKind(t, "one too many", err, Busy)
		for _, f := range free {
			f()
		}
		for range hashWaiters {
			if err := <-got; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestLastAdminStays(t *testing.T) {
	db := openTest(t)
	addPerson(t, db, "ana", Admin, "")
	wantKind(t, "lock", db.SetLocked(t.Context(), Actor{}, Person, "ana", true), Conflict)
	wantKind(t, "role", db.SetRole(t.Context(), Actor{}, Person, "ana", Viewer), Conflict)
	wantKind(t, "no such role", db.SetRole(t.Context(), Actor{}, Person, "ana", Script), Invalid)
	addPerson(t, db, "bob", Admin, "")
	if err := db.SetLocked(t.Context(), Actor{}, Person, "ana", true); err != nil {
		t.Error(err)
	}
}

// Each change of an account is one row on record; a flood of guesses is one a minute.
func TestAccountChangesAreOnRecord(t *testing.T) {
	c := &clock{}
	db := openAt(t, c)
	ana := addPerson(t, db, "ana", Admin, "correct horse")
	addPerson(t, db, "bob", Viewer, "")
	steps := []error{
		db.SetRole(t.Context(), ana.Actor, Person, "bob", Analyst),
		db.SetPassword(t.Context(), ana.Actor, "bob", "12345678", nil),
		db.SetLocked(t.Context(), ana.Actor, Person, "bob", true),
		db.SetLocked(t.Context(), ana.Actor, Person, "bob", false),
	}
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		_, _ = db.AuthenticateToken(t.Context(), "citd_sc_guess")
	}
	c.at = c.at.Add(2 * time.Minute)
	_, _ = db.AuthenticateToken(t.Context(), "citd_sc_guess")
	want := []string{
		"account-add 1 person admin", "account-add 2 person viewer", "account-role 2 analyst", "account-password 2 ",
		"account-lock 2 ", "account-unlock 2 ", "login-failed 0 1 times", "login-failed 0 20 times",
	}
	if got := trail(t, db); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("on record:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// trail lists what is on record: verb, id, detail.
func trail(tb testing.TB, db *DB) []string {
	tb.Helper()
	var all string
	err := db.r.QueryRow(`SELECT coalesce(group_concat(verb || ' ' || coalesce(object_id, 0) || ' ' || detail, char(10) ORDER BY seq), '') FROM audit`).Scan(&all)
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(all, "\n")
}

func BenchmarkAuthenticate(b *testing.B) {
	db := openTest(b)
	addPerson(b, db, "ana", Admin, "correct horse")
	token := addToken(b, db, "t", Script)
	b.Run("password", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.Authenticate(b.Context(), "ana", "correct horse"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("token", func(b *testing.B) {
		for b.Loop() {
			if _, err := db.AuthenticateToken(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
