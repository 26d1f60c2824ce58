package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Role is what an account may do; the route table says where.
type Role string

// Roles of people, then of tokens (CONTRACT section 14).
const (
	Admin   Role = "admin"   // everything
	Analyst Role = "analyst" // looks and decides
	Viewer  Role = "viewer"  // looks
	Script  Role = "script"  // reads and writes the resources, no dashboard
	Ingest  Role = "ingest"  // posts, reads nothing about people
)

// PersonRoles and TokenRoles are what people and tokens can be given.
var (
	PersonRoles = []Role{Admin, Analyst, Viewer}
	TokenRoles  = []Role{Script, Ingest}
)

// Actor is the account in whose name something happens; the zero Actor is the
// program itself, or whoever may run it on the file.
type Actor struct {
	ID   int64
	Name string
	Role Role

	known int64 // not read for this request: what logins.version was when it was read
}

// AccountKind tells people from tokens.
type AccountKind string

// The kinds of accounts.
const (
	Person AccountKind = "person" // signs in with a password or a link
	Token  AccountKind = "token"  // a script
)

// Account is a person who looks, or a token that a script uses. Times are
// microseconds since 1970, 0 for never.
type Account struct {
	Actor
	Kind                                   AccountKind
	Secret                                 bool // a password is set
	CreatedAt, ExpiresAt, LockedAt, UsedAt int64
}

// NewAccount says what account to make.
type NewAccount struct {
	Kind      AccountKind
	Name      string
	Role      Role
	Password  string // of a person; empty: none, sign in by link
	Link      bool   // of a person: make the first link with the account
	ExpiresAt int64  // microseconds since 1970, 0 for never
}

// AddAccount makes an account. It returns the token, or the code of the link,
// which is kept nowhere else. Errors: Invalid (name, role or password), Conflict (name taken).
func (db *DB) AddAccount(ctx context.Context, by Actor, n NewAccount) (a Account, code string, err error) {
	if err := CheckName(n.Name); err != nil {
		return a, "", err
	}
	var secret []byte
	switch {
	case n.Kind == Token:
		code = newToken(n.Role)
		secret = digest(code)
	case n.Password != "":
		if secret, err = db.logins.hash(ctx, n.Password); err != nil {
			return a, "", err
		}
	case n.Link:
		code = newSecret()
	}
	a, err = Write(ctx, db, func(tx *Tx) (Account, error) {
		a := Account{Actor: Actor{Name: n.Name, Role: n.Role}, Kind: n.Kind, Secret: secret != nil, CreatedAt: tx.Now, ExpiresAt: n.ExpiresAt}
		err := tx.Row(`INSERT INTO account (kind, name, role, secret, created_at, expires_at)
			VALUES (?, ?, ?, ?, ?, nullif(?, 0)) RETURNING id`,
			[]any{n.Kind, n.Name, n.Role, secret, tx.Now, n.ExpiresAt}, &a.ID)
		if e := AsError(classify(err)); err != nil && e.Kind == Conflict {
			return a, Errorf(Conflict, "there is a %s %q already", n.Kind, n.Name)
		} else if err != nil {
			return a, err
		}
		if n.Link {
			if err := addLink(tx, a.ID, code, LinkLife); err != nil {
				return a, err
			}
		}
		return a, audit(tx, by, "account-add", "account", a.ID, string(n.Kind)+" "+string(n.Role))
	})
	if err != nil {
		code = ""
	}
	return a, code, err
}

// CheckName keeps names to what fits a Basic login and a line of a log.
func CheckName(name string) error {
	bad := func(r rune) bool { return r == ':' || !unicode.IsPrint(r) }
	if name == "" || len(name) > 64 || !utf8.ValidString(name) || strings.TrimSpace(name) != name || strings.ContainsFunc(name, bad) {
		return Errorf(Invalid, "a name has 1 to 64 bytes of printable text without a colon")
	}
	return nil
}

// CheckRole refuses a role that accounts of that kind cannot be given.
func CheckRole(kind AccountKind, role Role) error {
	roles := PersonRoles
	if kind == Token {
		roles = TokenRoles
	}
	if !slices.Contains(roles, role) {
		return Errorf(Invalid, "a %s has no role %q; it is one of %s", kind, role, JoinRoles(roles))
	}
	return nil
}

const accountColumns = `id, name, role, kind, secret IS NOT NULL, created_at,
	coalesce(expires_at, 0), coalesce(locked_at, 0), coalesce(used_at, 0)`

