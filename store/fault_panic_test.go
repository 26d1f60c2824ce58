package store

import (
	"context"
	"fmt"
	"go/ast"
	goparser "go/parser"
	gotoken "go/token"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Goroutines start in one place, which recovers: a panic elsewhere would end
// the program.
func TestFaultOneWayToStartGoroutines(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		seen++
		files := gotoken.NewFileSet()
		f, err := goparser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			at := ""
			switch n := n.(type) {
			case *ast.GoStmt:
				at = "a bare go statement"
			case *ast.CallExpr: // of sync.WaitGroup, errgroup and the like
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Go" {
					if x, ok := s.X.(*ast.Ident); !ok || x.Name != "store" {
						at = "a call of " + s.Sel.Name
					}
				}
			}
			if at != "" && filepath.Base(path) != "safely.go" {
				t.Errorf("%s: %s; use store.Go, which recovers", files.Position(n.Pos()), at)
			}
			return true
		})
		return nil
	})
	if err != nil || seen < 20 {
		t.Fatal(seen, err)
	}
}

// A panic in a goroutine ends that goroutine, and in a subscriber, a write or
// the writer that one request.
func TestFaultPanics(t *testing.T) {
	usual := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(usual)
	db := mustOwn(t, putDemo(t))
	done := make(chan bool)
	Go("test", func() { defer close(done); panic("in a goroutine") })
	<-done
	_, err := Write(t.Context(), db, func(tx *Tx) (int, error) {
		_, _ = tx.Exec(`INSERT INTO setting VALUES ('half', 'x')`)
		panic("in a write")
	})
	wantKind(t, "a write that panics", err, Internal)
	o := &op{done: make(chan struct{}), fn: func(tx *Tx) error { tx.db = nil; return nil }} // breaks the writer itself, after fn
	if err := db.enqueue(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	select {
	case <-o.done:
		wantKind(t, "a write that breaks the writer", o.err, Internal)
	case <-time.After(10 * time.Second):
		t.Fatal("the writer is dead")
	}
	if err := note(db, "after"); err != nil {
		t.Errorf("the next write: %v", err)
	}
	if n := count(t, db, `SELECT count(*) FROM setting WHERE key = 'half'`); n != 0 {
		t.Error("half a write was stored")
	}
}

// The clock may be set to anything while citd runs.
func TestFaultClockJumps(t *testing.T) {
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	path := filepath.Join(t.TempDir(), "citd.db")
	db, err := Open(t.Context(), path, Options{Own: true, Create: true, Schema: testSchema(t), Clock: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	who := tester(t, db, Admin)
	last := int64(0)
	for i := range often(60, 2000) {
		c.at = c.at.AddDate([]int{0, 10, -20, 10}[i%4], 0, i%3-1)
		s, _, err := post(t, db, who, Results, fmt.Sprintf(`{"employee": {"employee_id": "E%d"}, "date": "2026-03-0%d", "score": 0.7, "reporter": "m 1", "evidence": [{"description": "x", "date_from": "2026-03-01", "date_to": "2026-03-01"}]}`, i%5, 1+i%9))
		if err != nil {
			t.Fatal(err)
		}
		if s.ID <= last {
			t.Fatalf("id %d after %d", s.ID, last)
		}
		last = s.ID
		if err := db.Record(context.Background(), who, "view", "alert", 1, ""); err != nil {
			t.Fatal(err)
		}
	}
	seen, before := 0, int64(0)
	for offset := 0; ; offset += 20 {
		page, err := listTest(t, db, "detectionmodelresult", fmt.Sprintf("order_by=id&limit=20&offset=%d", offset))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			if id := row.(*Result).ID; id <= before {
				t.Fatalf("a page holds %d after %d", id, before)
			} else {
				before = id
			}
			seen++
		}
		if page.Next == "" {
			break
		}
	}
	if want := often(60, 2000); seen != want {
		t.Errorf("pages hold %d results; want %d", seen, want)
	}
	if r, err := db.Verify(t.Context()); err != nil || !r.Whole() {
		t.Error(r, err)
	}
}
