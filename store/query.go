package store

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Limits of lists (CONTRACT section 9) and of what one request may ask.
const (
	defaultLimit  = 20
	maxLimit      = 1000
	maxConditions = 100
	maxValues     = 16 << 10 // bound to one statement; SQLite takes 32,766
)

// Query is what a request asks of a list: which rows, in which order, which page.
type Query struct {
	Limit, Offset int

	res         *Resource
	params      url.Values
	root        node
	where       string // after WHERE; "": all rows
	args        []any
	order       string // after ORDER BY, ends in a unique key
	back        string // the same from the end
	orderArgs   []any
	key         string   // the column that order begins with; "" if it is none
	sortsBeside bool     // order begins with what lies in another table in the order of ids
	ordered     bool     // the request names an order
	total       string   // under which its total is kept
	dims        []string // further dimensions named: unknown ones are refused when it runs
}

// ParseQuery reads the parameters of a list's URL. The error names every
// parameter that is wrong; it is Forbidden if a login that may not see who
// people are filters or orders by that.
func ParseQuery(r *Resource, params url.Values, see View) (*Query, error) {
	return parseQuery(r, params, see, false)
}

// ParseDelete is ParseQuery for DELETE, which takes filters only: limit, offset
// and order_by would look as if they spared rows.
func ParseDelete(r *Resource, params url.Values, see View) (*Query, error) {
	return parseQuery(r, params, see, true)
}

// parser collects what the parameters ask, and what is wrong with them.
type parser struct {
	q      *Query
	see    View
	n      int // conditions
	bad    fieldErrors
	hidden fieldErrors
}

func parseQuery(r *Resource, params url.Values, see View, remove bool) (*Query, error) {
	p := parser{q: &Query{Limit: defaultLimit, res: r, params: params, root: node{res: r}, order: "id", back: "id DESC", key: "id"}, see: see}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		sent := params[name]
		if len(sent) == 0 {
			continue
		}
		switch name {
		case "limit", "offset", "order_by":
			if remove {
				p.bad.add(name, "DELETE takes filters only, and deletes all that they select")
				continue
			}
		}
		switch name {
		case "limit":
			p.limit(sent[len(sent)-1])
		case "offset":
			p.q.Offset = p.count(name, sent[len(sent)-1])
		case "order_by":
			p.order(sent)
		case "format", "callback", "username", "api_key":
		default:
			if !strings.HasPrefix(name, "_") {
				p.filter(name, sent)
			}
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	b := binder{}
	p.q.where = p.q.root.where(&b)
	p.q.args = b.args
	if len(b.args) > maxValues {
		return nil, Errorf(Invalid, "the filters hold %d values; one request may hold %d", len(b.args), maxValues)
	}
	return p.q, nil
}

func (p *parser) err() error {
	if err := p.bad.err(); err != nil {
		return err
	}
	if p.n > maxConditions {
		return Errorf(Invalid, "there are %d filters; one request may hold %d", p.n, maxConditions)
	}
	if len(p.hidden) > 0 {
		return &Error{Kind: Forbidden, Msg: p.hidden.sentence(), Fields: p.hidden}
	}
	return nil
}

func (p *parser) limit(s string) {
	p.q.Limit = p.count("limit", s)
	if p.q.Limit == 0 || p.q.Limit > maxLimit {
		p.q.Limit = maxLimit
	}
}

// count reads a whole number of 0 or more.
func (p *parser) count(name, s string) int {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64) // one too large for it is its largest
	if err != nil && (name != "limit" || !errors.Is(err, strconv.ErrRange)) || n < 0 {
		p.bad.add(name, "must be a whole number of 0 or more, not %s", shown(s))
		return 0
	}
	return int(n)
}

// seen reports whether the login may use path, and notes what is wrong if not.
func (p *parser) seen(name string, at *path) bool {
	h := at.hidden()
	if h == "" || p.see.Identity {
		return true
	}
	p.hidden.add(name, "%s tells who a person is; only the roles admin and script may filter and order by it", h)
	return false
}

// filter reads one parameter that is no reserved name.
func (p *parser) filter(name string, sent []string) {
	at, err := p.q.res.walk(name)
	if err != nil {
		p.bad.add(name, "is no filter here: %v", err)
		return
	}
	op := &operators[0]
	if len(at.rest) > 0 {
		op = operatorNamed(strings.Join(at.rest, "__"))
	}
	if op == nil || !op.fits.has(at.leaf.Type) {
		p.bad.add(name, "there is no operator %s for %s; it takes %s",
			shown(strings.Join(at.rest, "__")), at.leaf.Name, strings.Join(operatorsOf(at.leaf.Type), ", "))
		return
	}
	if !p.seen(name, at) {
		return
	}
	vals, err := op.read(at.leaf, sent)
	if err != nil {
		p.bad.add(name, "%v", err)
		return
	}
	p.n++
	p.dimension(at)
	p.q.root.add(at, cond{f: at.leaf, op: op, vals: vals})
}

// dimension notes a dimension that has to be known by the time the query runs.
func (p *parser) dimension(at *path) {
	if at.leaf.dimension() && !slices.Contains(p.q.dims, at.leaf.Name) {
		p.q.dims = append(p.q.dims, at.leaf.Name)
	}
}

// order reads order_by. The id comes last, so that pages never share a row.
func (p *parser) order(keys []string) {
	var terms, back []string
	b := binder{}
	done := map[string]bool{}
	for _, key := range keys {
		name, desc := strings.CutPrefix(key, "-")
		at, err := p.q.res.walk(name)
		switch {
		case strings.Contains(name, ","):
			p.bad.add("order_by", "takes one field at a time: repeat it, as in order_by=date&order_by=-score")
			return
		case err != nil:
			p.bad.add("order_by", "%v", err)
			return
		case len(at.rest) > 0:
			p.bad.add("order_by", "%s is no field; %s is one", shown(name), shown(strings.TrimSuffix(name, "__"+strings.Join(at.rest, "__"))))
			return
		}
		if !p.seen("order_by", at) || done[name] || done["id"] {
			continue
		}
		if len(done) == 0 {
			p.q.key, p.q.sortsBeside = at.column(), at.beside()
		}
		done[name] = true
		p.dimension(at)
		pick, up, down := "min", "", " DESC"
		if desc {
			pick, up, down = "max", " DESC", ""
		}
		term := at.from(&b, p.q.res, p.q.res.Name, 0, pick)
		terms, back = append(terms, term+up), append(back, term+down)
	}
	if !done["id"] {
		terms, back = append(terms, p.q.res.Name+".id"), append(back, p.q.res.Name+".id DESC")
	}
	p.q.order, p.q.back, p.q.orderArgs, p.q.ordered = strings.Join(terms, ", "), strings.Join(back, ", "), b.args, true
}

// page returns the link to the page at offset, with all other parameters as they were sent.
func (q *Query) page(offset int) string {
	other := maps.Clone(q.params)
	delete(other, "limit")
	delete(other, "offset")
	query := other.Encode()
	if query != "" {
		query += "&"
	}
	return fmt.Sprintf("%s%s/?%slimit=%d&offset=%d", Base, q.res.Name, query, q.Limit, offset)
}
