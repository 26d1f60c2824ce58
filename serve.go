package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"

	"citd/handlers"
	"citd/store"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const defaultAddr = "127.0.0.1:8000"

type serveOptions struct {
	addr      string
	hosts     []string
	cert, key string
}

func newServe(path *string) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve the pages and the API", Args: names(0),
		Example: "  citd serve\n  citd serve --db /srv/citd.db --addr 127.0.0.1:8001",
		RunE:    func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), *path, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", env("CITD_ADDR", defaultAddr), "`ADDRESS` to listen on (or $CITD_ADDR); port 0 picks a free one")
	f.StringSliceVar(&o.hosts, "allow-host", nil, "`NAME` by which browsers may call this server besides localhost")
	f.StringVar(&o.cert, "tls-cert", os.Getenv("CITD_TLS_CERT"), "`FILE` of the certificate, for other than loopback addresses (or $CITD_TLS_CERT)")
	f.StringVar(&o.key, "tls-key", os.Getenv("CITD_TLS_KEY"), "`FILE` of its key (or $CITD_TLS_KEY)")
	return cmd
}

// serve holds the lock for as long as it runs. It listens before it makes a
// file, so that a call that cannot work leaves nothing behind.
func serve(ctx context.Context, path string, o serveOptions) (err error) {
	began := time.Now()
	limitMemory()
	if err := o.check(); err != nil {
		return err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return err
	}
	ln, err := listen(o.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	lock, err := store.TakeLock(ctx, path)
	if err != nil {
		return cannotCreate(err)
	}
	defer func() { err = errors.Join(err, lock.Free()) }()
	_, missing := os.Lstat(path)
	log := newLog()
	slog.SetDefault(log) // the store's panics go there
	db, err := store.Open(ctx, path, store.Options{Schema: schema, Create: true, Own: true})
	if err != nil {
		return cannotCreate(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	code, err := firstLink(ctx, db)
	if err != nil {
		return err
	}
	at := o.url(ln)
	lock.Note(at)
	noteServed(path)
	banner(path, at, code, backupLine(ctx, db), missing != nil, began)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	beside := func(ctx context.Context) { keepSafe(ctx, db, stop) }
	return handlers.Serve(ctx, ln, db, handlers.Options{Hosts: o.hosts, Log: log, Beside: beside}, o.cert, o.key)
}

// check refuses an address that others reach unless TLS protects it.
func (o *serveOptions) check() error {
	host, port, err := net.SplitHostPort(o.addr)
	if err != nil {
		return wrong("Write it like "+defaultAddr, "--addr %s is no address with a port", o.addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return wrong("Write it like "+defaultAddr, "--addr %s: a port is a number from 0 to 65535", o.addr)
	}
	for _, h := range o.hosts {
		if strings.ContainsAny(h, ":/ ") || h == "" {
			return wrong("Write it like --allow-host citd.example.org", "--allow-host %s is no plain name", h)
		}
	}
	ip := net.ParseIP(host)
	switch {
	case (o.cert == "") != (o.key == ""):
		return wrong("", "--tls-cert and --tls-key go together")
	case o.cert != "":
		if _, err := tls.LoadX509KeyPair(o.cert, o.key); err != nil {
			return &exit{code: 66, msg: "the certificate and its key cannot be read", err: err}
		}
		if ip != nil && !ip.IsUnspecified() {
			o.hosts = append(o.hosts, host)
		}
	case host != "localhost" && (ip == nil || !ip.IsLoopback()):
		return wrong("Keep to 127.0.0.1 and reach it by  ssh -L 8000:127.0.0.1:8000 …,\nor give it a certificate with --tls-cert and --tls-key.",
			"%s can be reached from other computers, and without TLS everybody on the way reads along", o.addr)
	}
	return nil
}

func (o *serveOptions) url(ln net.Listener) string {
	if o.cert == "" {
		return "http://" + ln.Addr().String()
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return "https://" + net.JoinHostPort(append(o.hosts, "localhost")[0], port)
}

func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, taken(addr)
	case errors.Is(err, os.ErrPermission):
		return nil, &exit{code: 77, msg: "this account may not listen on " + addr, hint: "Ports under 1024 are the administrator's; try:  citd serve --addr " + defaultAddr}
	}
	return nil, &exit{code: 69, msg: "cannot listen on " + addr, err: err}
}

// taken says who has the port, if that is a citd of this user.
func taken(addr string) error {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	next := "citd serve --addr " + net.JoinHostPort(host, strconv.Itoa(n+1))
	at := lastServed()
	if h := store.ServedBy(at); at != "" && strings.HasSuffix(h.Addr, ":"+port) {
		return &exit{
			code: 69, msg: fmt.Sprintf("port %s is taken by citd (pid %d, %s)", port, h.PID, at),
			hint: "Open " + h.Addr + ", or run:  " + next,
		}
	}
	return &exit{code: 69, msg: fmt.Sprintf("port %s is taken by another program", port), hint: "Run:  " + next}
}

// cannotCreate tells a file that could not be made from one that is missing.
func cannotCreate(err error) error {
	if e := store.AsError(err); e.Kind == store.NoFile || errors.Is(err, fs.ErrNotExist) {
		return &exit{73, e.Msg, e.Hint, e.Err}
	}
	return err
}

// firstLink returns the code of a login link while nobody has ever signed in,
// and makes the first account in a new file.
func firstLink(ctx context.Context, db *store.DB) (code string, err error) {
	all, err := db.Accounts(ctx, store.Person)
	if err != nil {
		return "", err
	}
	for _, a := range all {
		if a.UsedAt != 0 || a.Secret {
			return "", nil
		}
	}
	if len(all) == 0 {
		a, _, err := db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: userName(), Role: store.Admin})
		if err != nil {
			return "", err
		}
		all = append(all, a)
	}
	return db.AddLink(ctx, all[0].Name, store.LinkLife)
}

// userName is the name of whoever runs this, without a Windows domain.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return "admin"
	}
	name := u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
	if store.CheckName(name) != nil {
		return "admin"
	}
	return name
}

func banner(path, at, code, backups string, made bool, began time.Time) {
	note := ""
	if made {
		note = "  (new, readable by you only)"
	}
	where := "this computer only"
	if strings.HasPrefix(at, "https") {
		where = "other computers too"
	}
	say("citd %s  pid %d", version(), os.Getpid())
	say("  data     %s%s", path, note)
	say("  address  %s  (%s)", at, where)
	say("  backup   %s", backups)
	if code != "" {
		say("  people   nobody has signed in yet. Do it within 10 minutes:")
		say("           %s/login?code=%s", at, code)
		say("           Link gone? In another terminal: citd login-link")
	}
	say("ready in %d ms", time.Since(began).Milliseconds())
}

// say talks to whoever runs citd, on stderr: stdout is for data.
func say(format string, args ...any) { sayPart(format+"\n", args...) }

func sayPart(format string, args ...any) { fmt.Fprintf(os.Stderr, format, args...) }

// newLog writes one line for each request, and to a terminal only what is wrong.
func newLog() *slog.Logger {
	// What came over the wire must not move a cursor or break a line.
	quote := func(_ []string, a slog.Attr) slog.Attr {
		if k := a.Value.Kind(); k != slog.KindString && k != slog.KindAny {
			return a
		}
		if s := a.Value.String(); strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			a.Value = slog.StringValue(strconv.QuoteToASCII(s))
		}
		return a
	}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: quote}))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: quote}))
}

// limitMemory asks the garbage collector to stay under 176 MiB, so that with
// SQLite's caches the process stays under 256, unless GOMEMLIMIT says otherwise.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(176 << 20)
	}
}

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
