package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxShapes bounds the statements kept for the readers. Each costs some
// kilobytes for every connection that ran it.
const maxShapes = 64

// maxKept bounds the text of what is kept a query: longer ones list thousands
// of values, and hardly come again.
const maxKept = 4 << 10 // bytes

// shapes keeps the readers' statements, so that a query that comes again is
// not parsed and planned again. Values are bound; only the shape of a request's
// filters makes a new statement.
type shapes struct {
	mu   sync.Mutex
	kept map[string]*shape
}

type shape struct {
	stmt  *sql.Stmt
	users int  // calls that run it now
	gone  bool // no longer kept: the last user closes it
}

// take returns the statement for q, to be handed back by put.
func (s *shapes) take(ctx context.Context, db *sql.DB, q string) (*shape, error) {
	if sh := s.find(q); sh != nil {
		return sh, nil
	}
	stmt, err := db.PrepareContext(ctx, q) // not under the lock: it may wait for a connection
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxShapes {
		s.drop()
	}
	sh := &shape{stmt: stmt, users: 1}
	if s.kept == nil {
		s.kept = map[string]*shape{}
	}
	if s.kept[q] == nil {
		s.kept[q] = sh
	} else {
		sh.gone = true // another call was faster; this one is used once
	}
	return sh, nil
}

func (s *shapes) find(q string) *shape {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.kept[q]
	if sh != nil {
		sh.users++
	}
	return sh
}

func (s *shapes) put(sh *shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sh.users--; sh.gone && sh.users == 0 {
		_ = sh.stmt.Close()
	}
}

// drop forgets all statements: those in daily use are soon back, and no list
// of who used what when has to be kept. The lock is held.
func (s *shapes) drop() {
	for _, sh := range s.kept {
		if sh.gone = true; sh.users == 0 {
			_ = sh.stmt.Close()
		}
	}
	clear(s.kept)
}
