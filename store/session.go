package store

// Session is a browser that is signed in.
type Session struct {
	Account                Actor
	Created, Seen, Expires int64  // microseconds since 1970
	Hash                   []byte // SHA-256 of the cookie; names the session
}
