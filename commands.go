package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"citd/handlers"
	"citd/store"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newDemo() *cobra.Command {
	var addr, keep string
	cmd := &cobra.Command{
		Use: "demo", Short: "Show an invented company in a file of its own", Args: names(0),
		Example: "  citd demo\n  citd demo --keep demo.db",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("db") {
				return wrong("Keep it with:  citd demo --keep FILE", "the demo has a file of its own, so that invented data never enters a real one")
			}
			return demo(cmd.Context(), addr, keep)
		},
	}
	cmd.Flags().StringVar(&addr, "addr", env("CITD_ADDR", defaultAddr), "`ADDRESS` to listen on (or $CITD_ADDR); if it is taken, the next free port")
	cmd.Flags().StringVar(&keep, "keep", "", "`FILE` to keep the demo in, instead of a temporary one")
	return cmd
}

// demo serves invented data until ctx ends.
func demo(ctx context.Context, addr, keep string) (err error) {
	if err := (&serveOptions{addr: addr}).check(); err != nil {
		return err
	}
	path, clean, err := demoFile(keep)
	if err != nil {
		return err
	}
	defer clean()
	lock, err := store.TakeLock(ctx, path)
	if err != nil {
		return cannotCreate(err)
	}
	defer func() { err = errors.Join(err, lock.Free()) }()
	ln, err := listenNear(addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	db, err := store.Open(ctx, path, store.Options{Schema: schema, Create: true})
	if err != nil {
		return cannotCreate(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	d, poster, code, err := fillDemo(ctx, db)
	if err != nil {
		return err
	}
	at := "http://" + ln.Addr().String()
	lock.Note(at)
	demoBanner(d, at, code, keep)
	feed := func(ctx context.Context) { feedDemo(ctx, db, d, poster) }
	return handlers.Serve(ctx, ln, db, handlers.Options{Demo: true, Log: newLog(), Beside: feed}, "", "")
}

// demoFile is a new temporary file, or the one to keep.
func demoFile(keep string) (path string, clean func(), err error) {
	if keep == "" {
		dir, err := os.MkdirTemp("", "citd-demo-")
		if err != nil {
			return "", nil, &exit{code: 73, msg: "no temporary folder for the demo: " + err.Error()}
		}
		return filepath.Join(dir, "demo.db"), func() { _ = os.RemoveAll(dir) }, nil
	}
	if path, err = filepath.Abs(keep); err != nil {
		return "", nil, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", nil, &exit{code: 73, msg: path + " exists already", hint: "Look at it again with:  citd serve --db " + keep}
	}
	return path, func() {}, nil
}

// listenNear takes the next free port if the one of addr is taken.
func listenNear(addr string) (net.Listener, error) {
	ln, err := listen(addr)
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	for i := n + 1; err != nil && i <= min(n+20, 65535); i++ {
		var next error
		if ln, next = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(i))); next == nil {
			say("Port %d is taken; using %d.", n, i)
			return ln, nil
		}
	}
	return ln, err
}

// fillDemo loads the invented data, with the login that the API's examples use.
func fillDemo(ctx context.Context, db *store.DB) (d *store.Demo, poster store.Actor, code string, err error) {
	if _, _, err = db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: "demo", Role: store.Admin}); err != nil {
		return nil, poster, "", err
	}
	a, _, err := db.AddAccount(ctx, store.Actor{},
		store.NewAccount{Kind: store.Person, Name: "myusername", Role: store.Script, Password: "mypassword"})
	if err != nil {
		return nil, poster, "", err
	}
	if err = db.SetSetting(ctx, store.Actor{}, store.DisplayMode, store.DisplayModes[0]); err != nil {
		return nil, poster, "", err
	}
	if d, err = store.LoadDemo(ctx, db, a.Actor, fixture); err != nil {
		return nil, poster, "", err
	}
	code, err = db.AddLink(ctx, "demo", store.DemoLink)
	return d, a.Actor, code, err
}

