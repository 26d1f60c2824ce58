package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// audit records who did what in the transaction in which it happens. object and
// id name what it was done to; detail holds counts, field names and ids, never
// a person's name. Verbs are single words: view, decide, delete, export, login.
func audit(tx *Tx, by Actor, verb, object string, id int64, detail string) error {
	a := auditRow{at: tx.Now, account: by.ID, verb: verb, object: object, id: id, detail: detail}
	var prev []byte
	err := tx.Row(`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`, nil, &a.seq, &prev)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	a.seq++
	_, err = tx.Exec(`INSERT INTO audit (seq, at, account, verb, object, object_id, detail, hash)
		VALUES (?, ?, nullif(?, 0), ?, ?, nullif(?, 0), ?, ?)`,
		a.seq, a.at, a.account, a.verb, a.object, a.id, a.detail, a.sum(prev))
	return err
}

// Record writes one audit row on its own, for what changes no data: views, exports.
func (db *DB) Record(ctx context.Context, by Actor, verb, object string, id int64, detail string) error {
	return db.do(ctx, func(tx *Tx) error { return audit(tx, by, verb, object, id, detail) })
}

type auditRow struct {
	seq, at, account, id int64 // account and id: 0 for none
	verb, object, detail string
}

// sum is the row's hash: SHA-256 over the hash before it and each field with its length.
func (a auditRow) sum(prev []byte) []byte {
	b := append([]byte{}, prev...)
	for _, n := range []int64{a.seq, a.at, a.account, a.id} {
		b, _ = binary.Append(b, binary.BigEndian, n)
	}
	for _, s := range []string{a.verb, a.object, a.detail} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	h := sha256.Sum256(b)
	return h[:]
}

// AuditHead is the end of the chain: noted elsewhere, it makes a later change
// of any row before it evident.
type AuditHead struct {
	Seq  int64
	Hash []byte
}

// VerifyAudit recomputes the chain. Error Damaged names the first row that does
// not fit what is before it.
func (db *DB) VerifyAudit(ctx context.Context) (head AuditHead, err error) {
	var last int64 // SQLite's own note of the highest entry ever made, before the entries are read: more may come meanwhile
	err = db.r.QueryRowContext(ctx, `SELECT seq FROM sqlite_sequence WHERE name = 'audit'`).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return head, err
	}
	err = each(ctx, db, func(rows *sql.Rows) error {
		var a auditRow
		var hash []byte
		if err := rows.Scan(&a.seq, &a.at, &a.account, &a.verb, &a.object, &a.id, &a.detail, &hash); err != nil {
			return err
		}
		if !bytes.Equal(a.sum(head.Hash), hash) {
			return Errorf(Damaged, "the record of activity was changed: entry %d does not follow from entry %d", a.seq, head.Seq)
		}
		head = AuditHead{a.seq, hash}
		return nil
	}, `SELECT seq, at, coalesce(account, 0), verb, object, coalesce(object_id, 0), detail, hash FROM audit ORDER BY seq`)
	if err == nil && head.Seq < last {
		err = Errorf(Damaged, "the record of activity was cut: entries %d to %d are missing", head.Seq+1, last)
	}
	return head, err
}

func (h AuditHead) String() string { return fmt.Sprintf("%d entries, head %x", h.Seq, h.Hash) }
