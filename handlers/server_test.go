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

// testPassword is what the people of the tests sign in with: alice (admin), ann (analyst) and vic (viewer).
const testPassword = "s3cret-passphrase"

// prepared is a new file with the accounts of the tests, made once: that takes as long as passwords take to hash.
var prepared = sync.OnceValues(func() (file []byte, tokens map[store.Role]string) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "citd-test-")
	must(err)
	defer os.RemoveAll(dir)
	schema, err := os.ReadFile("../schema.sql")
	must(err)
	path := filepath.Join(dir, "citd.db")
	db, err := store.Open(ctx, path, store.Options{Schema: string(schema), Create: true})
	must(err)
	tokens = map[store.Role]string{}
	for _, n := range []store.NewAccount{
		{Kind: store.Person, Name: "alice", Role: store.Admin, Password: testPassword},
		{Kind: store.Person, Name: "ann", Role: store.Analyst, Password: testPassword},
		{Kind: store.Person, Name: "vic", Role: store.Viewer, Password: testPassword},
		{Kind: store.Token, Name: "detector", Role: store.Script},
		{Kind: store.Token, Name: "feed", Role: store.Ingest},
	} {
		_, token, err := db.AddAccount(ctx, store.Actor{}, n)
		must(err)
		tokens[n.Role] = token
	}
	must(db.Close())
	file, err = os.ReadFile(path)
	must(err)
	return file, tokens
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
	s := serveTest(tb, handlers.Options{})
	return s.base, testCreds{User: "alice", Password: s.tokens[store.Script], Token: s.tokens[store.Script]}
}

// testServer is a server on a loopback port, and a way to its file past it.
type testServer struct {
	testing.TB
	base, path string
	db         *store.DB // the server's own
	tokens     map[store.Role]string
}

func serveTest(tb testing.TB, o handlers.Options) *testServer {
	tb.Helper()
	file, tokens := prepared()
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
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- handlers.Serve(ctx, ln, db, o, "", "") }()
	tb.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			tb.Error(err)
		}
	})
	return &testServer{tb, "http://" + ln.Addr().String(), path, db, tokens}
}
