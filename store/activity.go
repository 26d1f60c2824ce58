package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// ActivityKind is a part of the record of activity.
type ActivityKind string

// Parts of the record.
const (
	AllActivity   ActivityKind = "all"
	OnlyDecisions ActivityKind = "decisions"
	OnlyChanges   ActivityKind = "changes" // of what was posted; posts themselves are not in the record: each row says who posted it
	OnlyAccess    ActivityKind = "access"
)

// auditVerbs are the verbs of each part; every other verb is among all only.
var auditVerbs = map[ActivityKind][]string{
	OnlyDecisions: {"decide"},
	OnlyChanges:   {"change", "delete", "import", "purge", "restore"},
	OnlyAccess: {
		"view", "search", "reveal", "export", "login", "logout", "login-link", "login-failed", "setting",
		"account-add", "account-role", "account-lock", "account-unlock", "account-password", "account-reset",
	},
}

// ActivityQuery says which entries of the record to read.
type ActivityQuery struct {
	Kind    ActivityKind
	Account int64 // who did it; 0: anybody
	Person  int64 // whom it is about; 0: anybody
	Before  int64 // entries with a lower number; 0: from the newest
	Limit   int
}

// Entry is one entry of the record of activity.
type Entry struct {
	Seq, At      int64
	Account      int64  // 0: the program itself
	By           string // its name
	Token        bool   // a script
	Verb, Object string
	ID           int64 // of the object; 0: none
	Detail       string
	Alert        int64     // that it is about; 0: none
	Person       int64     // whom it is about; 0: nobody
	Decision     *Decision // of the verb decide
	Target       string    // name of the account that it is about
}

const (
	scanMost  = 10_000 // entries of one account that a page looks through
	aboutMost = 5_000  // entries about one person
)

// Activity reads entries of the record, newest first. next is the Before of the
// page after; 0: there is none.
func (db *DB) Activity(ctx context.Context, q ActivityQuery) (entries []Entry, next int64, err error) {
	if q.Before <= 0 {
		q.Before = 1 << 62
	}
	seqs, next, err := db.activitySeqs(ctx, q)
	if err != nil || len(seqs) == 0 {
		return nil, next, err
	}
	entries, err = all(ctx, db, func(r *sql.Rows, e *Entry) error {
		return r.Scan(&e.Seq, &e.At, &e.Account, &e.By, &e.Token, &e.Verb, &e.Object, &e.ID, &e.Detail, &e.Alert, &e.Person, &e.Target)
	}, entrySQL, jsonIDs(seqs))
	if err != nil {
		return nil, 0, err
	}
	return entries, next, db.relate(ctx, entries)
}

const entrySQL = `SELECT a.seq, a.at, coalesce(a.account, 0), coalesce(w.name, ''), coalesce(w.kind, '') = 'token', a.verb, a.object, coalesce(a.object_id, 0), a.detail,
	iif(a.object = 'alert', coalesce(a.object_id, 0), 0), coalesce(l.employee, r.employee, iif(a.object = 'employee', a.object_id, 0), 0), coalesce(t.name, '')
	FROM audit a LEFT JOIN account w ON w.id = a.account LEFT JOIN account t ON a.object = 'account' AND t.id = a.object_id
	LEFT JOIN alert l ON a.object = 'alert' AND l.id = a.object_id
	LEFT JOIN detectionmodelresult r ON a.object = 'detectionmodelresult' AND r.id = a.object_id
	WHERE a.seq IN (SELECT value FROM json_each(?)) ORDER BY a.seq DESC`

