package handlers

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"citd/store"
)

const (
	frameEvery = 250 * time.Millisecond // changes are told 4 times a second at most
	keptFrames = 256                    // what a stream may miss and be told again
	keptAsks   = 64                     // different queues whose part of a frame is kept
	wakeEvery  = 15 * time.Second       // snoozes are looked at
)

// live gathers what commits change into frames, and keeps the last of them.
// Streams walk the frames at their own pace.
type live struct {
	s     *server
	began int64 // microseconds since 1970

	mu      sync.Mutex
	running bool
	pending *frame        // changes that are not told yet; nil: none
	frames  []*frame      // in order
	from    int64         // all commits after this one are in pending and frames
	next    chan struct{} // closed when a frame is added
}

// frame is what changed within a quarter of a second.
type frame struct {
	gen      int64   // of its last commit
	at       int64   // microseconds since 1970
	grown    []int64 // alerts whose results changed
	decided  []store.Standing
	accounts []int64 // 0: any
	counts   store.Counts
	cut      bool // something is missing here: streams end, come back and are told anew

	mu      sync.Mutex
	matches map[store.QueueAsk]match // many streams ask the same
}

// match is what one queue holds of a frame's grown alerts.
type match struct {
	ids []int64 // at most maxTold
	n   int
}

// id is what Last-Event-ID brings back: the generation of the last commit, and
// the time, in case that the server was started anew since.
func (f *frame) id() string {
	return strconv.FormatInt(f.gen, 10) + "." + strconv.FormatInt(f.at, 10)
}

func newLive(s *server) *live {
	return &live{s: s, began: s.db.Now(), next: make(chan struct{})}
}

// position is from where a page that is rendered now has to listen.
func (l *live) position() string {
	return (&frame{gen: l.s.db.Gen(), at: l.s.db.Now()}).id()
}

// start lets the loop run, from the first stream on.
func (l *live) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running {
		return
	}
	l.running, l.pending, l.frames, l.from = true, nil, nil, l.s.db.Gen()
	changes, cancel := l.s.db.Subscribe()
	l.s.spawn(func() {
		defer func() {
			cancel()
			l.mu.Lock()
			defer l.mu.Unlock()
			l.running = false
		}()
		l.run(changes)
	})
}

// run makes frames until the server stops, or lags so far behind the writer
// that it was dropped.
func (l *live) run(changes <-chan store.Changes) {
	some, ended := make(chan struct{}, 1), make(chan struct{})
	l.s.spawn(func() {
		defer close(ended)
		for c := range changes { // does nothing else, so as not to lag
			l.take(c)
			select {
			case some <- struct{}{}:
			default:
			}
		}
	})
	wake := time.NewTicker(wakeEvery)
	defer wake.Stop()
	for {
		select {
		case <-l.s.stopping.Done():
			return
		case <-ended:
			l.add(&frame{gen: l.s.db.Gen(), at: l.s.db.Now(), cut: true})
			return
		case <-wake.C:
			_ = store.Wake(l.s.stopping, l.s.db) // what it changes comes as a change
		case <-some:
			l.add(l.complete(l.taken()))
			time.Sleep(frameEvery)
		}
	}
}

// take adds a commit's changes to what is not told yet.
func (l *live) take(c store.Changes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pending == nil {
		l.pending = &frame{}
	}
	f := l.pending
	f.gen = c.Gen
	for _, x := range c.List {
		switch x.Kind {
		case store.AlertGrown, store.AlertChanged:
			f.grown = append(f.grown, x.ID)
		case store.AlertDecided:
			f.decided = append(f.decided, store.Standing{Alert: x.ID})
		case store.AccountChanged:
			f.accounts = append(f.accounts, x.ID)
		}
	}
}

// taken returns what is not told yet.
func (l *live) taken() *frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.pending
	l.pending = nil
	return f
}

// complete reads what streams will want of the frame, once for all of them.
func (l *live) complete(f *frame) *frame {
	slices.Sort(f.grown)
	f.grown = slices.Compact(f.grown)
	f.at = l.s.db.Now()
	ids := make([]int64, len(f.decided))
	for i, d := range f.decided {
		ids[i] = d.Alert
	}
	ctx, cancel := context.WithTimeout(l.s.stopping, maxLook)
	defer cancel()
	var err error
	if len(ids) > 0 {
		f.decided, err = l.s.db.Standings(ctx, ids)
	}
	if err == nil {
		f.counts, err = l.s.db.Counts(ctx)
	}
	if err != nil { // the page has to look for itself
		l.s.opt.Log.Warn("live changes not read", "err", err)
		f.cut = true
	}
	return f
}

func (l *live) add(f *frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, f)
	switch {
	case f.cut:
		l.from, l.frames = f.gen, nil
	case len(l.frames) > keptFrames:
		l.from = l.frames[0].gen
		l.frames = slices.Delete(l.frames, 0, 1)
	}
	close(l.next)
	l.next = make(chan struct{})
}

// after returns the frames behind a generation, and a channel that is closed
// when there are more. whole is false if some of them are kept no longer.
func (l *live) after(gen int64) (frames []*frame, more <-chan struct{}, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := len(l.frames)
	for i > 0 && l.frames[i-1].gen > gen {
		i--
	}
	return slices.Clone(l.frames[i:]), l.next, gen >= l.from
}

// among returns which of the frame's grown alerts a stream's queue holds.
func (f *frame) among(ctx context.Context, db *store.DB, ask store.QueueAsk) (match, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m, ok := f.matches[ask]; ok || len(f.grown) == 0 {
		return m, nil
	}
	ids, err := db.InQueue(ctx, ask, f.grown)
	if err != nil {
		return match{}, err
	}
	m := match{slices.Clone(ids[:min(len(ids), maxTold)]), len(ids)}
	if f.matches == nil {
		f.matches = map[store.QueueAsk]match{}
	}
	if len(f.matches) < keptAsks {
		f.matches[ask] = m
	}
	return m, nil
}

// parsePosition reads what id and position write.
func parsePosition(s string) (gen, at int64, ok bool) {
	g, a, cut := strings.Cut(s, ".")
	gen, err1 := strconv.ParseInt(g, 10, 64)
	at, err2 := strconv.ParseInt(a, 10, 64)
	return gen, at, cut && err1 == nil && err2 == nil
}
