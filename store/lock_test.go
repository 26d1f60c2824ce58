package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLockHasOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "citd.db")
	l, err := TakeLock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	l.Note("http://127.0.0.1:8000")
	_, err = TakeLock(t.Context(), path)
	wantKind(t, "second", err, Locked)
	if e := AsError(err); !strings.Contains(e.Msg, fmt.Sprint(os.Getpid())) || !strings.Contains(e.Hint, "http://127.0.0.1:8000") {
		t.Errorf("%q, hint %q", e.Msg, e.Hint)
	}
	if err := l.Free(); err != nil {
		t.Fatal(err)
	}
	if h := ServedBy(path); h != (Holder{}) {
		t.Errorf("after Free: %+v", h)
	}
	l, err = TakeLock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Free(); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path + ".lock"); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("lock file: %v, %v", st.Mode(), err)
	}
}

func TestLockRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := TakeLock(t.Context(), filepath.Join(dir, "none", "citd.db"))
	wantKind(t, "no folder", err, NoFile)
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, "a.db.lock")); err != nil {
		t.Skip(err)
	}
	_, err = TakeLock(t.Context(), filepath.Join(dir, "a.db"))
	wantKind(t, "symbolic link", err, Denied)
	if b, _ := os.ReadFile(victim); string(b) != "mine" {
		t.Errorf("the file behind the link is now %q", b)
	}
}
