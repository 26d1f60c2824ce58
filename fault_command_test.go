package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"citd/store"
)

// act is a command that changes the file: whatever befalls it, the file is as it
// was before or as it is after, and the command can be given again.
type act struct {
	name, args string // DIR in args: the database's folder
	gone       bool   // there is no file yet
	step       bool   // citd is one that knows a newer schema
	beside     bool   // it may run beside a server
	done       string // SQL: how much of it is in the file (empty: whether b.db is there) ...
	all        int    // ... once it is done; before that nothing
}

const imported = 400

var acts = []act{
	{name: "first start", args: "serve --addr 127.0.0.1:0", gone: true, done: `SELECT count(*) FROM account`, all: 1},
	{name: "init", args: "init --user bob --password-stdin", gone: true, done: `SELECT count(*) FROM account`, all: 1},
	{name: "user add", args: "user add bob --password-stdin", beside: true, done: `SELECT count(*) FROM account WHERE name = 'bob'`, all: 1},
	{name: "token add", args: "token add more", beside: true, done: `SELECT count(*) FROM account WHERE name = 'more'`, all: 1},
	{name: "import", args: "import DIR/rows.ndjson", done: `SELECT count(*) FROM detectionmodelresult WHERE run_id = 'imported'`, all: imported},
	{name: "backup", args: "backup DIR/b.db", beside: true, all: 1},
	{name: "restore", args: "restore DIR/good.db", done: `SELECT count(*) FROM audit WHERE verb = 'restore'`, all: 1},
	{name: "purge", args: "purge --employee E1 --reason over", done: `SELECT 1 - count(*) FROM employee WHERE employee_id = 'E1'`, all: 1},
	{name: "upgrade", args: "import DIR/none.ndjson", step: true, done: `SELECT count(*) FROM sqlite_schema WHERE name LIKE 'fault%'`, all: 2},
}

// drawer holds the files that commands find, made once.
var drawer struct {
	sync.Once
	files         map[string][]byte
	token, cookie string
}

func fillDrawer(tb testing.TB) {
	l := newLab(tb, builds.plain, tb.TempDir())
	dir := filepath.Dir(l.db)
	var rows strings.Builder
	rnd := rand.New(rand.NewPCG(5, 6))
	for range imported {
		fmt.Fprintf(&rows, `{"resource": "detectionmodelresult", "body": %s}`+"\n", strings.ReplaceAll(oneResult(rnd, 0.6, "before"), "\n", ""))
	}
	putFile(tb, filepath.Join(dir, "before.ndjson"), []byte(rows.String()))
	putFile(tb, filepath.Join(dir, "rows.ndjson"), []byte(strings.ReplaceAll(rows.String(), "before", "imported")))
	putFile(tb, filepath.Join(dir, "none.ndjson"), nil)
	for _, args := range [][]string{{"import", filepath.Join(dir, "before.ndjson")}, {"backup", filepath.Join(dir, "good.db")}} {
		if code, out := l.call(args...); code != 0 {
			tb.Fatalf("%s = %d %s", args, code, out)
		}
	}
	files := map[string][]byte{}
	for _, name := range []string{"citd.db", "good.db", "rows.ndjson", "none.ndjson"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			tb.Fatal(err)
		}
		files[name] = b
	}
	drawer.files, drawer.token, drawer.cookie = files, l.token, l.cookie
}

