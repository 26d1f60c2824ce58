package store

import (
	"fmt"
	"strings"
)

const maxDetail = 1000 // bytes of a record's detail

// changeLog gathers what a request changed and deleted, for its one row of record.
type changeLog struct {
	verb   string
	object string
	id     int64
	n      int
	detail strings.Builder
}

func (c *changeLog) add(verb string, r *Resource, id int64, fields ...string) {
	if c.n++; c.n == 1 {
		c.verb, c.object, c.id = verb, r.Name, id
	}
	if verb == "delete" {
		c.verb = verb // the graver of the two
	}
	if c.detail.Len() < maxDetail {
		if c.n > 1 {
			c.detail.WriteString("; ")
		}
		fmt.Fprintf(&c.detail, "%s %s %d %s", verb, r.Name, id, strings.Join(fields, " "))
	}
}

func (c *changeLog) write(tx *Tx, actor Actor) error {
	if c.n == 0 {
		return nil
	}
	detail := c.detail.String()
	if c.n > 1 {
		detail = fmt.Sprintf("%d rows: %s", c.n, detail)
	}
	return audit(tx, actor, c.verb, c.object, c.id, detail)
}
