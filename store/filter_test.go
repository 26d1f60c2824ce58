package store

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
)

// selects reports whether an operator selects a row whose field holds x.
func selects(tb testing.TB, db *DB, op string, f Field, x any, sent ...string) bool {
	tb.Helper()
	o := operatorNamed(op)
	vals, err := o.read(&f, sent)
	if err != nil {
		tb.Fatalf("%s %q: %v", op, sent, err)
	}
	b := binder{}
	q := "SELECT count(*) FROM t WHERE " + o.sql(&b, &f, "x", vals)
	rows, err := db.r.Query("WITH t(x) AS (SELECT ?) "+q, append([]any{x}, b.args...)...)
	if err != nil {
		tb.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	n := 0
	rows.Next()
	if err := rows.Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n == 1
}

// Texts of letters that trip up case, wildcards and byte order; each operator
// selects what Go's own functions do.
func TestTextOperators(t *testing.T) {
	db := openTest(t)
	letters := []rune("aAbB%_*?'\"\\ .ßẞſsSÅåİiıKkσςΣ\u0301ﬁ한\uD7FF\uE000\U0010FFFFé\U00010428\U00010400")
	r := rand.New(rand.NewPCG(1, 2))
	text := func(most int) string {
		out := make([]rune, r.IntN(most+1))
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	f := Field{Type: String}
	for range 1500 {
		x, v := text(6), text(2)
		if r.IntN(4) == 0 {
			v = x
		}
		fx, fv := foldCase(x), foldCase(v)
		for op, want := range map[string]bool{
			"exact": x == v, "contains": strings.Contains(x, v), "startswith": strings.HasPrefix(x, v), "endswith": strings.HasSuffix(x, v),
			"iexact": fx == fv, "icontains": strings.Contains(fx, fv), "istartswith": strings.HasPrefix(fx, fv), "iendswith": strings.HasSuffix(fx, fv),
			"gt": x > v, "gte": x >= v, "lt": x < v, "lte": x <= v,
		} {
			if got := selects(t, db, op, f, x, v); got != want {
				t.Errorf("%+q %s %+q = %v", x, op, v, got)
			}
		}
		quoted := regexp.QuoteMeta(v)
		if got := selects(t, db, "regex", f, x, quoted); got != strings.Contains(x, v) {
			t.Errorf("%+q regex %+q = %v", x, quoted, got)
		}
		if !strings.Contains(v, ",") && v != "" && selects(t, db, "in", f, x, v+",other,"+v) != (x == v) {
			t.Errorf("%+q in %+q", x, v)
		}
	}
}

// Times of all years, before 1970 as well, to the last microsecond.
func TestTimeOperators(t *testing.T) {
	db := openTest(t)
	r := rand.New(rand.NewPCG(3, 4))
	first, last := micros(t, "0001-01-01"), micros(t, "9999-12-31T23:59:59.999999")
	edges := []int64{first, last, 0, -1, 1, -1000000, -1000001, -999999, micros(t, "1969-12-31T23:59:59.5"), micros(t, "2012-02-29")}
	for i := range 800 {
		at := first + r.Int64N(last-first+1)
		if i < len(edges) {
			at = edges[i]
		}
		u := time.UnixMicro(at).UTC()
		for _, shift := range []int{0, 1} {
			want := shift == 0
			for op, n := range map[string]int{"year": u.Year(), "month": int(u.Month()), "day": u.Day(), "hour": u.Hour(), "week_day": int(u.Weekday()) + 1} {
				v := n + shift
				if op == "year" && v > 9999 {
					continue
				}
				if got := selects(t, db, op, Field{Type: Datetime}, at, fmt.Sprint(v)); got != want {
					t.Errorf("%s %s %d = %v", FormatInstant(at), op, v, got)
				}
				if op != "hour" && selects(t, db, op, Field{Type: Date}, u.Format(time.DateOnly), fmt.Sprint(v)) != want {
					t.Errorf("the day %s %s %d = %v", u.Format(time.DateOnly), op, v, !want)
				}
			}
			day := u.AddDate(0, 0, shift)
			if day.Year() > 9999 {
				continue
			}
			if got := selects(t, db, "date", Field{Type: Datetime}, at, day.Format(time.DateOnly)); got != want {
				t.Errorf("%s date %s = %v", FormatInstant(at), day.Format(time.DateOnly), got)
			}
		}
	}
}

// Folding makes equal what Unicode's simple folding does, and the letters that
// fold to several as well; it changes nothing the second time.
func TestFoldCase(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		s := string(r)
		f := foldCase(s)
		if foldCase(f) != f {
			t.Fatalf("%+q folds to %+q and that to %+q", s, f, foldCase(f))
		}
		if o := string(unicode.SimpleFold(r)); foldCase(o) != f && foldsLong[r] == "" {
			t.Fatalf("%+q folds to %+q, %+q to %+q", s, f, o, foldCase(o))
		}
	}
	for _, same := range [][]string{
		{"STRASSE", "straße", "Straẞe", "ſtraſſe"}, {"ÅNGSTRÖM", "ångström", "\u212Bngström"}, {"ΣΊΣΥΦΟΣ", "σίσυφος"}, {"ﬁn", "FIN"}, {"\u212Aelvin", "KELVIN"},
	} {
		for _, s := range same {
			if foldCase(s) != foldCase(same[0]) {
				t.Errorf("%s folds to %s, %s to %s", s, foldCase(s), same[0], foldCase(same[0]))
			}
		}
	}
	if foldCase("ı") == foldCase("i") || foldCase("é") == foldCase("e") || foldCase("ß") == foldCase("s") {
		t.Error("letters that differ fold together")
	}
	if len(foldsLong) != 104 {
		t.Errorf("%d letters fold to several; want the 104 of Unicode", len(foldsLong))
	}
}

func FuzzParseURI(f *testing.F) {
	for _, s := range []string{"/data-sub/api/employee/3/", "http://any.host/data-sub/api/employee/3/", "/data-sub/api/address/1/", "/data-sub/api/employee/99999999999999999999/", "3", "https:///data-sub/api/employee/+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := Employees.parseURI(s)
		if err != nil {
			return
		}
		if id <= 0 || id <= maxID && !strings.Contains(s, strings.TrimSuffix(Employees.URI(id), fmt.Sprintf("%d/", id))) {
			t.Fatalf("%q names row %d", s, id)
		}
		if again, err := Employees.parseURI(Employees.URI(id)); err != nil || again != id {
			t.Fatalf("%q names row %d, its own URI row %d, %v", s, id, again, err)
		}
		if _, err := Addresses.parseURI(s); err == nil {
			t.Fatalf("%q names an address as well", s)
		}
	})
}
