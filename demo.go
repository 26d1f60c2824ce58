package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"citd/handlers"
	"citd/store"

	"github.com/spf13/cobra"
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
	ln, err := listenNear(addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	lock, err := store.TakeLock(ctx, path)
	if err != nil {
		return cannotCreate(err)
	}
	defer func() { err = errors.Join(err, lock.Free()) }()
	db, err := store.Open(ctx, path, store.Options{Schema: schema, Create: true, Own: true})
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
			return "", nil, &exit{code: 73, msg: "no temporary folder for the demo", err: err}
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
	r, err := gzip.NewReader(bytes.NewReader(fixture))
	if err != nil {
		return nil, poster, "", err
	}
	lines, err := io.ReadAll(r)
	if err != nil {
		return nil, poster, "", err
	}
	if d, err = store.LoadDemo(ctx, db, a.Actor, lines); err != nil {
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
		case <-time.After(25 * time.Second):
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