// activitySeqs finds the numbers of the entries, each way by the index that fits.
func (db *DB) activitySeqs(ctx context.Context, q ActivityQuery) (seqs []int64, next int64, err error) {
	verbs := auditVerbs[q.Kind]
	var sql string
	var args []any
	most := 0 // entries that are looked through; 0: each one counts
	switch {
	case q.Person != 0:
		sql, most = aboutPerson, aboutMost
		args = []any{q.Person, q.Before, most}
	case q.Account != 0:
		sql, most = `SELECT seq, verb, coalesce(account, 0) FROM audit WHERE account = ? AND seq < ? ORDER BY seq DESC LIMIT ?`, scanMost
		args = []any{q.Account, q.Before, most}
	case verbs == nil:
		sql = `SELECT seq, verb, coalesce(account, 0) FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?`
		args = []any{q.Before, q.Limit + 1}
	default:
		const one = `SELECT * FROM (SELECT seq, verb, coalesce(account, 0) FROM audit WHERE verb = ? AND seq < ? ORDER BY seq DESC LIMIT ?)`
		sql = strings.Repeat(one+` UNION ALL `, len(verbs)-1) + one + ` ORDER BY seq DESC LIMIT ?`
		for _, v := range verbs {
			args = append(args, v, q.Before, q.Limit+1)
		}
		args = append(args, q.Limit+1)
	}
	rows, err := db.query(ctx, sql, args...)
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	var seq, account int64
	var verb string
	looked := 0
	for rows.Next() {
		if len(seqs) == q.Limit {
			return seqs, seqs[q.Limit-1], nil
		}
		if err := rows.Scan(&seq, &verb, &account); err != nil {
			return nil, 0, classify(err)
		}
		if looked++; (verbs == nil || slices.Contains(verbs, verb)) && (q.Account == 0 || q.Account == account) {
			seqs = append(seqs, seq)
		}
	}
	if most > 0 && looked == most { // there may be more, further back
		next = seq
	}
	return seqs, next, classify(rows.Err())
}

// aboutPerson finds what was done to a person, the person's alerts and results.
const aboutPerson = `SELECT * FROM (
	SELECT seq, verb, coalesce(account, 0) FROM audit WHERE object = 'employee' AND object_id = ?1 AND seq < ?2
	UNION ALL SELECT seq, verb, coalesce(account, 0) FROM audit WHERE object = 'alert' AND object_id IN (SELECT id FROM alert WHERE employee = ?1) AND seq < ?2
	UNION ALL SELECT seq, verb, coalesce(account, 0) FROM audit WHERE object = 'detectionmodelresult' AND object_id IN (SELECT id FROM detectionmodelresult WHERE employee = ?1) AND seq < ?2
) ORDER BY seq DESC LIMIT ?3`

// relate finds the decisions that entries are about.
func (db *DB) relate(ctx context.Context, entries []Entry) error {
	var ids []int64
	for i := range entries {
		if id := entries[i].decision(); id != 0 {
			ids = append(ids, id)
		}
	}
	made := map[int64]*Decision{}
	err := each(ctx, db, func(r *sql.Rows) error {
		d := &Decision{}
		err := r.Scan(d.dest()...)
		made[d.ID] = d
		return err
	}, `SELECT `+decisionColumns+` FROM decision d WHERE d.id IN (SELECT value FROM json_each(?))`, jsonIDs(ids))
	for i := range entries {
		entries[i].Decision = made[entries[i].decision()]
	}
	return err
}

// decision is the id of the decision that an entry of the verb decide tells of.
func (e *Entry) decision() (id int64) {
	if e.Verb != "decide" {
		return 0
	}
	_, _ = fmt.Sscanf(e.Detail, "decision %d", &id) // "decision 7 dismiss reason 1 results 3"; 0 names none
	return id
}

// decisionColumns are those of a Decision, from decision d.
const decisionColumns = `d.id, d.alert, d.at, d.account, d.action, d.reason, d.note, d.snooze_until, d.snooze_over, d.undoes, d.batch`

func (d *Decision) dest(more ...any) []any {
	return append([]any{&d.ID, &d.Alert, &d.At, &d.Account, &d.Action, &d.Reason, &d.Note, &d.Until, &d.Over, &d.Undoes, &d.Batch}, more...)
}

// Posted counts the results of a model.
type Posted struct {
	Model string
	Count int
}

// PostedBetween counts the results dated within [from, to), in microseconds since
// 1970, by model, the most first.
func (db *DB) PostedBetween(ctx context.Context, from, to int64) ([]Posted, error) {
	return all(ctx, db, func(r *sql.Rows, p *Posted) error { return r.Scan(&p.Model, &p.Count) },
		`SELECT name, (SELECT count(*) FROM detectionmodelresult WHERE reporter = name AND date >= ? AND date < ?) AS n
			FROM model WHERE n > 0 ORDER BY n DESC, name`, from, to)
}

// FirstDate is the date of the oldest result, 0 if there is none.
func (db *DB) FirstDate(ctx context.Context) (date int64, err error) {
	err = db.r.QueryRowContext(ctx, `SELECT coalesce(min(date), 0) FROM detectionmodelresult`).Scan(&date)
	return date, classify(err)
}
