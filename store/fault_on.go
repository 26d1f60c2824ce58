//go:build fault

package store

import (
	"os"
	"path/filepath"
)

// A step that no release has, slow enough to be killed in.
func init() {
	if os.Getenv("CITD_FAULT_STEP") != "" {
		steps = append(steps, `CREATE TABLE fault (id INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO fault (note) SELECT hex(randomblob(100)) FROM n;
CREATE INDEX fault_note ON fault (note)`)
	}
}

// crash panics once if the folder CITD_FAULT holds a file of that name.
func crash(where string) {
	if dir := os.Getenv("CITD_FAULT"); dir != "" && os.Remove(filepath.Join(dir, where)) == nil {
		panic("injected: " + where)
	}
}

func syncMode() string {
	if m := os.Getenv("CITD_FAULT_SYNC"); m != "" {
		return m
	}
	return "FULL"
}
