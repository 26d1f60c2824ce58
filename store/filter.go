package store

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
	"unicode/utf8"
)

// ident is the type of id, which is no declared field.
const ident = ToMany + 1

// types is a set of fields' types.
type types uint16

const (
	texts   types = 1<<String | 1<<List
	dates   types = 1<<Date | 1<<Datetime
	ordered types = 1<<String | 1<<Float | dates | 1<<ident | 1<<ToOne | 1<<ToMany
	every   types = ordered | texts | 1<<Boolean
)

func (t types) has(x Type) bool { return t&(1<<x) != 0 }

// takes says how an operator's value is read.
type takes uint8

const (
	oneValue  takes = iota // of the field's type
	anyValues              // a,b,c, or the parameter repeated
	twoValues              // a,b
	aNumber
	aYear
	aDay
	trueFalse
	aPattern
)

// operator is what may follow a field's name in a query, after "__".
type operator struct {
	name   string
	fits   types
	takes  takes
	seeks  bool   // an index on the column can find the rows
	phrase string // field ... value
	sql    func(b *binder, f *Field, col string, v []any) string
}

// operators are all of CONTRACT section 10. Parsing, SQL, errors and OpenAPI read them from here.
var operators = []operator{
	{"exact", every, oneValue, true, "equals", compare("=")},
	{"iexact", texts, oneValue, false, "equals, in any case", folded("%s = %s")},
	{"contains", texts, oneValue, false, "contains", found("instr(%s, %s) > 0")},
	{"icontains", texts, oneValue, false, "contains, in any case", folded("instr(%s, %s) > 0")},
	{"startswith", texts, oneValue, true, "starts with", startsWith},
	{"istartswith", texts, oneValue, false, "starts with, in any case", folded("instr(%s, %s) = 1")},
	{"endswith", texts, oneValue, false, "ends with", endsWith("%s", strings.Clone)},
	{"iendswith", texts, oneValue, false, "ends with, in any case", endsWith("citd_fold(%s)", foldCase)},
	{"regex", texts, aPattern, false, "matches the regular expression (RE2)", matches("")},
	{"iregex", texts, aPattern, false, "matches the regular expression (RE2), in any case", matches("(?i)")},
	{"in", every, anyValues, true, "is one of a,b,c", among},
	{"gt", ordered, oneValue, true, "is greater than", compare(">")},
	{"gte", ordered, oneValue, true, "is at least", compare(">=")},
	{"lt", ordered, oneValue, true, "is less than", compare("<")},
	{"lte", ordered, oneValue, true, "is at most", compare("<=")},
	{"range", ordered, twoValues, true, "is from a to b, both included", between},
	{"isnull", every, trueFalse, false, "is null (true) or is not (false)", isNull},
	{"year", dates, aYear, true, "is in the year", inYear},
	{"month", dates, aNumber, false, "is in the month 1 to 12", part("%m", 0)},
	{"day", dates, aNumber, false, "is on the day 1 to 31", part("%d", 0)},
	{"week_day", dates, aNumber, false, "is on the day of the week 1 (Sunday) to 7", part("%w", -1)},
	{"hour", 1 << Datetime, aNumber, false, "is in the hour 0 to 23, UTC", part("%H", 0)},
	{"date", dates, aDay, true, "is on the date, UTC", onDay},
}

func operatorNamed(name string) *operator {
	return first(operators, func(o operator) bool { return o.name == name })
}

// operatorsOf lists the operators that fit a type.
func operatorsOf(t Type) (names []string) {
	for _, o := range operators {
		if o.fits.has(t) {
			names = append(names, o.name)
		}
	}
	return names
}

// binder collects the values of a statement in the order of its question marks.
type binder struct {
	args  []any
	loose bool // each row is tested: the planner is kept from looking for them by these conditions, see hint
}

// val binds v. A boolean is written out, since an index WHERE flag = 1 serves
// only a query in which the planner can see the 1.
func (b *binder) val(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "1"
		}
		return "0"
	default:
		b.args = append(b.args, v)
		return "?"
	}
}

type buildSQL = func(b *binder, f *Field, col string, v []any) string

func compare(sign string) buildSQL {
	return func(b *binder, _ *Field, col string, v []any) string { return col + " " + sign + " " + b.val(v[0]) }
}

