package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"citd/store"
)

// The test binary stands for citd itself when this is set.
const asProgram = "CITD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	var err error
	if builds.dir, err = os.MkdirTemp("", "citd-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(builds.dir)
	os.Exit(code)
}

// shell is a folder in which citd is called.
type shell struct {
	testing.TB
	dir string
	env []string
}

func newShell(tb testing.TB) *shell {
	dir := tb.TempDir()
	return &shell{tb, dir, []string{"HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "TMPDIR=" + dir}}
}

func (s *shell) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), os.Args[0], args...)
	cmd.Dir = s.dir
	cmd.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH")}, s.env...)
	return cmd
}

// ran is what a call of citd did.
type ran struct {
	code     int
	out, err string
}

func (s *shell) citd(stdin string, args ...string) ran {
	s.Helper()
	cmd := s.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	var x *exec.ExitError
	if err != nil && !errors.As(err, &x) {
		s.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must is citd where it has to work; it returns what is on stdout.
func (s *shell) must(stdin string, args ...string) string {
	s.Helper()
	r := s.citd(stdin, args...)
	if r.code != 0 {
		s.Fatalf("citd %s = %d %s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

func (s *shell) path(name string) string { return filepath.Join(s.dir, name) }

func (s *shell) files() string {
	s.Helper()
	list, err := os.ReadDir(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	var names []string
	for _, f := range list {
		if f.Name() != "state" {
			names = append(names, f.Name())
		}
	}
	return strings.Join(names, " ")
}

// running is a server that citd started.
type running struct {
	*shell
	cmd      *exec.Cmd
	url      string
	log      chan string // all of stderr, when it has ended
	greeting string      // stderr until it was ready
}

// start runs citd until it says where it can be reached.
func (s *shell) start(args ...string) *running {
	s.Helper()
	cmd := s.command(args...)
	errs, err := cmd.StderrPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	r := &running{shell: s, cmd: cmd, log: make(chan string, 1)}
	s.Cleanup(func() { _ = cmd.Process.Kill(); _, _ = cmd.Process.Wait() })
	in := bufio.NewReader(errs)
	for !strings.HasPrefix(r.lastLine(), "ready in") && !strings.HasPrefix(r.lastLine(), "Ctrl-C") {
		line, err := in.ReadString('\n')
		r.greeting += line
		if err != nil {
			s.Fatalf("citd %s ended: %s", strings.Join(args, " "), r.greeting)
		}
	}
	r.url = regexp.MustCompile(`https?://[^/\s]+`).FindString(r.greeting)
	go func() {
		rest, _ := io.ReadAll(in)
		r.log <- r.greeting + string(rest)
	}()
	return r
}

func (r *running) lastLine() string {
	lines := strings.Split(strings.TrimRight(r.greeting, "\n"), "\n")
	return lines[len(lines)-1]
}

// stop sends a signal and returns how the process ended.
func (r *running) stop(sig os.Signal) (code int, log string) {
	r.Helper()
	if err := r.cmd.Process.Signal(sig); err != nil {
		r.Fatal(err)
	}
	log = <-r.log
	_ = r.cmd.Wait()
	return r.cmd.ProcessState.ExitCode(), log
}

// get calls the API with a token.
func (r *running) get(token string) int {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.url+"/data-sub/api/", nil)
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// Calls that change nothing: exit code, and what is said where.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, tt := range []struct {
		call string
		code int
		out  string // begins so
		err  string // holds this
	}{
		{"", 0, "citd shows analysts", ""},
		{"--help", 0, "citd shows analysts", ""},
		{"help", 0, "citd shows analysts", ""},
		{"serve --help", 0, "Serve the pages and the API.\n", ""},
		{"user --help", 0, "Who may sign in.\n", ""},
		{"version", 0, "citd ", ""},
		{"version --deps", 0, "citd ", ""},
		{"sevre", 64, "", "citd: unknown command \"sevre\". Did you mean serve?\n"},
		{"frobnicate", 64, "", "citd: unknown command \"frobnicate\".\n  See:  citd --help\n"},
		{"user ad", 64, "", "citd: unknown command \"user ad\". Did you mean add?\n"},
		{"user", 64, "", "citd: say what to do with user.\n  See:  citd user --help\n"},
		{"user add", 64, "", "citd: citd user add takes 1 words after it; 0 were given.\n  Call it as:  citd user add NAME"},
		{"user add ana bob", 64, "", "2 were given"},
		{"user add ana --role lord", 64, "", "citd: --role lord: a person is admin, analyst or viewer.\n"},
		{"user add ana --password secret", 64, "", "citd: unknown flag: --password.\n  See:  citd user add --help\n"},
		{"token add t --role admin", 64, "", "citd: --role admin: a token is script or ingest.\n"},
		{"token add t --days -1", 64, "", "citd: --days -1"},
		{"token add t --days 9223372036854775807", 64, "", "citd: --days 9223372036854775807"},
		{"serve --prot 8001", 64, "", "citd: unknown flag: --prot.\n"},
		{"serve here", 64, "", "citd: citd serve takes 0 words"},
		{"serve --addr 8000", 64, "", "citd: --addr 8000 is no address with a port.\n  Write it like 127.0.0.1:8000\n"},
		{"serve --addr 127.0.0.1:-1", 64, "", "a port is a number from 0 to 65535"},
		{"serve --addr 127.0.0.1:65536", 64, "", "a port is a number from 0 to 65535"},
		{"serve --addr 127.0.0.1:http", 64, "", "a port is a number from 0 to 65535"},
		{"serve --addr 0.0.0.0:8000", 64, "", "citd: 0.0.0.0:8000 can be reached from other computers"},
		{"serve --addr :8000", 64, "", "can be reached from other computers"},
		{"serve --addr 192.0.2.1:8000", 64, "", "--tls-cert and --tls-key"},
		{"serve --addr example.org:8000", 64, "", "can be reached from other computers"},
		{"serve --tls-cert a.pem", 64, "", "--tls-cert and --tls-key go together"},
		{"serve --tls-cert a.pem --tls-key b.pem", 66, "", "citd: the certificate and its key cannot be read"},
		{"serve --allow-host http://x", 64, "", "is no plain name"},
		{"demo --addr 0.0.0.0:8000", 64, "", "can be reached from other computers"},
		{"demo --db real.db", 64, "", "invented data never enters a real one"},
		{"user list", 66, "", "citd: no database at " + s.path("citd.db") + ".\n"},
		{"user list --db none/x.db", 66, "", "citd: no database at"},
		{"login-link", 66, "", "no database"},
		{"token add t", 66, "", "no database"},
		{"serve --addr 127.0.0.1:0 --db none/x.db", 73, "", "citd: there is no folder for"},
		{"serve --addr 127.0.0.1:0 --db .", 73, "", "is no plain file"},
		{"init --db .", 73, "", "exists already"},
		{"init --user a:b", 65, "", "without a colon"},
	} {
		r := s.citd("", strings.Fields(tt.call)...)
		if r.code != tt.code || !strings.HasPrefix(r.out, tt.out) || (tt.out == "") != (r.out == "") || !strings.Contains(r.err, tt.err) {
			t.Errorf("citd %s = %d\nstdout %.200q\nstderr %q\nwant %d, %q, %q", tt.call, r.code, r.out, r.err, tt.code, tt.out, tt.err)
		}
		if tt.code != 0 && !strings.HasPrefix(r.err, "citd: ") {
			t.Errorf("citd %s begins with %.40q", tt.call, r.err)
		}
	}
	if got := s.files(); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

func TestPeopleAndTokens(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, tt := range []struct {
		stdin, call string
		code        int
		out, err    string // each holds this
	}{
		{"", "init --user ana", 0, "", "made " + s.path("citd.db") + ", readable by you only\nana may sign in as admin. A link for that:  citd login-link --user ana\n"},
		{"", "init --user ana", 73, "", "exists already.\n  Add people with:  citd user add NAME\n"},
		{"correct horse\nrest\n", "user add bob --role viewer --password-stdin", 0, "", "bob may sign in as viewer.\n"},
		{"8 bytes.\r\n", "user add eve --password-stdin", 0, "", "eve may sign in as analyst. The password is short: 12 characters or more are better.\n"},
		{"7 bytes\n", "user add dan --password-stdin", 65, "", "citd: a password has 8 to 1024 bytes.\n"},
		{strings.Repeat("x", 2000), "user add dan --password-stdin", 65, "", "citd: a password has 8 to 1024 bytes.\n"},
		{"\n", "user add dan --password-stdin", 65, "", "the first line of standard input is empty"},
		{"", "user add bob", 65, "", "citd: there is a person \"bob\" already.\n"},
		{"", "user passwd bob", 64, "", "no password was given"},
		{"another one!\n", "user passwd bob --password-stdin", 0, "", ""},
		{"another one!\n", "user passwd nobody --password-stdin", 65, "", "citd: there is no person \"nobody\".\n"},
		{"", "user role eve viewer", 0, "", ""},
		{"", "user role eve script", 65, "", "a person has no role \"script\""},
		{"", "user lock ana", 65, "", "citd: ana is the only admin; make another one first.\n"},
		{"", "user lock bob", 0, "", ""},
		{"", "user list", 0, "bob   viewer  locked", ""},
		{"", "user list --json", 0, `"last_used":null,"name":"bob","role":"viewer","state":"locked"}`, ""},
		{"", "login-link --user bob", 65, "", "there is no person \"bob\" who may sign in"},
		{"", "user unlock bob", 0, "", ""},
		{"", "login-link --user bob", 0, "http://127.0.0.1:8000/login?code=", "For bob, good once within 10 minutes:\n"},
		{"", "login-link", 0, "http://127.0.0.1:8000/login?code=", "citd is not running on " + s.path("citd.db")},
		{"", "token add usb-watch --role ingest", 0, "citd_in_", "Shown once. It may post, and may not read people:\n"},
		{"", "token add nightly --days 30", 0, "citd_sc_", "Shown once. It reads and writes employees, evidence and results:\n"},
		{"", "token revoke usb-watch", 0, "", ""},
		{"", "token list", 0, "usb-watch  ingest  revoked", ""},
		{"citd_sc_guess\n", "token test", 77, "", "citd: this token is unknown, revoked or expired.\n"},
		{"", "token test", 65, "", "first line of standard input is empty"},
		{"", "token revoke nothing", 65, "", "citd: there is no token \"nothing\".\n"},
	} {
		r := s.citd(tt.stdin, strings.Fields(tt.call)...)
		if r.code != tt.code || !strings.Contains(r.out, tt.out) || !strings.Contains(r.err, tt.err) {
			t.Errorf("citd %s = %d\nstdout %q\nstderr %q\nwant %d, %q, %q", tt.call, r.code, r.out, r.err, tt.code, tt.out, tt.err)
		}
	}
	if got := s.files(); got != "citd.db" {
		t.Errorf("files: %s", got)
	}
}

// Every kind of error has an exit code, and none is success.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for k := store.Internal; k <= store.Busy; k++ {
		if code := report(io.Discard, store.Errorf(k, "x")); code < 64 || code > 78 {
			t.Errorf("kind %d ends with %d", k, code)
		}
	}
	if code := report(io.Discard, errors.New("x")); code != 70 {
		t.Errorf("an error that nobody classed ends with %d", code)
	}
}

// What is not a citd database is refused, and is afterwards what it was.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.must("", "init", "--user", "ana", "--db", "good.db")
	good, err := os.ReadFile(s.path("good.db"))
	if err != nil {
		t.Fatal(err)
	}
	patch := func(at int, with string) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	for _, tt := range []struct {
		name string
		file []byte
		code int
		err  string
	}{
		{"empty", nil, 65, "is no SQLite file"},
		{"one byte", []byte("x"), 65, "is no SQLite file"},
		{"page of the web", []byte("<!doctype html>" + strings.Repeat("x", 5000)), 65, "is no SQLite file"},
		{"of another program", patch(68, "\x00\x00\x00\x01"), 65, "made by another program"},
		{"of a newer citd", patch(60, "\x00\x00\x7f\xff"), 78, "newer citd"},
	} {
		for _, call := range []string{"serve --addr 127.0.0.1:0", "user list", "token add t"} {
			if err := os.WriteFile(s.path("x.db"), tt.file, 0o600); err != nil {
				t.Fatal(err)
			}
			r := s.citd("", append(strings.Fields(call), "--db", "x.db")...)
			if r.code != tt.code || !strings.Contains(r.err, tt.err) || !strings.Contains(r.err, "not changed") {
				t.Errorf("%s: citd %s = %d %q; want %d, %q", tt.name, call, r.code, r.err, tt.code, tt.err)
			}
			if after, err := os.ReadFile(s.path("x.db")); err != nil || !bytes.Equal(after, tt.file) || s.files() != "good.db x.db" {
				t.Errorf("%s: citd %s changed it, or left %s", tt.name, call, s.files())
			}
		}
	}
}

// A path is a path, whatever is in it.
func TestPathsAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	const odd = "a?mode=memory&b%20c#d.db"
	s.must("", "init", "--user", "ana", "--db", odd)
	if got := s.files(); got != odd {
		t.Errorf("files: %s", got)
	}
	s.env = append(s.env, "CITD_DB="+odd)
	if out := s.must("", "user", "list"); !strings.Contains(out, "ana") {
		t.Errorf("by $CITD_DB: %s", out)
	}
	if err := os.Symlink(odd, s.path("link.db")); err != nil {
		t.Skip(err)
	}
	if r := s.citd("", "user", "list", "--db", "link.db"); r.code != 66 || !strings.Contains(r.err, "is no plain file") {
		t.Errorf("through a link: %d %s", r.code, r.err)
	}
}

// What cannot be written is an error: a token that nobody saw must not look made.
func TestStdoutFull(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.must("", "init", "--user", "ana")
	for _, call := range []string{"version", "token add t", "user list", "login-link"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		cmd := s.command(strings.Fields(call)...)
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = full, &errs
		_ = cmd.Run()
		_ = full.Close()
		if code := cmd.ProcessState.ExitCode(); code != 74 || !strings.Contains(errs.String(), "standard output cannot be written") {
			t.Errorf("citd %s = %d %s", call, code, errs.String())
		}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	r := s.start("serve", "--addr", "127.0.0.1:0")
	for _, want := range []string{"data     " + s.path("citd.db") + "  (new, readable by you only)", "/login?code=", fmt.Sprintf("pid %d", r.cmd.Process.Pid)} {
		if !strings.Contains(r.greeting, want) {
			t.Errorf("the greeting lacks %q:\n%s", want, r.greeting)
		}
	}
	// A token made beside the server works at once, and is refused at once when revoked.
	token := s.must("", "token", "add", "t")
	if got := r.get(token); got != 200 {
		t.Errorf("new token = %d", got)
	}
	if out := s.must(token, "token", "test"); out != "t: good, role script\n" {
		t.Errorf("token test says %q", out)
	}
	s.must("", "token", "revoke", "t")
	if got := r.get(token); got != 401 {
		t.Errorf("revoked token = %d", got)
	}
	if out := s.must("", "login-link"); !strings.HasPrefix(out, r.url+"/login?code=") {
		t.Errorf("login-link prints %s; want one to %s", out, r.url)
	}
	for _, f := range []string{"citd.db", "citd.db-wal", "citd.db-shm", "citd.db.lock"} {
		if st, err := os.Stat(s.path(f)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, st, err)
		}
	}
	// The second one names the first, before it touches anything.
	second := s.citd("", "serve", "--addr", "127.0.0.1:0")
	if want := fmt.Sprintf("citd: %s is served already by citd (pid %d).\n  Open %s, or stop it first.\n", s.path("citd.db"), r.cmd.Process.Pid, r.url); second.code != 75 || second.err != want {
		t.Errorf("second = %d %q; want %q", second.code, second.err, want)
	}
	addr := strings.TrimPrefix(r.url, "http://")
	port := addr[strings.LastIndexByte(addr, ':')+1:]
	other := s.citd("", "serve", "--addr", addr, "--db", "other.db")
	if want := fmt.Sprintf("citd: port %s is taken by citd (pid %d, %s).\n  Open %s, or run:", port, r.cmd.Process.Pid, s.path("citd.db"), r.url); other.code != 69 || !strings.HasPrefix(other.err, want) {
		t.Errorf("same port = %d %q; want %q", other.code, other.err, want)
	}
	elsewhere := newShell(t)
	elsewhere.env = s.env
	if r := elsewhere.citd("", "user", "list"); r.code != 66 || !strings.Contains(r.err, "A citd of yours is running on "+s.path("citd.db")) {
		t.Errorf("in another folder = %d %s", r.code, r.err)
	}
	if code, _ := r.stop(syscall.SIGTERM); code != 0 {
		t.Errorf("SIGTERM = %d", code)
	}
	if got := s.files(); got != "citd.db citd.db.lock" {
		t.Errorf("left: %s", got)
	}
	again := s.start("serve", "--addr", "127.0.0.1:0")
	if strings.Contains(again.greeting, "(new,") {
		t.Errorf("second start: %s", again.greeting)
	}
	if code, _ := again.stop(os.Interrupt); code != 0 {
		t.Errorf("Ctrl-C = %d", code)
	}
}

// Of servers that are started together on one file, one runs.
func TestDoubleStart(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	const n = 6
	ended := make(chan int, n)
	var all []*exec.Cmd
	for range n {
		cmd := s.command("serve", "--addr", "127.0.0.1:0")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
		go func() { _ = cmd.Wait(); ended <- cmd.ProcessState.ExitCode() }()
	}
	for range n - 1 {
		if code := <-ended; code != 75 {
			t.Errorf("a loser ends with %d", code)
		}
	}
	for _, cmd := range all {
		_ = cmd.Process.Kill()
	}
	if code := <-ended; code != -1 {
		t.Errorf("the winner had ended with %d", code)
	}
	// kill -9 frees the file.
	if code, log := s.start("serve", "--addr", "127.0.0.1:0").stop(syscall.SIGTERM); code != 0 {
		t.Errorf("afterwards %d %s", code, log)
	}
}

// A file that others may read is closed to them, and that is said.
func TestOpenFileIsClosed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.must("", "init", "--user", "ana")
	if err := os.Chmod(s.path("citd.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := s.citd("", "user", "list")
	if st, err := os.Stat(s.path("citd.db")); err != nil || st.Mode().Perm() != 0o600 || !strings.Contains(r.err, "set to 0600") {
		t.Errorf("%v %v, said %q", st.Mode(), err, r.err)
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	first := s.start("demo", "--addr", "127.0.0.1:0")
	addr := strings.TrimPrefix(first.url, "http://")
	second := s.start("demo", "--addr", addr, "--keep", "kept.db")
	if second.url == first.url || !strings.Contains(second.greeting, "is taken; using ") {
		t.Errorf("on a taken port: %s", second.greeting)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, second.url+"/data-sub/api/employee/", strings.NewReader(`{"employee_id":"NEW1"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("myusername", "mypassword")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 201 {
		t.Errorf("the login of the examples = %d", resp.StatusCode)
	}
	for _, r := range []*running{first, second} {
		if code, log := r.stop(syscall.SIGTERM); code != 0 {
			t.Errorf("ended with %d %s", code, log)
		}
	}
	if got := s.files(); got != "kept.db kept.db.lock" {
		t.Errorf("left: %s", got)
	}
	if r := s.citd("", "demo", "--keep", "kept.db"); r.code != 73 || !strings.Contains(r.err, "citd serve --db kept.db") {
		t.Errorf("keep again = %d %s", r.code, r.err)
	}
}

// The log is JSON, one line for each request, without what was typed.
func TestLog(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	r := s.start("serve", "--addr", "127.0.0.1:0")
	for range 3 {
		r.get("citd_sc_planted-secret")
	}
	_, log := r.stop(syscall.SIGTERM)
	lines := strings.Split(strings.TrimSpace(strings.TrimPrefix(log, r.greeting)), "\n")
	if len(lines) != 3 || strings.Contains(log, "planted") {
		t.Errorf("log:\n%s", log)
	}
	for _, l := range lines {
		if !strings.HasPrefix(l, `{"time":`) || !strings.Contains(l, `"status":401`) {
			t.Errorf("line %s", l)
		}
	}
}

// A stop answers what is in work: a request whose body is still on its way is
// not cut, unless a second signal says so.
func TestStopFinishesWork(t *testing.T) {
	t.Parallel()
	for _, twice := range []bool{false, true} {
		s := newShell(t)
		r := s.start("serve", "--addr", "127.0.0.1:0")
		token := s.must("", "token", "add", "t")
		body, w := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/data-sub/api/employee/", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
		req.ContentLength = int64(len(`{"employee_id":"A1"}`))
		req.Header.Set("Expect", "100-continue") // so that the body is taken once the request is in work
		client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
		status := make(chan int, 1)
		go func() {
			resp, err := client.Do(req)
			if err != nil {
				status <- 0
				return
			}
			_ = resp.Body.Close()
			status <- resp.StatusCode
		}()
		_, _ = io.WriteString(w, `{"employee_id"`)
		if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		// Until it takes no new connections, or somebody else has the port by now.
		for began := time.Now(); time.Since(began) < 3*time.Second; {
			c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				break
			}
			_ = c.Close()
		}
		if twice {
			if code, _ := r.stop(syscall.SIGTERM); code != -1 {
				t.Errorf("the second signal: ended with %d; want by the signal", code)
			}
			_ = w.Close()
			continue
		}
		_, _ = io.WriteString(w, `:"A1"}`)
		_ = w.Close()
		if got := <-status; got != 201 {
			t.Errorf("the request in work = %d", got)
		}
		log := <-r.log
		_ = r.cmd.Wait()
		if code := r.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("ended with %d %s", code, log)
		}
	}
}
