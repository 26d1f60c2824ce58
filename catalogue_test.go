package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What may surround a call of citd, and what it may find in its files: it works
// or says what is wrong, in text that no terminal obeys.
func TestSurroundings(t *testing.T) {
	made := newShell(t)
	made.must("a long passphrase\n", "init", "--user", "ana", "--password-stdin")
	file, err := os.ReadFile(made.path("citd.db"))
	must(t, err)
	for _, tt := range []struct {
		name, call, stdin string
		env               []string
		prepare           func(*shell)
		code              int
		says              string
	}{
		{name: "no HOME", call: "user list", env: []string{"HOME=", "XDG_STATE_HOME="}, says: "ana"},
		{name: "TMPDIR is not there", call: "backup copy.db", env: []string{"TMPDIR=/nonexistent"}, says: "wrote"},
		{name: "no such zone", call: "user list", env: []string{"TZ=Nowhere/Land"}, says: "ana"},
		{name: "plain C", call: "user list", env: []string{"LANG=C", "LC_ALL=C"}, says: "ana"},
		{name: "a proxy is not asked", call: "verify", env: []string{"HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "SSLKEYLOGFILE=/nonexistent/x"}, says: "whole"},
		{name: "address of nonsense", call: "serve", env: []string{"CITD_ADDR=nonsense"}, code: 64, says: "is no address with a port"},
		{name: "file of the environment", call: "user list", env: []string{"CITD_DB=none.db"}, code: 66, says: "no database at"},
		{name: "little memory", call: "verify", env: []string{"GOMEMLIMIT=1MiB"}, says: "whole"},
		{name: "cut in half", call: "verify", prepare: func(s *shell) { must(t, os.WriteFile(s.path("citd.db"), file[:len(file)/2], 0o600)) }, code: 74, says: "citd restore"},
		{name: "a page less", call: "serve --addr 127.0.0.1:0", prepare: func(s *shell) { must(t, os.WriteFile(s.path("citd.db"), file[:len(file)-4096], 0o600)) }, code: 74, says: "citd restore"},
		{name: "a symbolic link", call: "user list", prepare: func(s *shell) {
			must(t, os.Rename(s.path("citd.db"), s.path("real.db")))
			must(t, os.Symlink("real.db", s.path("citd.db")))
		}, code: 66, says: "is no plain file"},
		{name: "escapes in an import", call: "import -", stdin: `{"resource":"\u001b[31mx","body":{}}` + "\n", code: 65, says: "no resource"},
		{name: "escapes in a field", call: "import -", stdin: `{"resource":"employee","body":{"employee_id":"A","left_on":"\u001b]0;x\u0007"}}` + "\n", code: 65, says: "left_on"},
		{name: "a raw escape", call: "import -", stdin: "\x1b[2J\n", code: 65},
		{name: "fixture with a missing person", call: "import -", stdin: `{"resource":"detectionmodelresult","body":{"employee":"/data-sub/api/employee/9/","date":"2026-01-01","score":1}}` + "\n", code: 65, says: "line 1"},
		{name: "a score that is no number", call: "import -", stdin: `{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"A"},"date":"2026-01-01","score":"NaN"}}` + "\n", code: 65, says: "score"},
		{name: "bytes without end of line", call: "import -", stdin: strings.Repeat("x", 4<<20), code: 65, says: "longer than 1 MiB"},
		{name: "a name with an escape", call: "user add \x1b[31mx", code: 65, says: "printable text"},
		{name: "a file with an escape in its name", call: "user list --db \x1b[31mx.db", code: 66},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShell(t)
			must(t, os.WriteFile(s.path("citd.db"), file, 0o600))
			if tt.prepare != nil {
				tt.prepare(s)
			}
			s.env = append(s.env, tt.env...)
			r := s.citd(tt.stdin, strings.Fields(tt.call)...)
			if r.code != tt.code || !strings.Contains(r.out+r.err, tt.says) {
				t.Errorf("= %d %s%s; want %d with %q", r.code, r.out, r.err, tt.code, tt.says)
			}
			if strings.ContainsAny(r.out+r.err, "\x1b\x07") {
				t.Errorf("the terminal gets %q", r.out+r.err)
			}
		})
	}
}

// An import that is broken off stores nothing and leaves nothing beside the file.
func TestInterruptedImport(t *testing.T) {
	s := newShell(t)
	s.must("", "init", "--user", "ana")
	cmd := s.command("import", "-")
	in, err := cmd.StdinPipe()
	must(t, err)
	must(t, cmd.Start())
	_, err = in.Write([]byte(`{"resource":"employee","body":{"employee_id":"A"}}` + "\n"))
	must(t, err)
	time.Sleep(200 * time.Millisecond) // well within its reading, or before it: both must leave nothing
	must(t, cmd.Process.Signal(os.Interrupt))
	_ = in.Close()
	err = cmd.Wait()
	if out := s.must("", "verify"); err != nil && !strings.Contains(out, "checked 0 employees") {
		t.Errorf("half an import: %s", out)
	}
	if left, _ := filepath.Glob(s.path("*new*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