func putFile(tb testing.TB, path string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// desk is a folder in which a command is tried, each time on the same files.
type desk struct {
	*lab
	act
	plain string        // the released citd
	takes time.Duration // the command, if nothing befalls it
}

// newDesk lays the files for a in dir, and tries it once.
func newDesk(tb testing.TB, a act, dir string) *desk {
	tb.Helper()
	drawer.Do(func() { fillDrawer(tb) })
	bin, err := builds.plain()
	if err != nil {
		tb.Fatal(err)
	}
	d := &desk{act: a, plain: bin, lab: &lab{
		TB: tb, bin: bin, db: filepath.Join(dir, "citd.db"), env: append(os.Environ(), "HOME="+tb.TempDir(), "XDG_STATE_HOME="),
		token: drawer.token, cookie: drawer.cookie,
	}}
	if d.step {
		if d.bin, err = builds.fault(); err != nil {
			tb.Fatal(err)
		}
		d.env = append(d.env, "CITD_FAULT_STEP=1")
	}
	d.lay()
	began := time.Now()
	if code, out := d.run(time.Hour); code != 0 {
		tb.Fatalf("%s = %d %s", d.name, code, out)
	}
	d.takes = time.Since(began)
	return d
}

// lay puts the files as they were.
func (d *desk) lay() {
	d.Helper()
	all, err := os.ReadDir(filepath.Dir(d.db))
	if err != nil {
		d.Fatal(err)
	}
	for _, e := range all {
		if err := os.RemoveAll(filepath.Join(filepath.Dir(d.db), e.Name())); err != nil && e.Name() != "lost+found" {
			d.Fatal(err)
		}
	}
	for name, b := range drawer.files {
		if !d.gone || name != "citd.db" {
			putFile(d, filepath.Join(filepath.Dir(d.db), name), b)
		}
	}
}

// run runs the command for so long at most, then kills it: -1. A server that
// serves has done what it is here for.
func (d *desk) run(limit time.Duration) (code int, out string) {
	d.Helper()
	ctx, end := context.WithTimeout(d.Context(), limit)
	defer end()
	args := strings.Fields(strings.ReplaceAll(d.args, "DIR", filepath.Dir(d.db)))
	cmd := exec.CommandContext(ctx, d.bin, append(args, "--db", d.db)...)
	var errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stderr = d.env, strings.NewReader("correct horse battery\n"), &errs
	if err := cmd.Start(); err != nil {
		d.Fatal(err)
	}
	served := make(chan bool, 1)
	if args[0] == "serve" {
		go func() {
			for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
				if h := store.ServedBy(d.db); h.PID == cmd.Process.Pid && h.Addr != "" {
					served <- true
					end()
				}
			}
		}()
	}
	_ = cmd.Wait()
	if len(served) > 0 {
		return 0, ""
	}
	return cmd.ProcessState.ExitCode(), errs.String()
}

// settled looks at what the fault has left, reports whether the command was
// done, and gives it again if not.
func (d *desk) settled(when string) (done bool) {
	d.Helper()
	n := d.seen(when)
	if n != 0 && n != d.all {
		d.Fatalf("%s: %d of %d parts are done", when, n, d.all)
	}
	if n == 0 {
		if code, out := d.run(time.Hour); code != 0 || d.seen(when+", and again") != d.all {
			d.Fatalf("%s: given again it ends with %d %s", when, code, out)
		}
	}
	return n > 0
}

// seen verifies what is there, and counts how much of the command is done.
func (d *desk) seen(when string) (n int) {
	d.Helper()
	if _, err := os.Lstat(d.db); d.gone && err != nil {
		return 0
	}
	if d.done == "" {
		copied := *d.lab
		copied.db = filepath.Join(filepath.Dir(d.db), "b.db")
		if _, err := os.Lstat(copied.db); err == nil {
			copied.whole()
			n = d.all
		}
	} else {
		d.query(&n, d.done)
	}
	as := *d.lab
	if d.step && n == 0 {
		as.bin = d.plain
	}
	if code, out := as.call("verify"); code != 0 {
		d.Fatalf("%s: verify = %d %s", when, code, out)
	}
	return n
}

// kill -9 of a command, alone and beside a server, leaves all of what it does or
// nothing, and the next start and the command itself go on from there.
func TestFaultKillCommand(t *testing.T) {
	t.Parallel()
	for _, a := range acts {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, a, t.TempDir())
			tries, was := often(2, 60), 0
			for try := range tries {
				d.lay()
				var s *server
				if a.beside && try%2 == 0 {
					s = d.serve()
				}
				_, _ = d.run(rand.N(d.takes + d.takes/4))
				if s != nil {
					if status := s.post(&ledger{}, rand.New(rand.NewPCG(1, 2))); status != 201 {
						t.Fatalf("kill %d: the server answers %d", try, status)
					}
					s.kill()
				}
				if d.settled(fmt.Sprint("kill ", try)) {
					was++
				}
			}
			t.Logf("of %d kills %d came when it was done", tries, was)
		})
	}
}
