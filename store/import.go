package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

const (
	maxLine   = 1 << 20 // bytes of one line, as of one posted object
	maxBad    = 20      // wrong lines that a report names
	lineKeys  = "line:" // keys of imported lines that bring none of their own
	forGood   = math.MaxInt64
	stepLines = 1000 // lines between two calls of Progress
)

// ImportOptions say how to read a file.
type ImportOptions struct {
	Name      string    // of the file, for errors
	CSV       *Resource // the file is CSV of this resource; nil: NDJSON
	Raw       bool      // CSV: text is not guarded against formulas, see AppendCSV
	DryRun    bool      // check everything, store nothing
	KeepGoing bool      // store the good lines of a file that has wrong ones
	Progress  func(lines int)
}

// ImportReport is what an import did.
type ImportReport struct {
	Lines, Stored, Known int // Known: stored by an earlier import, or the same line twice
	Wrong                int
	Bad                  []LineError // the first wrong ones
}

// LineError says what is wrong with a line of a file.
type LineError struct {
	Line int // from 1
	Err  *Error
}

// Error: "line 500, field score: must be a number".
func (b LineError) Error() string {
	if len(b.Err.Fields) == 0 {
		return fmt.Sprintf("line %d: %s", b.Line, b.Err.Msg)
	}
	return fmt.Sprintf("line %d, field %s", b.Line, fieldErrors(b.Err.Fields).sentence())
}

// Import stores the lines of a file in one transaction: {"resource", "body"}
// objects as the API takes them, also with a "key", and decisions as in
// testdata/demo. A line that an earlier import stored is passed over. Unless
// KeepGoing, one wrong line means that nothing is stored (Invalid, naming it).
// What is imported counts as received at its own date.
func Import(ctx context.Context, db *DB, who Actor, in io.Reader, o ImportOptions) (ImportReport, error) {
	var rep ImportReport
	err := applyOrTry(ctx, db, who, o.DryRun, func(b *Batch) error {
		rep = ImportReport{}
		m := importer{b: b, o: o, rep: &rep}
		err := m.file(in)
		if err == nil && rep.Wrong > 0 && !o.KeepGoing {
			err = rep.refused(o)
		}
		return err
	})
	return rep, err
}

// applyOrTry is Apply, but what is only tried is taken back at its end.
func applyOrTry(ctx context.Context, db *DB, who Actor, try bool, fn func(*Batch) error) error {
	_, _, err := Apply(ctx, db, who, func(b *Batch) (struct{}, error) {
		err := fn(b)
		if err == nil && try {
			if err = b.settle(); err == nil {
				err = errLook
			}
		}
		return struct{}{}, err
	})
	if errors.Is(err, errLook) {
		return nil
	}
	return err
}

func (r *ImportReport) refused(o ImportOptions) error {
	msg := o.Name + " " + r.Bad[0].Error() + "; nothing was stored"
	if r.Wrong > 1 {
		msg = fmt.Sprintf("%s has %d wrong lines, the first: %s; nothing was stored", o.Name, r.Wrong, r.Bad[0].Error())
	}
	return &Error{
		Kind: Invalid, Msg: msg,
		Hint: fmt.Sprintf("To load the other %d lines:  citd import --keep-going %s", r.Lines-r.Wrong, o.Name),
	}
}

type importer struct {
	b   *Batch
	o   ImportOptions
	rep *ImportReport
}

