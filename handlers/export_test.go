package handlers

import (
	"context"
	"net/http"

	"citd/store"
)

// Route is a line of the route table, for tests that walk it.
type Route struct {
	Method, Path string
	Who          []store.Role
}

// Routes returns the table of what New returned.
func Routes(h http.Handler) (list []Route) {
	for _, r := range h.(*server).routes() {
		list = append(list, Route{r.method, r.path, r.who})
	}
	return list
}

// StatusOfNoRecord is the status of a page whose look could not be recorded.
func StatusOfNoRecord(err error) int {
	code, _ := judge(noRecord(err))
	return code
}

// New returns the handler for everything that citd serves.
func New(ctx context.Context, db *store.DB, o Options) (http.Handler, error) {
	return newServer(ctx, db, o)
}
