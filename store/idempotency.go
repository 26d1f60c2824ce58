package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

const (
	keepAnswer = 64 << 10 // bytes of an answer that are kept
	keepKeys   = 24 * time.Hour
)

// Answer is what a write answered, kept so that a retry with the same
// Idempotency-Key adds nothing and hears the same.
type Answer struct {
	Status   int
	Location string
	Body     []byte  // nil: made anew from IDs
	IDs      []int64 // of the rows stored
}

// Replay returns the answer that was given to this key. Another request under
// the same key (hash is that of method, path and body) is Unprocessable.
func (b *Batch) Replay(key string, hash []byte) (a Answer, ok bool, err error) {
	var was []byte
	var ids string
	err = b.tx.Row(`SELECT body_hash, status, location, answer, ids FROM idempotency WHERE account = ? AND key = ? AND created_at > ?`,
		[]any{b.actor.ID, key, b.tx.Now - keepKeys.Microseconds()}, &was, &a.Status, &a.Location, &a.Body, &ids)
	if errors.Is(err, sql.ErrNoRows) {
		return a, false, nil
	}
	if err == nil && !bytes.Equal(was, hash) {
		err = Errorf(Unprocessable, "this Idempotency-Key was used for another request; use a new one")
	}
	if err == nil {
		err = json.Unmarshal([]byte(ids), &a.IDs)
	}
	return a, err == nil, err
}

// Remember keeps the answer to this key for a day.
func (b *Batch) Remember(key string, hash []byte, a Answer) error {
	if _, err := b.tx.Exec(`DELETE FROM idempotency WHERE created_at < ?`, b.tx.Now-keepKeys.Microseconds()); err != nil {
		return err
	}
	body := a.Body
	if len(body) > keepAnswer {
		body = nil
	}
	_, err := b.tx.Exec(`INSERT OR REPLACE INTO idempotency (account, key, body_hash, status, location, answer, ids, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		b.actor.ID, key, hash, a.Status, a.Location, body, jsonIDs(a.IDs), b.tx.Now)
	return err
}
