package main

import (
	"os"
	"path/filepath"
	"strings"

	"citd/store"
)

// lastFile notes which database this user's citd served last, so that a command
// in the wrong folder can say where it is.
func lastFile() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "citd", "last")
}

// noteServed is a help only: that it cannot write is no error.
func noteServed(path string) {
	if at := lastFile(); at != "" {
		_ = os.MkdirAll(filepath.Dir(at), 0o700)
		_ = os.WriteFile(at, []byte(path+"\n"), 0o600)
	}
}

// lastServed is the database that a citd of this user serves now; empty if none.
func lastServed() string {
	b, err := os.ReadFile(lastFile())
	path := strings.TrimSpace(string(b))
	if err != nil || store.ServedBy(path).Addr == "" {
		return ""
	}
	return path
}
