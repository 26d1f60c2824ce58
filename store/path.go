package store

import (
	"fmt"
	"slices"
	"strings"
)

// path is a name such as employee__homeAddress__city, looked up in the declarations.
type path struct {
	root *Resource
	rels []*Field // relations on the way
	leaf *Field   // where it ends: a field, id, a dimension or a relation itself
	rest []string // what is left of the name: nothing, or an operator
}

// walk looks name up from r on. The error names what is known where it fails.
func (r *Resource) walk(name string) (*path, error) {
	p, at := &path{root: r}, r
	parts := strings.Split(name, "__")
	for i, part := range parts {
		f := at.named(part)
		if f == nil {
			if i == 0 || operatorNamed(part) == nil {
				return nil, fmt.Errorf("%s has no %s; it has %s", at.Name, shown(part), strings.Join(at.names(), ", "))
			}
			p.rest = parts[i:]
			break
		}
		if p.leaf != nil {
			p.rels = append(p.rels, p.leaf)
		}
		p.leaf = f
		if f.Type != ToOne && f.Type != ToMany {
			p.rest = parts[i+1:]
			break
		}
		at = ResourceNamed(f.Target)
	}
	if p.leaf.Type == ident && len(p.rels) > 0 { // employee__id is what employee holds
		p.leaf, p.rels = p.rels[len(p.rels)-1], p.rels[:len(p.rels)-1]
	}
	return p, nil
}

// named returns a field, id, or a dimension that no field declares; else nil.
func (r *Resource) named(name string) *Field {
	if name == "id" {
		return &Field{Name: "id", Type: ident, Target: r.Name}
	}
	if f := r.Field(name); f != nil {
		return f
	}
	if r.extra != nil && IsDimension(name) {
		return &Field{Name: name, Type: Float, Null: true}
	}
	return nil
}

// dimension reports whether f is kept in table anomaly rather than in a column.
func (f *Field) dimension() bool { return f.Type == Float && f.at == nil }

// names lists what can be filtered and ordered by.
func (r *Resource) names() []string {
	names := []string{"id"}
	for i := range r.Fields {
		names = append(names, r.Fields[i].Name)
	}
	return names
}

// hidden returns the first name on the path that tells who a person is, or "".
func (p *path) hidden() string {
	for _, f := range append(slices.Clone(p.rels), p.leaf) {
		if f.Identity {
			return f.Name
		}
	}
	return ""
}

// node is what is asked of the rows of one table. Conditions through the same
// relation stand in the same node, so that they are asked of the same row.
type node struct {
	res   *Resource // nil in the node of a dimension
	via   *Field    // the relation or dimension that leads here; nil at the root
	self  []cond    // of what via holds: the id referred to, or the dimension's value
	conds []cond
	subs  []*node
}

type cond struct {
	f    *Field
	op   *operator
	vals []any
}

// null reports whether c asks for NULL.
func (c *cond) null() bool { return c.op.takes == trueFalse && c.vals[0].(bool) }

// add notes a condition on what p leads to.
func (n *node) add(p *path, c cond) {
	for _, rel := range p.rels {
		n = n.sub(rel)
	}
	if c.op.takes != trueFalse && (p.leaf.Type == ToMany || p.leaf.dimension()) {
		n = n.sub(p.leaf)
		n.self = append(n.self, c)
		return
	}
	n.conds = append(n.conds, c)
}

func (n *node) sub(via *Field) *node {
	for _, s := range n.subs {
		if s.via.Name == via.Name {
			return s
		}
	}
	s := &node{res: ResourceNamed(via.Target), via: via}
	n.subs = append(n.subs, s)
	return s
}

// where returns the conditions on rows of n.res, or "" if there are none.
func (n *node) where(b *binder) string {
	var all []string
	plus := "" // before a column: SQLite then uses no index on it
	if b.loose && n.via == nil {
		plus = "+"
	}
	for _, c := range n.conds {
		switch {
		case c.f.Type == ToMany || c.f.dimension():
			all = append(all, n.holds(b, c))
		case c.f.Type == Boolean: // what makes a partial index fit the query
			all = append(all, c.op.sql(b, c.f, c.f.Name, c.vals))
		default:
			all = append(all, c.op.sql(b, c.f, plus+c.f.Name, c.vals))
		}
	}
	for _, s := range n.subs {
		all = append(all, n.through(b, s, plus))
	}
	return strings.Join(all, " AND ")
}

// holds asks whether a row has related rows, or was measured in a dimension.
func (n *node) holds(b *binder, c cond) string {
	not := ""
	if c.null() {
		not = "NOT "
	}
	if c.f.dimension() {
		return not + "EXISTS (SELECT 1 FROM anomaly WHERE result = " + n.res.Name + ".id AND " + isDimension(b, c.f) + ")"
	}
	return not + "EXISTS (SELECT 1 FROM " + n.res.Link.Table + " WHERE " + n.res.Link.Near + " = " + n.res.Name + ".id)"
}

