package store

import (
	"strings"
	"testing"
)

// Whatever is done to the rows behind citd's back, VerifyAudit finds it.
func TestVerifyAuditFindsTampering(t *testing.T) {
	for _, tt := range []struct{ name, sql, want string }{
		{"nothing", ``, ""},
		{"time", `UPDATE audit SET at = at + 1 WHERE seq = 3`, "entry 3"},
		{"who", `UPDATE audit SET account = NULL WHERE seq = 3`, "entry 3"},
		{"verb", `UPDATE audit SET verb = 'edit' WHERE seq = 3`, "entry 3"},
		{"text moved between fields", `UPDATE audit SET verb = verb || object, object = '' WHERE seq = 3`, "entry 3"},
		{"whom", `UPDATE audit SET object_id = 99 WHERE seq = 3`, "entry 3"},
		{"detail", `UPDATE audit SET detail = '' WHERE seq = 3`, "entry 3"},
		{"hash", `UPDATE audit SET hash = zeroblob(32) WHERE seq = 3`, "entry 3"},
		{"one deleted", `DELETE FROM audit WHERE seq = 3`, "entry 4"},
		{"the first deleted", `DELETE FROM audit WHERE seq = 1`, "entry 2"},
		{"the last deleted", `DELETE FROM audit WHERE seq = 5`, "cut: entries 5 to 5"},
		{"all deleted", `DELETE FROM audit`, "cut: entries 1 to 5"},
		{"two swapped", `UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 99`, "entry 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := openTest(t)
			ana := addPerson(t, db, "ana", Admin, "").Actor
			for i := range 4 {
				if err := db.Record(t.Context(), ana, "view", "alert", int64(i+1), "detail"); err != nil {
					t.Fatal(err)
				}
			}
			if tt.sql != "" {
				tamper(t, db, tt.sql)
			}
			head, err := db.VerifyAudit(t.Context())
			if tt.want == "" {
				if err != nil || head.Seq != 5 || len(head.Hash) != 32 {
					t.Errorf("VerifyAudit = %v, %v", head, err)
				}
				return
			}
			if AsError(err).Kind != Damaged || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("VerifyAudit = %v; want %q", err, tt.want)
			}
		})
	}
}

// tamper runs q on the file past the store.
func tamper(tb testing.TB, db *DB, q string) {
	tb.Helper()
	other, err := Open(tb.Context(), db.Path(), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	defer other.Close()
	if _, err := other.conn.ExecContext(tb.Context(), q); err != nil {
		tb.Fatal(err)
	}
}

func TestSettings(t *testing.T) {
	db := openTest(t)
	if v, err := db.Setting(t.Context(), DisplayMode); err != nil || v != "" {
		t.Errorf("not set: %q, %v", v, err)
	}
	for _, v := range []string{"ids", "names"} {
		if err := db.SetSetting(t.Context(), Actor{}, DisplayMode, v); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Setting(t.Context(), DisplayMode); err != nil || got != v {
			t.Errorf("%q, %v; want %q", got, err, v)
		}
	}
	if v, err := db.Setting(t.Context(), FileID); err != nil || len(v) != 16 {
		t.Errorf("file id %q, %v", v, err)
	}
	if got := trail(t, db); len(got) != 2 || got[1] != "setting 0 display names" {
		t.Errorf("on record: %q", got)
	}
}
