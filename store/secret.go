package store

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
)

// Password sizes, in bytes. Under GoodPassword a warning is due.
const (
	MinPassword  = 8
	GoodPassword = 12
	MaxPassword  = 1024
)

const (
	tokenPrefix = "citd_"
	hashWaiters = 64 // logins that wait for their password to be hashed; more are told to come back
	guessPause  = 25 * time.Millisecond
	cacheSize   = 1024
	cacheLife   = 10 * time.Minute
	failEvery   = time.Minute // failed logins of an account share one record a minute
)

// Cost of one hash; and what a stored one may ask for at most.
var (
	hashCost    = argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	hashCeiling = argon2id.Params{Memory: 64 << 10, Iterations: 8, Parallelism: 4, SaltLength: 64, KeyLength: 64}
)

// decoy is compared with when there is no such user, so that it costs the same.
const decoy = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

var (
	errLogin = Errorf(Unauthorized, "wrong user name or password, or the account is locked")
	errToken = Errorf(Unauthorized, "this token is unknown, revoked or expired")
)

// IsToken tells a token from a password, wherever it stands.
func IsToken(secret string) bool { return strings.HasPrefix(secret, tokenPrefix) }

// newToken makes 256 random bits with a prefix that tells what leaked.
func newToken(role Role) string {
	kind := "sc_"
	if role == Ingest {
		kind = "in_"
	}
	return tokenPrefix + kind + newSecret()
}

// newSecret returns 256 random bits as text for URLs and cookies.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func digest(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// logins checks secrets.
type logins struct {
	key   [32]byte      // of this process, for the names in ok
	slots chan struct{} // passwords being hashed
	queue chan struct{} // those and the waiting ones

	mu     sync.Mutex
	ok     map[[32]byte]int64 // (user, password, stored hash) that fit -> until when to remember
	used   map[int64]int64    // account -> hour of its last use
	failed map[int64]failure  // account, 0 for unknown names -> failures not on record yet

	tokens  map[[32]byte]Account // as they were read since version
	version atomic.Int64         // changes whenever an account may have
}

type failure struct {
	n    int
	next int64 // when the next record is due
}

func newLogins() *logins {
	n := max(1, min(2, runtime.GOMAXPROCS(0)/2)) // 19 MiB and a core each: half of the cores is for others
	l := &logins{
		slots: make(chan struct{}, n), queue: make(chan struct{}, n+hashWaiters),
		ok: map[[32]byte]int64{}, used: map[int64]int64{}, failed: map[int64]failure{}, tokens: map[[32]byte]Account{},
	}
	_, _ = rand.Read(l.key[:])
	l.version.Add(1) // 0 is an Actor's that was just read
	return l
}

// slot waits for the right to hash. The caller frees it.
func (l *logins) slot(ctx context.Context) (free func(), err error) {
	select {
	case l.queue <- struct{}{}:
	default:
		return nil, Errorf(Busy, "too many logins at once; try again in a moment")
	}
	select {
	case l.slots <- struct{}{}:
		return func() {
			debug.FreeOSMemory() // a hash's 19 MiB would also let the heap grow to a multiple of it
			<-l.slots
			<-l.queue
		}, nil
	case <-ctx.Done():
		<-l.queue
		return nil, ctx.Err()
	}
}

// hash makes what is stored of a password.
func (l *logins) hash(ctx context.Context, password string) ([]byte, error) {
	switch {
	case len(password) < MinPassword || len(password) > MaxPassword:
		return nil, Errorf(Invalid, "a password has %d to %d bytes", MinPassword, MaxPassword)
	case IsToken(password):
		return nil, Errorf(Invalid, "a password cannot begin with %s, which tokens do", tokenPrefix)
	}
	free, err := l.slot(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	hash, err := argon2id.CreateHash(password, &hashCost)
	return []byte(hash), err
}

// fits reports whether password belongs to the stored hash. It remembers
// successes only, under a name that a change of the hash makes void.
func (l *logins) fits(ctx context.Context, now int64, user, password, hash string) (bool, error) {
	if len(password) > MaxPassword {
		return false, nil
	}
	name := l.name(user, password, hash)
	l.mu.Lock()
	known := l.ok[name] > now
	l.mu.Unlock()
	if known {
		return true, nil
	}
	if err := checkCost(hash); err != nil {
		return false, err
	}
	free, err := l.slot(ctx)
	if err != nil {
		return false, err
	}
	defer free()
	fits, err := argon2id.ComparePasswordAndHash(password, hash)
	if err == nil && fits {
		l.remember(name, now)
	} else {
		time.Sleep(guessPause) // in the slot: those who guess take half of a core
	}
	return fits, err
}

// name is HMAC(key, len(user) user len(password) password hash): the lengths
// keep "a:bc" from standing for "ab:c".
func (l *logins) name(user, password, hash string) (name [32]byte) {
	m := hmac.New(sha256.New, l.key[:])
	for _, s := range []string{user, password, hash} {
		_ = binary.Write(m, binary.BigEndian, int64(len(s)))
		m.Write([]byte(s))
	}
	m.Sum(name[:0])
	return name
}

func (l *logins) remember(name [32]byte, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ok) >= cacheSize {
		for n, until := range l.ok {
			if until <= now || len(l.ok) >= cacheSize {
				delete(l.ok, n)
			}
		}
	}
	l.ok[name] = now + cacheLife.Microseconds()
}

