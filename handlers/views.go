package handlers

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"citd/store"
)

const viewEvery = 15 * time.Minute // a view counts once in that time

// views remembers what was recorded lately, so that looking again is not recorded again.
type views struct {
	mu sync.Mutex
	at map[viewed]int64
}

type viewed struct {
	account      int64
	verb, object string
	id           int64
	text         string
}

// recordLook writes that r's actor looked. text tells one search from another; it is
// not written, since it may be a name. A page that a browser only fetches ahead is not a view.
func (p *pages) recordLook(r *request, verb, object string, id int64, text string) error {
	if strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch") || r.Method == http.MethodHead {
		return nil
	}
	k := viewed{r.actor.ID, verb, object, id, text}
	if !p.views.first(k, p.db.Now()) {
		return nil
	}
	err := p.db.Record(context.WithoutCancel(r.Context()), r.actor, verb, object, id, "")
	if err == nil {
		return nil
	}
	p.views.forget(k)
	if e := store.AsError(err); e.Kind == store.Full {
		return &wireError{http.StatusServiceUnavailable, "the disk is full, so this look cannot be recorded, and pages about people are not shown until there is room"}
	}
	return err
}

func (v *views) first(k viewed, now int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	old := now - viewEvery.Microseconds()
	if at, ok := v.at[k]; ok && at > old && at <= now {
		return false
	}
	if v.at == nil || len(v.at) >= 10_000 {
		kept := map[viewed]int64{}
		for k, at := range v.at {
			if at > old {
				kept[k] = at
			}
		}
		v.at = kept
	}
	v.at[k] = now
	return true
}

func (v *views) forget(k viewed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.at, k)
}
