package store

import (
	"context"
	"database/sql"
	"time"
)

// Session is a browser that is signed in. Times are microseconds since 1970.
type Session struct {
	Hash                   []byte // SHA-256 of the cookie; names the session
	Account                Actor
	Created, Seen, Expires int64
}

// Terms say how long a session lasts.
type Terms struct {
	Idle time.Duration // without a request
	Max  time.Duration // in all; 0: no end
}

func (t Terms) end(created, now int64) int64 {
	end := now + t.Idle.Microseconds()
	if t.Max > 0 {
		end = min(end, created+t.Max.Microseconds())
	}
	return end
}

// skew is how far the clock may have been put back since a session began.
const skew = 5 * time.Minute

// LinkLife is how long a login link is good.
const LinkLife = 10 * time.Minute

// SignIn begins a session for a login that was checked. It returns the cookie,
// which is kept nowhere else.
func (db *DB) SignIn(ctx context.Context, who Actor, t Terms) (cookie string, err error) {
	cookie = newSecret()
	return cookie, db.do(ctx, func(tx *Tx) error { return startSession(tx, who, cookie, t, "password") })
}

func startSession(tx *Tx, who Actor, cookie string, t Terms, how string) error {
	if _, err := tx.Exec(`DELETE FROM session WHERE expires_at < ?`, tx.Now); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO session (hash, account, kind, created_at, seen_at, expires_at) VALUES (?, ?, 'session', ?, ?, ?)`,
		digest(cookie), who.ID, tx.Now, tx.Now, t.end(tx.Now, tx.Now))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE account SET used_at = ? WHERE id = ?`, tx.Now-tx.Now%time.Hour.Microseconds(), who.ID); err != nil {
		return err
	}
	return audit(tx, who, "login", "account", who.ID, how)
}

// Session returns the session of a cookie, and lets it last anew when keep is
// set. Error: Unauthorized.
func (db *DB) Session(ctx context.Context, cookie string, t Terms, keep bool) (*Session, error) {
	s, now := &Session{Hash: digest(cookie)}, db.Now()
	err := db.r.QueryRowContext(ctx, `SELECT a.id, a.name, a.role, s.created_at, s.seen_at, s.expires_at
		FROM session s JOIN account a ON a.id = s.account
		WHERE s.hash = ? AND s.kind = 'session' AND s.expires_at > ? AND s.created_at <= ?
		AND a.locked_at IS NULL AND coalesce(a.expires_at, ?) >= ?`, s.Hash, now, now+skew.Microseconds(), now, now).
		Scan(&s.Account.ID, &s.Account.Name, &s.Account.Role, &s.Created, &s.Seen, &s.Expires)
	if err != nil {
		return nil, absent(err, Unauthorized, "you are not signed in, or were away for long; sign in again")
	}
	if keep && now-s.Seen > t.Idle.Microseconds()/60 { // a write now and then, not at each click
		s.Seen, s.Expires = now, t.end(s.Created, now)
		err = db.do(ctx, func(tx *Tx) error {
			_, err := tx.Exec(`UPDATE session SET seen_at = ?, expires_at = ? WHERE hash = ?`, s.Seen, s.Expires, s.Hash)
			return err
		})
		if AsError(err).Kind == Full { // reading goes on
			err = nil
		}
	}
	return s, err
}

// Sessions lists where an account is signed in, the newest use first.
func (db *DB) Sessions(ctx context.Context, who Actor) ([]Session, error) {
	return all(ctx, db, func(rows *sql.Rows, s *Session) error {
		s.Account = who
		return rows.Scan(&s.Hash, &s.Created, &s.Seen, &s.Expires)
	}, `SELECT hash, created_at, seen_at, expires_at FROM session
		WHERE account = ? AND kind = 'session' AND expires_at > ? ORDER BY seen_at DESC`, who.ID, db.Now())
}

// SignOut ends the session of that hash if it is who's.
func (db *DB) SignOut(ctx context.Context, who Actor, hash []byte) error {
	return db.do(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`DELETE FROM session WHERE hash = ? AND account = ?`, hash, who.ID); err != nil {
			return err
		}
		tx.changed(AccountChanged, who.ID)
		return audit(tx, who, "logout", "account", who.ID, "")
	})
}

// AddLink makes a link that signs a person in once within life. It returns the
// code, which is kept nowhere else. Error: NotFound (no such person, or locked).
func (db *DB) AddLink(ctx context.Context, name string, life time.Duration) (code string, err error) {
	return db.link(ctx, name, life, func(tx *Tx, id int64) error {
		return audit(tx, Actor{}, "login-link", "account", id, "")
	})
}

// ResetLogin takes away a person's password, signs them out everywhere, and
// makes the link by which they come in again. Errors as of AddLink.
func (db *DB) ResetLogin(ctx context.Context, by Actor, name string) (code string, err error) {
	return db.link(ctx, name, LinkLife, func(tx *Tx, id int64) error {
		if _, err := tx.Exec(`UPDATE account SET secret = NULL WHERE id = ?`, id); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM session WHERE account = ?`, id); err != nil {
			return err
		}
		tx.changed(AccountChanged, id)
		return audit(tx, by, "account-reset", "account", id, "")
	})
}

// link makes a link in the transaction in which then is done.
func (db *DB) link(ctx context.Context, name string, life time.Duration, then func(tx *Tx, id int64) error) (code string, err error) {
	code = newSecret()
	err = db.do(ctx, func(tx *Tx) error {
		var id int64
		err := tx.Row(`SELECT id FROM account WHERE kind = 'person' AND name = ? AND locked_at IS NULL`, []any{name}, &id)
		if err != nil {
			return absent(err, NotFound, "there is no person %q who may sign in", name)
		}
		if err := then(tx, id); err != nil {
			return err
		}
		return addLink(tx, id, code, life)
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

func addLink(tx *Tx, account int64, code string, life time.Duration) error {
	_, err := tx.Exec(`INSERT INTO session (hash, account, kind, created_at, seen_at, expires_at) VALUES (?, ?, 'link', ?, ?, ?)`,
		digest(code), account, tx.Now, tx.Now, tx.Now+life.Microseconds())
	return err
}

// FollowLink signs in the person for whom a link was made. A second use within
// again of the first is good: browsers fetch twice, people click twice.
// Error: Unauthorized.
func (db *DB) FollowLink(ctx context.Context, code string, again time.Duration, t Terms) (cookie string, err error) {
	cookie = newSecret()
	return cookie, db.do(ctx, func(tx *Tx) error {
		var who Actor
		err := tx.Row(`SELECT a.id, a.name, a.role FROM session s JOIN account a ON a.id = s.account
			WHERE s.hash = ? AND s.kind = 'link' AND s.expires_at > ? AND s.created_at <= ? AND abs(coalesce(s.used_at, ?) - ?) <= ?
			AND a.locked_at IS NULL AND coalesce(a.expires_at, ?) >= ?`,
			[]any{digest(code), tx.Now, tx.Now + skew.Microseconds(), tx.Now, tx.Now, again.Microseconds(), tx.Now, tx.Now}, &who.ID, &who.Name, &who.Role)
		if err != nil {
			return absent(err, Unauthorized, "this link was used already or is older than %d minutes; citd login-link prints another", int(LinkLife.Minutes()))
		}
		if _, err := tx.Exec(`UPDATE session SET used_at = coalesce(used_at, ?) WHERE hash = ?`, tx.Now, digest(code)); err != nil {
			return err
		}
		return startSession(tx, who, cookie, t, "link")
	})
}

// DemoLink is a time that outlasts any demo: its link is good until it stops.
const DemoLink = 365 * 24 * time.Hour