// checkCost refuses a stored hash that would cost more than ours ever do.
func checkCost(hash string) error {
	p, _, _, err := argon2id.DecodeHash(hash)
	if err != nil {
		return fmt.Errorf("stored password: %w", err)
	}
	c := hashCeiling
	if p.Memory > c.Memory || p.Iterations > c.Iterations || p.Parallelism > c.Parallelism || p.SaltLength > c.SaltLength ||
		p.KeyLength > c.KeyLength || p.Iterations < 1 || p.Parallelism < 1 || p.KeyLength < 16 {
		return errors.New("stored password: its cost is out of bounds")
	}
	return nil
}

// Authenticate checks a person's name and password against the row as it is
// now. Errors: Unauthorized, whatever was wrong; Busy.
func (db *DB) Authenticate(ctx context.Context, user, password string) (Actor, error) {
	a, hash, err := db.account(ctx, Person, "name", user)
	if err != nil {
		return Actor{}, err
	}
	if hash == "" {
		a, hash = Account{}, decoy
	}
	fits, err := db.logins.fits(ctx, db.Now(), user, password, hash)
	if err != nil {
		return Actor{}, err
	}
	if !fits || !a.open(db.Now()) {
		db.noteFailure(ctx, a.ID)
		return Actor{}, errLogin
	}
	db.noteUse(ctx, a)
	return a.Actor, nil
}

// AuthenticateToken checks a token against its row as it is now. Error: Unauthorized.
func (db *DB) AuthenticateToken(ctx context.Context, token string) (Actor, error) {
	l, hash := db.logins, sha256.Sum256([]byte(token))
	version := l.version.Load() // before it is read
	a, _, err := db.account(ctx, Token, "secret", hash[:])
	if err != nil {
		return Actor{}, err
	}
	if l.mu.Lock(); a.UsedAt > 0 && version == l.version.Load() && len(l.tokens) < cacheSize {
		l.tokens[hash] = a
	}
	l.mu.Unlock()
	if !a.open(db.Now()) {
		db.noteFailure(ctx, a.ID)
		return Actor{}, errToken
	}
	db.noteUse(ctx, a)
	return a.Actor, nil
}

// KnownToken is AuthenticateToken from memory, for what goes on to Apply, which
// looks at the account again if it may have changed.
func (db *DB) KnownToken(token string) (Actor, bool) {
	l, hash := db.logins, sha256.Sum256([]byte(token))
	l.mu.Lock()
	a, ok := l.tokens[hash]
	a.known = l.version.Load()
	l.mu.Unlock()
	return a.Actor, ok && a.open(db.Now()) && db.Now() < a.UsedAt+time.Hour.Microseconds() // else its use is to be noted
}

// forget has tokens read anew: an account has changed.
func (l *logins) forget() {
	l.mu.Lock()
	l.version.Add(1)
	clear(l.tokens)
	l.mu.Unlock()
}

// still looks again at an account that was known, if one has changed since.
func (tx *Tx) still(who Actor) error {
	if who.known == 0 || who.known == tx.db.logins.version.Load() {
		return nil
	}
	var a Account
	err := tx.Row(`SELECT `+accountColumns+` FROM account WHERE id = ?`, []any{who.ID}, a.dest()...)
	if err == nil && (!a.open(tx.Now) || a.Role != who.Role) {
		err = errToken
	}
	return err
}

// account reads one account and its secret; the zero Account if there is none.
// Each request asks, so that it is not watched for an interrupt: it reads one row
// by its index.
func (db *DB) account(ctx context.Context, kind AccountKind, by string, key any) (a Account, secret string, err error) {
	err = each(context.WithoutCancel(ctx), db, func(r *sql.Rows) error { return r.Scan(append(a.dest(), &secret)...) },
		`SELECT `+accountColumns+`, coalesce(secret, '') FROM account WHERE kind = '`+string(kind)+`' AND `+by+` = ?`, key)
	return a, secret, err
}

// open reports whether the account exists and may be used.
func (a Account) open(now int64) bool {
	return a.ID != 0 && a.LockedAt == 0 && (a.ExpiresAt == 0 || now < a.ExpiresAt)
}

// noteUse keeps the hour of the account's last use. A disk that is full does
// not keep anybody out.
func (db *DB) noteUse(ctx context.Context, a Account) {
	hour := db.Now() - db.Now()%time.Hour.Microseconds()
	if a.UsedAt >= hour {
		return
	}
	l := db.logins
	l.mu.Lock()
	done := l.used[a.ID] == hour
	l.used[a.ID] = hour
	l.mu.Unlock()
	if done {
		return
	}
	_ = db.do(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`UPDATE account SET used_at = ? WHERE id = ?`, hour, a.ID)
		return err
	})
}

// noteFailure records failed logins, those of a minute in one row, so that a
// flood of guesses fills neither disk nor queue.
func (db *DB) noteFailure(ctx context.Context, account int64) {
	l, now := db.logins, db.Now()
	l.mu.Lock()
	f := l.failed[account]
	f.n++
	due := now >= f.next || now < f.next-failEvery.Microseconds() // or the clock was put back
	if due {
		l.failed[account] = failure{next: now + failEvery.Microseconds()}
	} else {
		l.failed[account] = f
	}
	l.mu.Unlock()
	if due {
		_ = db.Record(ctx, Actor{}, "login-failed", "account", account, fmt.Sprintf("%d times", f.n))
	}
}