func (a *Account) dest() []any {
	return []any{&a.ID, &a.Name, &a.Role, &a.Kind, &a.Secret, &a.CreatedAt, &a.ExpiresAt, &a.LockedAt, &a.UsedAt}
}

// Accounts lists the accounts of a kind, oldest first.
func (db *DB) Accounts(ctx context.Context, kind AccountKind) ([]Account, error) {
	return all(ctx, db, func(r *sql.Rows, a *Account) error { return r.Scan(a.dest()...) },
		`SELECT `+accountColumns+` FROM account WHERE kind = ? ORDER BY id`, kind)
}

// SetRole gives an account another role. Errors: NotFound; Invalid; Conflict (the last admin).
func (db *DB) SetRole(ctx context.Context, by Actor, kind AccountKind, name string, role Role) error {
	if err := CheckRole(kind, role); err != nil {
		return err
	}
	return db.edit(ctx, by, kind, name, edit{verb: "account-role", detail: string(role), set: `role = ?`, arg: role})
}

// SetLocked locks or revokes an account, or lets it in again. Errors: NotFound; Conflict (the last admin).
func (db *DB) SetLocked(ctx context.Context, by Actor, kind AccountKind, name string, locked bool) error {
	if !locked {
		return db.edit(ctx, by, kind, name, edit{verb: "account-unlock", set: `locked_at = ?`})
	}
	return db.edit(ctx, by, kind, name, edit{verb: "account-lock", set: `locked_at = coalesce(locked_at, ?)`, arg: db.Now(), out: true})
}

// SetPassword gives a person a password and signs them out everywhere but in the
// session keep (nil: there too). Errors: NotFound; Invalid (too short or long).
func (db *DB) SetPassword(ctx context.Context, by Actor, name, password string, keep *Session) error {
	hash, err := db.logins.hash(ctx, password)
	if err != nil {
		return err
	}
	e := edit{verb: "account-password", set: `secret = ?`, arg: hash, out: true}
	if keep != nil {
		e.keep = keep.Hash
	}
	return db.edit(ctx, by, Person, name, e)
}

// edit is a change of one column of an account.
type edit struct {
	verb, detail string // for the record
	set          string // column = expression with one parameter
	arg          any
	out          bool   // ends the account's sessions ...
	keep         []byte // ... but this one
}

func (db *DB) edit(ctx context.Context, by Actor, kind AccountKind, name string, e edit) error {
	return db.do(ctx, func(tx *Tx) error {
		before, err := admins(tx)
		if err != nil {
			return err
		}
		var id int64
		err = tx.Row(`UPDATE account SET `+e.set+` WHERE kind = ? AND name = ? RETURNING id`, []any{e.arg, kind, name}, &id)
		if err != nil {
			return absent(err, NotFound, "there is no %s %q", kind, name)
		}
		if after, err := admins(tx); err != nil {
			return err
		} else if before > 0 && after == 0 {
			return Errorf(Conflict, "%s is the only admin; make another one first", name)
		}
		if e.out {
			if _, err := tx.Exec(`DELETE FROM session WHERE account = ? AND hash IS NOT ?`, id, e.keep); err != nil {
				return err
			}
		}
		tx.changed(AccountChanged, id)
		return audit(tx, by, e.verb, "account", id, e.detail)
	})
}

// admins counts the people who may do everything.
func admins(tx *Tx) (n int, err error) {
	err = tx.Row(`SELECT count(*) FROM account WHERE kind = 'person' AND role = 'admin' AND locked_at IS NULL
		AND coalesce(expires_at, ?) >= ?`, []any{tx.Now, tx.Now}, &n)
	return n, err
}

// JoinRoles lists roles in words: "admin, analyst or viewer".
func JoinRoles(roles []Role) string {
	var names []string
	for _, r := range roles {
		names = append(names, string(r))
	}
	return listed(names, " or ")
}

// State is whether the account can be used: good, locked, revoked, expired, until
// (ExpiresAt), or without a password.
func (a Account) State(now int64) string {
	switch {
	case a.LockedAt != 0 && a.Kind == Token:
		return "revoked"
	case a.LockedAt != 0:
		return "locked"
	case a.ExpiresAt != 0 && a.ExpiresAt <= now:
		return "expired"
	case a.ExpiresAt != 0:
		return "until"
	case !a.Secret:
		return "no password"
	}
	return "good"
}

// HasPassword reports whether a person can sign in without a link.
func (db *DB) HasPassword(ctx context.Context, id int64) (has bool, err error) {
	err = db.r.QueryRowContext(ctx, `SELECT secret IS NOT NULL FROM account WHERE id = ?`, id).Scan(&has)
	return has, err
}
