package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of CONTRACT section 14.
const (
	maxItems      = 1000 // references in one list
	maxID         = 1 << 52
	maxDimensions = 64 // further dimensions a file
)

// Input is one object as a client sent it, checked as far as that can be done
// without the database.
type Input struct {
	res     *Resource
	row     any      // holds the values given
	given   []bool   // by field: was it there?
	whole   bool     // what it lacks is to be empty, not to stay
	id      int64    // as given; 0: none
	self    int64    // from resource_uri; 0: none
	links   [][]link // by field, the references given for it
	extra   []Anomaly
	cleared []string // further dimensions given as null
	ignored []string // keys that nobody knows
	path    string   // where it stands in the request: "", "employee.", "evidence.1."
	text    []byte   // as it came; shares the body
}

// link is a reference, in: a row's id, or an object to store first.
type link struct {
	id int64
	in *Input
}

var dimensionName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,48}_anomaly$`)

// IsDimension reports whether a key names a dimension (CONTRACT section 5).
func IsDimension(key string) bool {
	return dimensionName.MatchString(key) && !strings.Contains(key, "__")
}

// Decode reads one object that may become a new row. The error names every
// wrong field at once.
func (r *Resource) Decode(body []byte) (*Input, error) { return r.decode(body, false) }

// DecodeUpdate reads one object for a row that is there: what it lacks stays.
func (r *Resource) DecodeUpdate(body []byte) (*Input, error) { return r.decode(body, true) }

func (r *Resource) decode(body []byte, update bool) (*Input, error) {
	v, err := parseJSON(body)
	if err != nil {
		return nil, err
	}
	return r.input(&v, update)
}

func (r *Resource) input(v *jsonValue, update bool) (*Input, error) {
	if v.kind != jsonObject {
		return nil, Errorf(Invalid, "wanted an object of %s, got %s", r.Name, v.what())
	}
	if _, list := v.get("objects"); list {
		return nil, Errorf(Invalid, "wanted one object of %s; send a list with PATCH to %s%s/", r.Name, Base, r.Name)
	}
	d := decoder{update: update}
	in := d.object(r, v, "")
	return in, d.bad.err()
}

type decoder struct {
	bad    fieldErrors
	update bool // the outermost object is for a row that is there
}

// object decodes v as a row of r. path is put before the names of fields.
func (d *decoder) object(r *Resource, v *jsonValue, path string) *Input {
	in := &Input{res: r, row: r.make(), given: make([]bool, len(r.Fields)), links: make([][]link, len(r.Fields)), path: path, text: v.raw}
	for i, key := range v.keys {
		val := &v.list[i]
		f := r.fieldIndex(key)
		switch {
		case f >= 0:
			in.given[f] = val.kind != jsonNull || r.Fields[f].Null || r.Fields[f].Type == ToMany
			d.field(in, f, val)
		case key == "id":
			in.id = d.id(path+key, val)
		case key == "resource_uri":
			in.self = d.self(r, path, val)
		case r.extra != nil && IsDimension(key):
			d.dimension(in, key, val)
		default:
			in.ignored = append(in.ignored, path+key)
		}
	}
	if in.self == 0 && in.id == 0 && r.KeyField() == nil && (path != "" || !d.update) {
		d.complete(in) // it can only be a new row, so tell what is missing with the rest
	}
	return in
}

func (r *Resource) fieldIndex(name string) int {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// complete notes the fields that a new row lacks.
func (d *decoder) complete(in *Input) {
	for i := range in.res.Fields {
		if f := &in.res.Fields[i]; f.Need && !in.given[i] {
			d.bad.add(in.path+f.Name, "is required")
		}
	}
}

func (d *decoder) id(name string, v *jsonValue) int64 {
	if v.kind == jsonNull {
		return 0
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	if v.kind != jsonNumber && v.kind != jsonString || err != nil || n <= 0 || n > maxID {
		d.bad.add(name, "must be a whole number from 1 to 2^52")
		return 0
	}
	return n
}

// self reads resource_uri. What names no row of r is left out of account at the
// top, where returned objects are sent again, and is wrong in nested objects.
func (d *decoder) self(r *Resource, path string, v *jsonValue) int64 {
	if v.kind == jsonNull {
		return 0
	}
	id, err := r.parseURI(v.text)
	switch {
	case v.kind != jsonString:
		d.bad.add(path+"resource_uri", "must be text such as %s", r.URI(3))
	case errors.Is(err, errOtherResource) || err != nil && path != "":
		d.bad.add(path+"resource_uri", "%v", err)
	case err == nil:
		return id
	}
	return 0
}

var errOtherResource = errors.New("names a row of another resource")

// parseURI returns the id in a resource_uri of r. The host, if there is one, does not count.
func (r *Resource) parseURI(s string) (int64, error) {
	if scheme, after, ok := strings.Cut(s, "://"); ok && (scheme == "http" || scheme == "https") {
		_, s, _ = strings.Cut(after, "/")
		s = "/" + s
	}
	rest, ours := strings.CutPrefix(s, Base)
	switch name, id, parted := strings.Cut(rest, "/"); {
	case !ours || !parted:
	case name == r.Name:
		n, err := strconv.ParseInt(strings.TrimSuffix(id, "/"), 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			return maxID + 1, nil // well formed, but no row has it
		}
		if err == nil && n > 0 {
			return n, nil
		}
	case ResourceNamed(name) != nil:
		return 0, fmt.Errorf("%w; wanted one such as %s", errOtherResource, r.URI(3))
	}
	return 0, fmt.Errorf("must be a URI such as %s", r.URI(3))
}

func (d *decoder) dimension(in *Input, key string, v *jsonValue) {
	if v.kind == jsonNull {
		in.cleared = append(in.cleared, key)
		return
	}
	if x, ok := d.float(in.path+key, v); ok {
		in.extra = append(in.extra, Anomaly{Name: key, Value: x})
	}
}

// field decodes v into field i of in.
func (d *decoder) field(in *Input, i int, v *jsonValue) {
	f, name := &in.res.Fields[i], in.path+in.res.Fields[i].Name
	if v.kind == jsonNull {
		if f.Need {
			d.bad.add(name, "is required and cannot be null")
		}
		return // null or no references; what cannot be null is as though absent
	}
	switch p := f.at(in.row).(type) {
	case *string:
		d.text(f, name, v, p)
	case *bool:
		d.bool(name, v, p)
	case *float64:
		*p, _ = d.float(name, v)
	case *sql.Null[float64]:
		p.V, p.Valid = d.float(name, v)
	case *sql.Null[string]:
		d.day(name, v, p)
	case *int64:
		d.int(in, i, v, p)
	case *sql.Null[int64]:
		d.int(in, i, v, &p.V)
		p.Valid = f.Type == Datetime
	case *[]int64:
		d.many(in, i, v)
	}
}

func (d *decoder) text(f *Field, name string, v *jsonValue, p *string) {
	if f.Type == List {
		d.rawList(f, name, v, p)
		return
	}
	switch {
	case v.kind == jsonArray || v.kind == jsonObject:
		d.bad.add(name, "must be text, not %s", v.what())
	case len(v.text) > f.Max:
		d.bad.add(name, "must be at most %d bytes, has %d", f.Max, len(v.text))
	case strings.ContainsRune(v.text, 0):
		d.bad.add(name, "must not hold the character NUL")
	case f.Need && v.text == "":
		d.bad.add(name, "is required and cannot be empty")
	case f.OneOf != nil && !slices.Contains(f.OneOf, v.text):
		d.bad.add(name, "must be one of %s", strings.Join(f.OneOf, ", "))
	default:
		*p = v.text
	}
}

func (d *decoder) rawList(f *Field, name string, v *jsonValue, p *string) {
	ok := v.kind == jsonArray
	for i := range v.list {
		ok = ok && v.list[i].kind == jsonObject
	}
	switch {
	case !ok:
		d.bad.add(name, "must be a list of objects {name, weight, value, text}")
	case len(v.raw) > f.Max:
		d.bad.add(name, "must be at most %d bytes, has %d", f.Max, len(v.raw))
	case len(v.list) > 0:
		*p = string(v.raw)
	}
}

// bool takes what scripts of 2014 send: "True" as well as true, and 1.0.
func (d *decoder) bool(name string, v *jsonValue, p *bool) {
	b, ok := parseBool(v.text)
	if v.kind == jsonNumber {
		x, finite := parseFloat(v.text)
		b, ok = x == 1, finite && (x == 0 || x == 1)
	}
	if !ok {
		d.bad.add(name, "must be true or false (also 1, 0, \"True\", \"False\")")
	}
	*p = b
}

// parseBool reads a boolean in any of the spellings that clients use.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// float takes true and false as Python does, for 1 and 0.
func (d *decoder) float(name string, v *jsonValue) (float64, bool) {
	if yes, ok := parseBool(v.text); v.kind == jsonBool && ok {
		if yes {
			return 1, true
		}
		return 0, true
	}
	if v.kind == jsonNumber || v.kind == jsonString && len(v.text) < 400 {
		if x, ok := parseFloat(v.text); ok {
			return x, true
		}
	}
	d.bad.add(name, "must be a finite number such as 0.54, not %s", short(v))
	return 0, false
}

// parseFloat reads a finite decimal number; none of Go's further spellings.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	if s == "" || strings.Trim(s, "0123456789.eE+-") != "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x + 0, err == nil && !math.IsInf(x, 0) // + 0: SQLite keeps no -0, and digests tell it from 0
}

// short shows a wrong value, or says what it is.
func short(v *jsonValue) string {
	if (v.kind == jsonString || v.kind == jsonNumber) && len(v.text) <= 40 {
		return strconv.Quote(v.text)
	}
	return v.what()
}

func (d *decoder) day(name string, v *jsonValue, p *sql.Null[string]) {
	day, err := ParseDay(v.text)
	if v.kind != jsonString || err != nil {
		d.bad.add(name, "must be a date such as 1982-02-11, not %s", short(v))
		return
	}
	p.V, p.Valid = day, true
}

// int decodes an instant or a reference.
func (d *decoder) int(in *Input, i int, v *jsonValue, p *int64) {
	f, name := &in.res.Fields[i], in.path+in.res.Fields[i].Name
	if f.Type == ToOne {
		if l, ok := d.link(f, name, v); ok {
			in.links[i] = []link{l}
		}
		return
	}
	t, err := ParseInstant(v.text)
	if v.kind != jsonString || err != nil {
		d.bad.add(name, "must be a time such as 2014-09-17 10:11:12.5 or 2014-09-17T10:11:12Z, not %s", short(v))
		return
	}
	*p = t
}

func (d *decoder) many(in *Input, i int, v *jsonValue) {
	f, name := &in.res.Fields[i], in.path+in.res.Fields[i].Name
	if v.kind != jsonArray {
		d.bad.add(name, "must be a list, not %s", v.what())
		return
	}
	if len(v.list) > maxItems {
		d.bad.add(name, "must hold at most %d items, has %d", maxItems, len(v.list))
		return
	}
	for k := range v.list {
		if v.list[k].kind == jsonNull {
			continue
		}
		if l, ok := d.link(f, fmt.Sprintf("%s.%d", name, k), &v.list[k]); ok {
			in.links[i] = append(in.links[i], l)
		}
	}
}

// link decodes a reference in any of its forms (CONTRACT section 7).
func (d *decoder) link(f *Field, name string, v *jsonValue) (link, bool) {
	target := ResourceNamed(f.Target)
	switch v.kind {
	case jsonObject:
		return link{in: d.object(target, v, name+".")}, true
	case jsonString:
		id, err := target.parseURI(v.text)
		if err != nil {
			d.bad.add(name, "%v", err)
			return link{}, false
		}
		return link{id: id}, true
	}
	d.bad.add(name, "must be a URI such as %s or an object, not %s", target.URI(3), v.what())
	return link{}, false
}
