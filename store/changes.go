package store

import "sync"

// ChangeKind says what a Change is about.
type ChangeKind uint8

// What is announced. IDs are those of alerts, but for AccountChanged.
const (
	AlertGrown     ChangeKind = iota // results joined or opened the alert
	AlertDecided                     // its state changed by a decision
	AlertChanged                     // its results were changed or deleted
	AccountChanged                   // a role, password or lock: streams of that account end
)

// Change is one thing that a commit changed.
type Change struct {
	Kind ChangeKind
	ID   int64
}

// Changes are what one commit changed. Gen orders them.
type Changes struct {
	Gen  int64
	List []Change
}

const hubBuffer = 64 // commits that a subscriber may lag behind

// hub hands changes to subscribers and never waits for one.
type hub struct {
	mu   sync.Mutex
	subs map[chan Changes]struct{}
	done bool
}

// Subscribe returns a channel of what every later commit changed. A subscriber
// that lags behind is dropped: its channel is closed and it has to catch up by
// reading. cancel ends the subscription.
func (db *DB) Subscribe() (ch <-chan Changes, cancel func()) {
	c := make(chan Changes, hubBuffer)
	h := &db.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		close(c)
		return c, func() {}
	}
	if h.subs == nil {
		h.subs = map[chan Changes]struct{}{}
	}
	h.subs[c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(c)
	}
}

// drop closes c once. The lock is held.
func (h *hub) drop(c chan Changes) {
	if _, ok := h.subs[c]; ok {
		delete(h.subs, c)
		close(c)
	}
}

func (h *hub) publish(gen int64, list []Change) {
	if len(list) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.subs {
		select {
		case c <- Changes{Gen: gen, List: list}:
		default:
			h.drop(c)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done = true
	for c := range h.subs {
		h.drop(c)
	}
}