// through returns the condition on rows of n that those of s make.
func (n *node) through(b *binder, s *node, plus string) string {
	var inner []string
	switch {
	case s.res == nil:
		inner = append(inner, isDimension(b, s.via))
		for _, c := range s.self {
			inner = append(inner, c.op.sql(b, c.f, "value", c.vals))
		}
		return b.member(plus, n.res.Name, "id", "anomaly", "result", inner)
	case s.via.Type == ToOne:
		q := b.member(plus, n.res.Name, s.via.Name, s.res.Name, "id", []string{s.where(b)})
		if s.via.Null && s.absent() {
			return "(" + s.via.Name + " IS NULL OR " + q + ")"
		}
		return q
	}
	l := n.res.Link
	for _, c := range s.self {
		inner = append(inner, c.op.sql(b, c.f, l.Far, c.vals))
	}
	if w := s.where(b); w != "" {
		inner = append(inner, b.member("", l.Table, l.Far, s.res.Name, "id", []string{w}))
	}
	q := b.member(plus, n.res.Name, "id", l.Table, l.Near, inner)
	if s.absent() {
		return "(NOT EXISTS (SELECT 1 FROM " + l.Table + " WHERE " + l.Near + " = " + n.res.Name + ".id) OR " + q + ")"
	}
	return q
}

// member asks whether a row of beside, for which conds hold, has in key what
// table has in col: by finding all of those first, or loosely by a look at each.
func (b *binder) member(plus, table, col, beside, key string, conds []string) string {
	where := strings.Join(conds, " AND ")
	if b.loose {
		return "EXISTS (SELECT 1 FROM " + beside + " WHERE " + beside + "." + key + " = " + table + "." + col + " AND " + where + ")"
	}
	return plus + col + " IN (SELECT " + key + " FROM " + beside + " WHERE " + where + ")"
}

// byID reports whether the related rows that s asks for are found by their ids,
// and not by reading all of them.
func (s *node) byID() bool {
	return s.res == nil || len(s.self) > 0 || slices.ContainsFunc(s.conds, func(c cond) bool { return c.f.Type == ident && c.op.seeks })
}

// absent reports whether s asks for nothing but NULLs, which a row without
// related rows has as well.
func (s *node) absent() bool {
	return len(s.self) == 0 &&
		!slices.ContainsFunc(s.conds, func(c cond) bool { return !c.null() }) &&
		!slices.ContainsFunc(s.subs, func(sub *node) bool { return sub.res == nil || !sub.absent() })
}

func isDimension(b *binder, f *Field) string {
	return "dimension = (SELECT id FROM dimension WHERE name = " + b.val(f.Name) + ")"
}

// column returns the column of the root's own table that p is; "" if it is none.
func (p *path) column() string {
	if len(p.rels) > 0 || p.leaf.Type == ToMany || p.leaf.dimension() {
		return ""
	}
	return p.leaf.Name
}

// beside reports whether p begins in a table that is ordered by the root's ids:
// one of references or of dimensions.
func (p *path) beside() bool {
	if len(p.rels) > 0 {
		return p.rels[0].Type == ToMany
	}
	return p.leaf.Type == ToMany || p.leaf.dimension()
}

// from returns what p's leaf is for one row of res, known as table, when depth
// relations have been followed. Of many related rows pick takes the min or the max.
func (p *path) from(b *binder, res *Resource, table string, depth int, pick string) string {
	if depth == len(p.rels) {
		switch {
		case p.leaf.Type == ToMany:
			l := res.Link
			return fmt.Sprintf("(SELECT %s(%s) FROM %s WHERE %s = %s.id)", pick, l.Far, l.Table, l.Near, table)
		case p.leaf.dimension():
			return fmt.Sprintf("(SELECT value FROM anomaly WHERE result = %s.id AND %s)", table, isDimension(b, p.leaf))
		}
		return table + "." + p.leaf.Name
	}
	rel, other := p.rels[depth], fmt.Sprintf("o%d", depth+1)
	target := ResourceNamed(rel.Target)
	inner := p.from(b, target, other, depth+1, pick)
	if rel.Type == ToOne {
		return fmt.Sprintf("(SELECT %s FROM %s %s WHERE %s.id = %s.%s)", inner, target.Name, other, other, table, rel.Name)
	}
	l := res.Link
	return fmt.Sprintf("(SELECT %s(%s) FROM %s JOIN %s %s ON %s.id = %s WHERE %s = %s.id)",
		pick, inner, l.Table, target.Name, other, other, l.Far, l.Near, table)
}