func found(form string) buildSQL {
	return func(b *binder, _ *Field, col string, v []any) string { return fmt.Sprintf(form, col, b.val(v[0])) }
}

func folded(form string) buildSQL {
	return func(b *binder, _ *Field, col string, v []any) string {
		return fmt.Sprintf(form, "citd_fold("+col+")", b.val(foldCase(v[0].(string))))
	}
}

// startsWith is a range, so that an index on the column serves it.
func startsWith(b *binder, _ *Field, col string, v []any) string {
	s := v[0].(string)
	from := col + " >= " + b.val(s)
	if end, ok := afterPrefix(s); ok {
		return from + " AND " + col + " < " + b.val(end)
	}
	return from
}

// afterPrefix returns the least text above all that start with s, if there is one.
func afterPrefix(s string) (string, bool) {
	for s != "" {
		r, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
		switch {
		case r == 0xD7FF: // what comes next are no letters
			return s + "\uE000", true
		case r < utf8.MaxRune:
			return s + string(r+1), true
		}
	}
	return "", false
}

func endsWith(form string, fold func(string) string) buildSQL {
	return func(b *binder, _ *Field, col string, v []any) string {
		text, s := fmt.Sprintf(form, col), fold(v[0].(string))
		if s == "" {
			return text + " IS NOT NULL"
		}
		return "substr(" + text + ", " + b.val(int64(-utf8.RuneCountInString(s))) + ") = " + b.val(s)
	}
}

func matches(flags string) buildSQL {
	return func(b *binder, _ *Field, col string, v []any) string {
		return "citd_match(" + b.val(flags+v[0].(string)) + ", " + col + ")"
	}
}

// among repeats the last value up to a power of two, so that lists of any
// length make few different statements.
func among(b *binder, _ *Field, col string, v []any) string {
	if len(v) == 0 {
		return "0"
	}
	marks := make([]string, 1<<bits.Len(uint(len(v)-1)))
	for i := range marks {
		marks[i] = b.val(v[min(i, len(v)-1)])
	}
	return col + " IN (" + strings.Join(marks, ", ") + ")"
}

func between(b *binder, _ *Field, col string, v []any) string {
	return col + " BETWEEN " + b.val(v[0]) + " AND " + b.val(v[1])
}

func isNull(_ *binder, f *Field, col string, v []any) string {
	yes := v[0].(bool)
	switch {
	case f.Type == List && yes: // kept as "", shown as null
		return col + " = ''"
	case f.Type == List:
		return col + " <> ''"
	case yes:
		return col + " IS NULL"
	}
	return col + " IS NOT NULL"
}

// A year or a day is a range, so that an index on the column serves it.

func inYear(b *binder, f *Field, col string, v []any) string {
	year := int(v[0].(int64))
	return within(b, f, col, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC))
}

func onDay(b *binder, f *Field, col string, v []any) string {
	day, _ := time.Parse(time.DateOnly, v[0].(string))
	return within(b, f, col, day, day.AddDate(0, 0, 1))
}

func within(b *binder, f *Field, col string, from, until time.Time) string {
	if f.Type == Date {
		return col + " BETWEEN " + b.val(from.Format(time.DateOnly)) + " AND " + b.val(until.AddDate(0, 0, -1).Format(time.DateOnly))
	}
	return col + " >= " + b.val(from.UnixMicro()) + " AND " + col + " < " + b.val(until.UnixMicro())
}

// part compares a part of a time, named as strftime names it; plus is added to
// the wire's number to make strftime's.
func part(format string, plus int64) buildSQL {
	return func(b *binder, f *Field, col string, v []any) string {
		n, width, most := v[0].(int64)+plus, 2, int64(99)
		if format == "%w" {
			width, most = 1, 9
		}
		if n < 0 || n > most {
			return "0"
		}
		want := string(appendDigits(nil, int(n), width))
		if f.Type == Date {
			return "strftime('" + format + "', " + col + ") = " + b.val(want)
		}
		// Whole seconds, rounded down also before 1970; SQLite's division cuts towards 0.
		return "strftime('" + format + "', (" + col + " - (" + col + " < 0) * 999999) / 1000000, 'unixepoch') = " + b.val(want)
	}
}