// feedDemo lets a result arrive now and then, so that there is something to watch.
func feedDemo(ctx context.Context, db *store.DB, d *store.Demo, poster store.Actor) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(20*time.Second + rand.N(20*time.Second)):
		}
		if more, err := d.Next(ctx, db, poster); !more || err != nil {
			return
		}
	}
}

func demoBanner(d *store.Demo, at, code, keep string) {
	say("citd %s demo: Halden & Co, %d invented people, %d results, %d alerts", version(), d.Employees, d.Results, d.Alerts)
	if keep == "" {
		say("Nothing here is real. The demo lives in a temporary file and is deleted when you stop.")
	} else {
		say("Nothing here is real. The demo is kept in %s.", keep)
	}
	say("\n  Open   %s/login?code=%s", at, code)
	say("  Try    press j, k, o, then d and 1; ? shows all keys")
	say("\n  Post a result from another terminal and watch it arrive:")
	say(`    curl -u myusername:mypassword -H 'Content-Type: application/json' \`)
	say(`      -d '{"employee":{"employee_id":"SW001"},"date":"%s","reporter":"my-model 1.0","score":0.91,"email_anomaly":0.91}' \`,
		time.Now().UTC().Format("2006-01-02T15:04:05Z"))
	say("      %s/data-sub/api/detectionmodelresult/", at)
	if keep == "" {
		say("\nCtrl-C stops.  citd demo --keep demo.db keeps the file.")
	} else {
		say("\nCtrl-C stops.")
	}
}

func newInit(path *string) *cobra.Command {
	var name string
	var stdin bool
	cmd := &cobra.Command{
		Use: "init", Short: "Make the file and its first admin without a browser", Args: names(0),
		Example: "  citd init --user ana\n  pass show citd | citd init --user ana --password-stdin",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			full, err := filepath.Abs(*path)
			if err != nil {
				return err
			}
			if _, err := os.Lstat(full); err == nil {
				return &exit{code: 73, msg: full + " exists already", hint: "Add people with:  citd user add NAME"}
			}
			if err := store.CheckName(name); err != nil {
				return err
			}
			password, err := readPassword(cmd.InOrStdin(), stdin, "Password of "+name)
			if err != nil {
				return err
			}
			db, err := store.Open(cmd.Context(), full, store.Options{Schema: schema, Create: true})
			if err != nil {
				return cannotCreate(err)
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			say("made %s, readable by you only", full)
			return addPerson(cmd.Context(), db, name, store.Admin, password)
		},
	}
	cmd.Flags().StringVar(&name, "user", userName(), "`NAME` of the first admin")
	stdinFlag(cmd, &stdin)
	return cmd
}

func stdinFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "password-stdin", false, "read the password from the first line of standard input")
}

func newLoginLink(path *string) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "login-link", Short: "Print a link to sign in by, good once within 10 minutes", Args: names(0),
		Example: "  citd login-link\n  citd login-link --user ana",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return with(cmd.Context(), *path, func(db *store.DB) error {
				if name == "" {
					all, err := db.Accounts(cmd.Context(), store.Person)
					if err != nil {
						return err
					}
					first := slices.IndexFunc(all, func(a store.Account) bool { return a.LockedAt == 0 && a.Role == store.Admin })
					if first < 0 {
						return &exit{code: 65, msg: "there is no admin yet", hint: "Add one:  citd user add NAME --role admin"}
					}
					name = all[first].Name
				}
				code, err := db.AddLink(cmd.Context(), name, store.LinkLife)
				if err != nil {
					return err
				}
				at := store.ServedBy(db.Path()).Addr
				if at == "" {
					at = "http://" + env("CITD_ADDR", defaultAddr)
					say("citd is not running on %s: start it within 10 minutes.", db.Path())
				}
				say("For %s, good once within 10 minutes:", name)
				return print(cmd, at+"/login?code="+code)
			})
		},
	}
	cmd.Flags().StringVar(&name, "user", "", "`NAME` of whom to sign in (default: the first admin)")
	return cmd
}

func newUser(path *string) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Who may sign in"}
	group(cmd)
	var role string
	var stdin bool
	add := &cobra.Command{
		Use: "add NAME", Short: "Add somebody who signs in", Args: names(1), Example: "  citd user add ana --role analyst",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(store.PersonRoles, store.Role(role)) {
				return wrong("", "--role %s: a person is %s", role, store.JoinRoles(store.PersonRoles))
			}
			return with(cmd.Context(), *path, func(db *store.DB) error {
				password, err := readPassword(cmd.InOrStdin(), stdin, "Password of "+args[0])
				if err != nil {
					return err
				}
				return addPerson(cmd.Context(), db, args[0], store.Role(role), password)
			})
		},
	}
	add.Flags().StringVar(&role, "role", string(store.Analyst), "`ROLE`: "+store.JoinRoles(store.PersonRoles))
	stdinFlag(add, &stdin)
	passwd := &cobra.Command{
		Use: "passwd NAME", Short: "Set somebody's password, and sign them out everywhere", Args: names(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), *path, func(db *store.DB) error {
				password, err := readPassword(cmd.InOrStdin(), stdin, "New password of "+args[0])
				if err != nil {
					return err
				}
				if password == "" {
					return wrong("Pipe it in:  citd user passwd "+args[0]+" --password-stdin", "no password was given")
				}
				return db.SetPassword(cmd.Context(), store.Actor{}, args[0], password, nil)
			})
		},
	}
	stdinFlag(passwd, &stdin)
	setRole := &cobra.Command{
		Use: "role NAME ROLE", Short: "Give somebody another role", Args: names(2), Example: "  citd user role ana viewer",
		RunE: func(cmd *cobra.Command, args []string) error {
			return with(cmd.Context(), *path, func(db *store.DB) error {
				return db.SetRole(cmd.Context(), store.Actor{}, store.Person, args[0], store.Role(args[1]))
			})
		},
	}
	cmd.AddCommand(
		add, newList(path, store.Person), passwd, setRole,
		newLock(path, store.Person, true, "lock NAME", "Keep somebody out; their name stays on record"),
		newLock(path, store.Person, false, "unlock NAME", "Let somebody in again"),
	)
	return cmd
}

func newToken(path *string) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "What scripts log in with"}
	group(cmd)
	var role string
	var days int
	add := &cobra.Command{
		Use: "add NAME", Short: "Add a token for a script and print it, once", Args: names(1), Example: "  citd token add usb-watch --role ingest",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(store.TokenRoles, store.Role(role)) {
				return wrong("", "--role %s: a token is %s", role, store.JoinRoles(store.TokenRoles))
			}
			if days < 0 {
				return wrong("", "--days %d: a token cannot expire before it is made", days)
			}
			return with(cmd.Context(), *path, func(db *store.DB) error {
				n := store.NewAccount{Kind: store.Token, Name: args[0], Role: store.Role(role)}
				if days > 0 {
					n.ExpiresAt = db.Now() + int64(days)*24*time.Hour.Microseconds()
				}
				_, token, err := db.AddAccount(cmd.Context(), store.Actor{}, n)
				if err != nil {
					return err
				}
				say("Shown once. It %s:", map[store.Role]string{
					store.Script: "reads and writes employees, evidence and results",
					store.Ingest: "may post, and may not read people",
				}[n.Role])
				return print(cmd, token)
			})
		},
	}
	add.Flags().StringVar(&role, "role", string(store.Script), "`ROLE`: "+store.JoinRoles(store.TokenRoles))
	add.Flags().IntVar(&days, "days", 0, "`N` days until it expires (default: never)")
	cmd.AddCommand(add, newList(path, store.Token), newLock(path, store.Token, true, "revoke NAME", "Refuse a token from now on"))
	return cmd
}

func newLock(path *string, kind store.AccountKind, locked bool, use, short string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: names(1), RunE: func(cmd *cobra.Command, args []string) error {
		return with(cmd.Context(), *path, func(db *store.DB) error {
			return db.SetLocked(cmd.Context(), store.Actor{}, kind, args[0], locked)
		})
	}}
}

func newList(path *string, kind store.AccountKind) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List them", Args: names(0), RunE: func(cmd *cobra.Command, _ []string) error {
		return with(cmd.Context(), *path, func(db *store.DB) error {
			all, err := db.Accounts(cmd.Context(), kind)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tROLE\tSTATE\tADDED\tLAST USED")
			for _, a := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, a.Role, state(a, db.Now()), day(a.CreatedAt), day(a.UsedAt))
			}
			return lost(w.Flush())
		})
	}}
}

func state(a store.Account, now int64) string {
	switch {
	case a.LockedAt != 0 && a.Kind == store.Token:
		return "revoked"
	case a.LockedAt != 0:
		return "locked"
	case a.ExpiresAt != 0 && a.ExpiresAt <= now:
		return "expired"
	case a.ExpiresAt != 0:
		return "until " + day(a.ExpiresAt)
	case !a.Secret:
		return "no password"
	}
	return "good"
}

func day(at int64) string {
	if at == 0 {
		return "never"
	}
	return time.UnixMicro(at).Format(time.DateOnly)
}

func newVersion() *cobra.Command {
	var deps bool
	cmd := &cobra.Command{Use: "version", Short: "Say what this is, and what it is made of", Args: names(0), RunE: func(cmd *cobra.Command, _ []string) error {
		info, _ := debug.ReadBuildInfo()
		text := "citd " + version()
		if info != nil {
			text += " " + info.GoVersion
		}
		if deps && info != nil {
			for _, m := range info.Deps {
				text += "\n" + m.Path + " " + m.Version
			}
		}
		return print(cmd, text)
	}}
	cmd.Flags().BoolVar(&deps, "deps", false, "list the modules in it")
	return cmd
}

// version is the module's, or says that this was built from a folder.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}

func addPerson(ctx context.Context, db *store.DB, name string, role store.Role, password string) error {
	_, _, err := db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: name, Role: role, Password: password})
	switch {
	case err != nil:
		return err
	case password == "":
		say("%s may sign in as %s. A link for that:  citd login-link --user %s", name, role, name)
	case len(password) < store.GoodPassword:
		say("%s may sign in as %s. The password is short: %d characters or more are better.", name, role, store.GoodPassword)
	default:
		say("%s may sign in as %s.", name, role)
	}
	return nil
}

// readPassword reads from in if told so, else asks at a terminal; without one
// there is no password.
func readPassword(in io.Reader, stdin bool, ask string) (string, error) {
	if stdin {
		line, err := bufio.NewReader(io.LimitReader(in, store.MaxPassword+2)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", &exit{code: 74, msg: "standard input cannot be read: " + err.Error()}
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", &exit{code: 65, msg: "the first line of standard input is empty; it should be the password"}
		}
		return line, nil
	}
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", nil
	}
	fmt.Fprintf(os.Stderr, "%s (empty: none): ", ask)
	one, err := term.ReadPassword(fd)
	fmt.Fprintln(os.Stderr)
	if err != nil || len(one) == 0 {
		return "", err
	}
	fmt.Fprint(os.Stderr, "Again: ")
	two, err := term.ReadPassword(fd)
	fmt.Fprintln(os.Stderr)
	if err == nil && string(one) != string(two) {
		return "", &exit{code: 65, msg: "the two passwords differ"}
	}
	return string(one), err
}

// print writes data to stdout. What does not arrive there is an error.
func print(cmd *cobra.Command, line string) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), line)
	return lost(err)
}

func lost(err error) error {
	if err != nil {
		return &exit{code: 74, msg: "standard output cannot be written: " + err.Error()}
	}
	return nil
}
