package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// AppendCSVHeader appends the first line of r's CSV: the names that a row's JSON
// has, those of the further dimensions dims last.
func (r *Resource) AppendCSVHeader(b []byte, dims []string) []byte {
	names := slices.Insert(r.names(), 1, "resource_uri")
	if r.extra != nil {
		names = append(names, dims...)
	}
	return append(append(b, strings.Join(names, ",")...), '\n')
}

// AppendCSV appends row as a line of CSV. null is an empty cell, references are
// URIs, several are parted by blanks. Text that a spreadsheet would run as a
// formula gets an apostrophe in front, which reading takes off again, and
// control characters become pictures; raw leaves all as it is.
func (r *Resource) AppendCSV(b []byte, row any, see View, raw bool) []byte {
	id := r.ID(row)
	b = append(strconv.AppendInt(b, id, 10), ',')
	b = appendURI(b, r.Name, id)
	for i := range r.Fields {
		f := &r.Fields[i]
		b = append(b, ',')
		if !f.Identity || see.Identity {
			b = f.appendCell(b, f.at(row), raw)
		}
	}
	if r.extra != nil {
		for _, d := range see.Dimensions {
			b = append(b, ',')
			for _, a := range *r.extra(row) {
				if a.Name == d {
					b = appendFloat(b, a.Value)
				}
			}
		}
	}
	return append(b, '\n')
}

func (f *Field) appendCell(b []byte, p any, raw bool) []byte {
	switch p := p.(type) {
	case *string:
		if raw {
			return appendQuoted(b, *p)
		}
		return appendQuoted(b, Visible(unformula(*p, true)))
	case *[]int64:
		for i, id := range *p {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendURI(b, f.Target, id)
		}
		return b
	}
	json := f.appendJSON(nil, p)
	if string(json) == "null" {
		return b
	}
	return append(b, strings.Trim(string(json), `"`)...) // JSON puts quotes around dates and URIs; no cell of these needs them
}

// unformula puts an apostrophe before what a spreadsheet may run as a formula, or
// takes it off again: at the beginning of a text, and behind what begins a cell
// for those who part cells by semicolons, to whom the quotes in a line of ours
// mean nothing.
func unformula(s string, on bool) string {
	if !strings.ContainsAny(s, formula+"\t\r\n") {
		return s
	}
	b := make([]byte, 0, len(s)+2)
	begins, first := true, true // of a cell, of all
	for _, r := range s {
		switch {
		case !begins || !strings.ContainsRune(formula, r) && (!first || !strings.ContainsRune("\t\r\n", r)):
		case on:
			b = append(b, '\'')
		case len(b) > 0 && b[len(b)-1] == '\'':
			b = b[:len(b)-1]
		}
		b = utf8.AppendRune(b, r)
		quote := r == '\'' || r == '"' // one that was there stays apart from ours
		first = first && quote
		begins = strings.ContainsRune(";\t\r\n", r) || begins && quote
	}
	return string(b)
}

const formula = "=+-@＝＋－＠" // what may begin one

func appendQuoted(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",;\"\t\r\n") && strings.TrimSpace(s) == s {
		return append(b, s...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(s, `"`, `""`)...), '"')
}

// readCSV calls fn for each line of a CSV file of r with the object that it
// makes, as the API takes it, or with what is wrong with the line. The first
// line names the columns. A line of a file is counted from 1; a record that
// spans several has the number of its first.
func readCSV(in io.Reader, r *Resource, raw bool, fn func(line int, body []byte, err error) error) error {
	c := csvReader{in: bufio.NewReader(in)}
	head, err := c.record()
	if errors.Is(err, io.EOF) {
		return Errorf(Invalid, "the file is empty; its first line must name the columns, such as id,%s", r.Fields[0].Name)
	}
	columns, err := r.columns(head, err)
	if err != nil {
		return err
	}
	for {
		cells, err := c.record()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			return Errorf(Invalid, "line %d: %v", c.began, err)
		}
		if err == nil && len(cells) != len(columns) {
			err = fmt.Errorf("has %d cells, the first line names %d", len(cells), len(columns))
		}
		if err != nil {
			err = fn(c.began, nil, Errorf(Invalid, "%v", err))
		} else {
			err = fn(c.began, object(columns, cells, raw), nil)
		}
		if err != nil {
			return err
		}
	}
}

