package handlers_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"citd/handlers"
	"citd/store"
)

// testCreds is a login with all rights on the API. The token stands as password too: a password takes 25 ms to hash, at
// each of a thousand servers.
type testCreds struct {
	User, Password string
	Token          string // of the role script, for "ApiKey user:token"
}

// alicePassword is what a person signs in with: alice, an admin.
const alicePassword = "s3cret-passphrase"

// prepared is a new file with the accounts of the tests, made once: it takes as
// long as a password takes to hash.
var prepared = sync.OnceValues(func() (file []byte, creds testCreds) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "citd-test-")
	must(err)
	defer os.RemoveAll(dir)
	schema, err := os.ReadFile("../schema.sql")
	must(err)
	path := filepath.Join(dir, "citd.db")
	db, err := store.Open(ctx, path, store.Options{Schema: string(schema), Create: true})
	must(err)
	creds.User = "alice"
	_, _, err = db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: creds.User, Role: store.Admin, Password: alicePassword})
	must(err)
	_, creds.Token, err = db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Token, Name: "detector", Role: store.Script})
	must(err)
	must(db.Close())
	file, err = os.ReadFile(path)
	must(err)
	creds.Password = creds.Token
	return file, creds
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// startServer serves a new, empty store file in a temporary folder on a loopback port until the test ends, and returns
// "http://127.0.0.1:PORT" with a login to it. The contract starts several hundred of them, so a start must take
// milliseconds: hash the password once and copy the prepared file.
func startServer(tb testing.TB) (base string, creds testCreds) {
	tb.Helper()
	file, creds := prepared()
	path := filepath.Join(tb.TempDir(), "citd.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		tb.Fatal(err)
	}
	db, err := store.Open(tb.Context(), path, store.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- handlers.Serve(ctx, ln, db, handlers.Options{Log: slog.New(slog.DiscardHandler)}, "", "")
	}()
	tb.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			tb.Error(err)
		}
	})
	return "http://" + ln.Addr().String(), creds
}
