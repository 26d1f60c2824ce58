package store

import (
	"path/filepath"
	"testing"
)

// After Close the one file is all there is: it can be copied.
func TestCloseLeavesOneFile(t *testing.T) {
	db := openTest(t)
	addPerson(t, db, "ana", Admin, "")
	if _, err := db.Accounts(t.Context(), Person); err != nil {
		t.Fatal(err)
	}
	if _, err := db.AuthenticateToken(t.Context(), addToken(t, db, "t", Script)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := filepath.Glob(db.Path() + "*"); err != nil || len(got) != 1 {
		t.Errorf("left over: %v, %v", got, err)
	}
}