func (m *importer) file(in io.Reader) error {
	r := bufio.NewReaderSize(in, maxLine)
	if err := plainText(r); err != nil {
		return err
	}
	if m.o.CSV != nil {
		return readCSV(r, m.o.CSV, m.o.Raw, func(line int, body []byte, err error) error {
			return m.line(line, m.o.CSV.Name, body, err)
		})
	}
	for n := 1; ; n++ {
		text, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return Errorf(Invalid, "%s line %d is longer than 1 MiB; nothing was stored", m.o.Name, n)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return &Error{Kind: Invalid, Msg: fmt.Sprintf("%s cannot be read after line %d; nothing was stored", m.o.Name, n-1), Err: err}
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			if err := m.line(n, "", text, nil); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}

// plainText skips a byte order mark and refuses what is no UTF-8 text at first sight.
func plainText(r *bufio.Reader) error {
	head, _ := r.Peek(4)
	for start, what := range map[string]string{"\x1f\x8b": "compressed", "PK\x03\x04": "a zip archive", "\xff\xfe": "UTF-16", "\xfe\xff": "UTF-16"} {
		if strings.HasPrefix(string(head), start) {
			return Errorf(Invalid, "the file is %s; wanted plain text in UTF-8", what)
		}
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = r.Discard(3)
	}
	return nil
}

// line stores one line inside a savepoint of its own. wrong says what the
// reader found wrong with it already.
func (m *importer) line(n int, resource string, text []byte, wrong error) error {
	m.rep.Lines++
	if m.o.Progress != nil && m.rep.Lines%stepLines == 0 {
		m.o.Progress(m.rep.Lines)
	}
	if wrong == nil && m.rep.Wrong > 0 && !m.o.KeepGoing {
		return nil // lost anyway; the lines are still counted
	}
	err := wrong
	if err == nil && bytes.Contains(text, []byte(`"decision"`)) {
		err = m.b.flush(nil) // a decision reads and writes the alerts; outside of the line's savepoint
		m.b.alerts = nil
	}
	if err == nil {
		err = m.b.atomically(func() error { return m.store(resource, text) })
	}
	if err == nil {
		return m.b.flushSome()
	}
	e := AsError(err)
	if e.Kind != Invalid && e.Kind != Conflict && e.Kind != NotFound {
		return err
	}
	if m.rep.Wrong++; len(m.rep.Bad) < maxBad {
		m.rep.Bad = append(m.rep.Bad, LineError{Line: n, Err: e})
	}
	return nil
}

func (m *importer) store(resource string, text []byte) error {
	sum := sha256.Sum256(text)
	key := lineKeys + hex.EncodeToString(sum[:])
	v, err := parseJSON(text)
	if err != nil {
		return err
	}
	body := &v
	if resource == "" {
		if resource, key, body, err = envelope(&v, key); err != nil {
			return err
		}
	}
	var known bool
	err = m.b.tx.Row(`SELECT EXISTS (SELECT 1 FROM idempotency WHERE account = ? AND key = ?)`, []any{m.b.actor.ID, key}, &known)
	if err != nil || known {
		m.rep.Known++
		return err
	}
	if err := m.save(resource, body); err != nil {
		return err
	}
	m.rep.Stored++
	_, err = m.b.tx.Exec(`INSERT OR REPLACE INTO idempotency (account, key, body_hash, status, answer, ids, created_at) VALUES (?, ?, ?, 0, NULL, '[]', ?)`,
		m.b.actor.ID, key, sum[:], int64(forGood))
	return err
}

// envelope takes a line apart: {"resource": "employee", "key": "...", "body": {...}}.
func envelope(v *jsonValue, key string) (resource, _ string, body *jsonValue, err error) {
	name, ok1 := v.get("resource")
	body, ok2 := v.get("body")
	if v.kind != jsonObject || !ok1 || !ok2 || name.kind != jsonString {
		return "", "", nil, Errorf(Invalid, `wanted {"resource": "employee", "body": {...}}`)
	}
	if k, ok := v.get("key"); ok && k.kind == jsonString && k.text != "" {
		key = k.text
	}
	return name.text, key, body, nil
}

func (m *importer) save(resource string, body *jsonValue) error {
	if resource == "decision" {
		d, err := readDecision(body)
		if err != nil {
			return err
		}
		return m.b.tx.decideAsTold(d)
	}
	r := ResourceNamed(resource)
	if r == nil {
		return Errorf(Invalid, "there is no resource %q", resource)
	}
	in, err := r.input(body, false)
	if err != nil {
		return err
	}
	if res, ok := in.row.(*Result); ok {
		defer func(now int64) { m.b.tx.Now = now }(m.b.tx.Now)
		m.b.tx.Now = res.Date
	}
	_, err = m.b.Post(in)
	return err
}

// atomically runs fn so that an error takes back what fn did, and only that.
func (b *Batch) atomically(fn func() error) error {
	if _, err := b.tx.Exec(`SAVEPOINT line`); err != nil {
		return err
	}
	moves := len(b.moves)
	err := fn()
	if err != nil {
		b.moves = b.moves[:min(moves, len(b.moves))]
		b.forgetPeople()
		open := b.tx.open // no alert was joined: that comes when nothing can be refused any more
		b.tx.drop()
		b.tx.open = open
		if _, err := b.tx.Exec(`ROLLBACK TO line`); err != nil {
			return err
		}
	}
	if _, err2 := b.tx.Exec(`RELEASE line`); err2 != nil {
		return err2
	}
	return err
}
