package store

import (
	"math/rand/v2"
	"os"
	"testing"
)

// BenchmarkUpkeep tells what alerts add to a post: compare "alerts" with "none",
// in time and in pages of the log. 64 posts share a commit; people and scores are
// drawn at random, dates go on.
func BenchmarkUpkeep(b *testing.B) {
	b.Run("none", func(b *testing.B) { benchmarkUpkeep(b, insertResult) })
	b.Run("alerts", func(b *testing.B) { benchmarkUpkeep(b, admitResult) })
}

// admitResult stores a result as a post does.
func admitResult(tx *Tx, r *Result) (err error) {
	if r.ID, err = tx.newID(Results.Name, 0); err != nil {
		return err
	}
	r.Receipt.CreatedAt = tx.Now
	s := newSettler(tx)
	if r.Alert, err = s.admit(r, false); err != nil {
		return err
	}
	if err := insertResult(tx, r); err != nil {
		return err
	}
	return s.save()
}

func benchmarkUpkeep(b *testing.B, store func(*Tx, *Result) error) {
	const people, perCommit, perDay = 5000, 64, 1600
	l := newLab(b)
	l.people(4, people)
	r, day := rand.New(rand.NewPCG(1, 2)), 0.0
	draw := func() *Result {
		day += 1.0 / perDay
		x := res(day, float64(r.IntN(1000))/1000)
		x.Employee, x.Flag = int64(1+r.IntN(people)), r.IntN(20) == 0
		return x
	}
	for range 10 { // a month of history
		var rs []*Result
		for range 5000 {
			rs = append(rs, draw())
		}
		l.write(func(tx *Tx) error { return insertAndSettle(tx, rs...) })
	}
	if _, err := l.db.conn.ExecContext(b.Context(), `PRAGMA wal_autocheckpoint(0); PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := 0; i < b.N; i += perCommit {
		l.write(func(tx *Tx) error {
			for range min(perCommit, b.N-i) {
				if err := store(tx, draw()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	b.StopTimer()
	st, err := os.Stat(l.db.Path() + "-wal")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.Size())/(4096+24)/float64(b.N), "pages/op")
}