// columns looks up the fields that the first line names.
func (r *Resource) columns(head []string, err error) ([]*Field, error) {
	if err != nil {
		return nil, Errorf(Invalid, "line 1: %v", err)
	}
	var columns []*Field
	for i, name := range head {
		f := r.named(name)
		if name == "resource_uri" {
			f = &Field{Name: name, Type: String}
		}
		switch {
		case f == nil:
			return nil, Errorf(Invalid, "line 1: column %d is %s; %s has %s (parted by commas)", i+1, shown(name), r.Name, strings.Join(r.names(), ", "))
		case slices.Contains(head[:i], name):
			return nil, Errorf(Invalid, "line 1: the column %s is there twice", name)
		}
		columns = append(columns, f)
	}
	return columns, nil
}

// object writes a line's cells as a JSON object.
func object(columns []*Field, cells []string, raw bool) []byte {
	b := []byte{'{'}
	for i, f := range columns {
		v := f.cell(cells[i], raw)
		if v == nil {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(appendString(b, f.Name), ':'), v...)
	}
	return append(b, '}')
}

// cell writes a cell as the JSON value that it stands for; nil: as if it were not there.
func (f *Field) cell(s string, raw bool) []byte {
	switch {
	case f.Type == ToMany:
		b := []byte{'['}
		for i, uri := range strings.Fields(s) {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, uri)
		}
		return append(b, ']')
	case s == "" && f.Null:
		return []byte("null")
	case s == "" && (f.Type != String || f.Name == "resource_uri"):
		return nil
	case f.Type == ident && strings.Trim(s, "0123456789") == "" && s[0] != '0', f.Type == List && json.Valid([]byte(s)):
		return []byte(s)
	case f.Type == String && !raw:
		s = unformula(s, false)
	}
	return appendString(nil, s)
}

// csvReader takes a file apart into cells. Unlike encoding/csv it keeps a
// carriage return within a cell, so that what was exported comes back as it was.
type csvReader struct {
	in    *bufio.Reader
	line  int   // lines read so far
	began int   // the line on which the newest record began
	size  int   // its bytes
	err   error // why there is no more: io.EOF at the end
}

var errEndless = errors.New("is longer than 1 MiB; a quote may lack its end")

// record reads the next record that is no empty line; io.EOF after the last. Of
// one that is wrong, the rest is passed over.
func (c *csvReader) record() (cells []string, wrong error) {
	for {
		c.began, c.size = c.line+1, 0
		cells, wrong := c.cells()
		if c.err != nil && (c.size == 0 || !errors.Is(c.err, io.EOF)) {
			return nil, c.err
		}
		if wrong != nil || len(cells) > 1 || cells[0] != "" {
			return cells, wrong
		}
	}
}

func (c *csvReader) cells() (cells []string, wrong error) {
	for end := byte(','); end == ','; {
		var cell string
		var err error
		cell, end, err = c.cell()
		if err == nil && (!utf8.ValidString(cell) || strings.ContainsRune(cell, 0)) {
			err = errors.New("holds NUL or is no UTF-8")
		}
		cells = append(cells, cell)
		if wrong == nil && err != nil {
			wrong = fmt.Errorf("cell %d %w", len(cells), err)
		}
	}
	return cells, wrong
}

// cell reads a cell and what ends it: ',', '\n' or 0 for the end of the file.
func (c *csvReader) cell() (text string, end byte, wrong error) {
	const plain, open, closed = 0, 1, 2
	var b []byte
	for state := plain; ; {
		x, ok := c.next()
		switch {
		case !ok && state == open:
			return "", 0, errors.New("begins with a quote that has no end")
		case !ok:
			return string(b), 0, wrong
		case state == open && x == '"':
			state = closed
		case state == closed && x == '"':
			b, state = append(b, x), open
		case state == open:
			b = append(b, x)
		case x == ',' || x == '\n':
			return string(b), x, wrong
		case x == '\r' && c.peek('\n'):
		case x == '"' && len(b) == 0 && state == plain:
			state = open
		case state == closed || x == '"' || x == '\r':
			wrong = errors.New("has a quote or a carriage return in its middle: put all of it in quotes, and write a quote twice")
		default:
			b = append(b, x)
		}
	}
}

func (c *csvReader) next() (byte, bool) {
	var x byte
	if x, c.err = c.in.ReadByte(); c.err != nil {
		return 0, false
	}
	if c.size++; c.size > maxLine {
		c.err = errEndless
		return 0, false
	}
	if x == '\n' {
		c.line++
	}
	return x, true
}

func (c *csvReader) peek(x byte) bool {
	next, err := c.in.Peek(1)
	return err == nil && next[0] == x
}
