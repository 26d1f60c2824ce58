package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"citd/store"
)

const (
	maxConns = 4096
	drain    = 10 * time.Second
)

// Serve answers on ln until ctx ends, then finishes what is in work, for at most
// 10 s. cert and key are files for TLS; empty: plain HTTP.
func Serve(ctx context.Context, ln net.Listener, db *store.DB, o Options, cert, key string) error {
	o.TLS = cert != ""
	s, err := newServer(context.WithoutCancel(ctx), db, o)
	if err != nil {
		return err
	}
	defer s.spawned.Wait() // who still reads would keep the file from being closed
	defer s.stop()
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10, DisableGeneralOptionsHandler: true,
		ErrorLog: slog.NewLogLogger(s.opt.Log.Handler(), slog.LevelDebug), // of broken connections
	}
	ln = &limited{Listener: ln, slots: make(chan struct{}, maxConns)}
	ended := make(chan error, 1)
	s.spawn(func() { db.Watch(s.stopping) })
	s.spawn(func() { _ = db.Warm(s.stopping) }) // what fails is read again by whoever asks
	if o.Beside != nil {
		s.spawn(func() { o.Beside(s.stopping) })
	}
	s.spawn(func() {
		if o.TLS {
			ended <- srv.ServeTLS(ln, cert, key)
		} else {
			ended <- srv.Serve(ln)
		}
	})
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("some requests were cut: %w", err), srv.Close())
	}
	return nil
}

// spawn runs fn beside the rest until the server stops; a panic there does not end it.
func (s *server) spawn(fn func()) {
	store.Beside(&s.spawned, "server", fn)
}

// limited accepts a connection only when fewer than its slots are open.
type limited struct {
	net.Listener
	slots chan struct{}
}

func (l *limited) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{Conn: c, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

type limitedConn struct {
	net.Conn
	free func()
}

func (c *limitedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
