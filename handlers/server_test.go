package handlers_test

import "testing"

// testCreds is a login of the role admin: the contract's cases run as one.
type testCreds struct {
	User, Password string
	Token          string // of the same rights, for "ApiKey user:token"
}

// startServer serves a new, empty store file in a temporary folder on a loopback port until the test ends, and returns
// "http://127.0.0.1:PORT" with a login to it. The contract starts several hundred of them, so a start must take
// milliseconds: hash the password once and copy the prepared file.
func startServer(tb testing.TB) (base string, creds testCreds) {
	tb.Helper()
	tb.Skip("server not wired yet")
	return "", testCreds{}
}
