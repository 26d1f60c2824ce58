package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"citd/store"
)

// The fault tests run the real binary, with alerts and the record on. The short
// forms run by default. CITD_FAULT_LONG=1 asks for the long ones, 0.1 for a tenth of them.

// often is how many times a fault is tried.
func often(short, long int) int {
	if part, err := strconv.ParseFloat(os.Getenv("CITD_FAULT_LONG"), 64); err == nil {
		return int(part * float64(long))
	}
	return short
}

var builds struct {
	dir   string
	plain func() (string, error)
	fault func() (string, error) // with -tags fault: can be made to fail where a kill cannot reach
}

func init() {
	build := func(name string, args ...string) func() (string, error) {
		return sync.OnceValues(func() (string, error) {
			path := filepath.Join(builds.dir, name)
			out, err := exec.Command("go", append(append([]string{"build", "-buildvcs=false", "-o", path}, args...), ".")...).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			return path, err
		})
	}
	builds.plain, builds.fault = build("citd"), build("citd-fault", "-tags", "fault")
}

// lab is a folder with a database, and citd to be called there.
type lab struct {
	testing.TB
	bin, db string
	env     []string
	token   string // of a script
	cookie  string // of an admin's session
}

// newLab makes a database in dir with a token for scripts.
func newLab(tb testing.TB, build func() (string, error), dir string) *lab {
	tb.Helper()
	if builds.dir == "" {
		tb.Fatal("TestMain did not make a folder for builds")
	}
	bin, err := build()
	if err != nil {
		tb.Fatal(err)
	}
	l := &lab{TB: tb, bin: bin, db: filepath.Join(dir, "citd.db"), env: append(os.Environ(), "HOME="+tb.TempDir(), "XDG_STATE_HOME=")}
	l.fresh()
	return l
}

// fresh puts a new database in the place of the one that is there.
func (l *lab) fresh() {
	l.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(l.db + end)
	}
	ctx := l.Context()
	db, err := store.Open(ctx, l.db, store.Options{Schema: schema, Create: true})
	if err != nil {
		l.Fatal(err)
	}
	_, l.token, err = db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Token, Name: "fault", Role: store.Script})
	ana, _, err2 := db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: "ana", Role: store.Admin})
	cookie, err3 := db.SignIn(ctx, ana.Actor, store.Terms{Idle: 24 * time.Hour})
	id, err4 := db.Setting(ctx, store.FileID)
	l.cookie = "citd_" + id + "=" + cookie
	if err := errors.Join(err, err2, err3, err4, db.Close()); err != nil {
		l.Fatal(err)
	}
}

func (l *lab) command(args ...string) *exec.Cmd {
	cmd := exec.Command(l.bin, append(args, "--db", l.db)...)
	cmd.Env = l.env
	return cmd
}

// call runs citd to its end.
func (l *lab) call(args ...string) (code int, out string) {
	l.Helper()
	b, err := l.command(args...).CombinedOutput()
	var x *exec.ExitError
	if errors.As(err, &x) {
		return x.ExitCode(), string(b)
	} else if err != nil {
		l.Fatal(err)
	}
	return 0, string(b)
}

// whole runs citd verify.
func (l *lab) whole() {
	l.Helper()
	if code, out := l.call("verify"); code != 0 {
		l.Fatalf("verify = %d %s", code, out)
	}
}

// server is a citd that serves.
type server struct {
	*lab
	cmd  *exec.Cmd
	url  string
	errs bytes.Buffer // the banner and the log, to be read once it has ended
	http *http.Client
	good atomic.Int64 // requests that it answered with 2xx
	dark atomic.Bool  // the power is being cut: what it says from now on reaches nobody
}

// serve starts citd and waits until it listens.
func (l *lab) serve() *server {
	l.Helper()
	s := l.launch()
	for began := time.Now(); ; time.Sleep(2 * time.Millisecond) {
		if h := store.ServedBy(l.db); h.PID == s.cmd.Process.Pid && h.Addr != "" {
			s.url = h.Addr + "/data-sub/api/"
			return s
		}
		if time.Since(began) > 30*time.Second {
			s.kill()
			l.Fatalf("it does not start: %s", &s.errs)
		}
	}
}

// launch starts citd and does not wait.
func (l *lab) launch() *server {
	l.Helper()
	s := &server{lab: l, cmd: l.command("serve", "--addr", "127.0.0.1:0")}
	s.cmd.Stderr = &s.errs
	s.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	if err := s.cmd.Start(); err != nil {
		l.Fatal(err)
	}
	l.Cleanup(s.kill)
	return s
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_, _ = s.wait()
}

// wait returns how the process ended.
func (s *server) wait() (code int, errs string) {
	_ = s.cmd.Wait()
	s.http.CloseIdleConnections()
	return s.cmd.ProcessState.ExitCode(), s.errs.String()
}

// query reads the file as it lies there, WAL included, without citd.
func (l *lab) query(dest any, q string, args ...any) {
	l.Helper()
	db, err := sql.Open("sqlite", "file:"+l.db+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		l.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(q, args...).Scan(dest); err != nil {
		l.Fatal(err)
	}
}
