// Package handlers is citd's front door: it decides who may enter, and serves
// the API and the dashboard over HTTP.
package handlers

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"citd/store"

	"github.com/julienschmidt/httprouter"
)

const prefix = "/data-sub/api/" // of the API's URLs

// Limits of bodies in bytes (CONTRACT section 14) and of pages' forms.
const (
	oneObject = 1 << 20
	oneList   = 64 << 20
	oneForm   = 64 << 10
)

// access names the roles that may call a route.
type access []store.Role

// Who may call a route. The zero value lets nobody in.
var (
	public   = access{""} // nobody has to sign in
	people   = access{store.Admin, store.Analyst, store.Viewer}
	deciders = access{store.Admin, store.Analyst}
	admins   = access{store.Admin}
	readers  = access{store.Admin, store.Analyst, store.Viewer, store.Script} // of the API
	writers  = access{store.Admin, store.Script}
	posters  = access{store.Admin, store.Script, store.Ingest}
)

// route is one line of the table of everything that citd answers.
type route struct {
	method string // GET answers HEAD as well
	path   string // as httprouter writes it: "/alerts/:id"
	who    access
	limit  int64 // bytes of body; 0: no body is read
	do     handle
	live   bool // stays open: not counted as a request in work
}

// handle answers a request, or returns the error that adapt answers.
type handle func(w http.ResponseWriter, r *request) error

// request is an HTTP request that passed the door.
type request struct {
	*http.Request
	id      string         // names the request in the log and on error pages
	actor   store.Actor    // who asks; zero on public routes
	session *store.Session // nil when the API's Authorization header was used
	params  httprouter.Params
	shownAs string        // how people are shown, see mode
	whole   *http.Request // whose context has no 5 s limit, see stream
}

// Options say how to serve.
type Options struct {
	Hosts []string     // names that browsers may use besides the loopback ones
	Demo  bool         // invented data: said on every page, and its link is good until the end
	TLS   bool         // browsers come by https
	Log   *slog.Logger // slog.Default if nil

	Beside func(context.Context) // runs while the server does; may be nil
}

type server struct {
	db       *store.DB
	opt      Options
	hosts    map[string]bool
	fixed    *httprouter.Router // paths without parameters come first, ...
	wild     *httprouter.Router // ... so that employee/schema/ may stand beside employee/:id/
	work     gauge              // requests in work
	streams  gauge              // live streams
	bodies   gauge              // bytes of bodies in work
	cookie   string             // its name
	terms    store.Terms        // of a session
	columns  columnsCache       // of explore
	look     time.Duration      // that a look may take
	stopping context.Context
	stop     context.CancelFunc // ends live streams, and says not ready
	spawned  sync.WaitGroup     // what runs beside
}

func newServer(ctx context.Context, db *store.DB, o Options) (*server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	id, err := db.Setting(ctx, store.FileID)
	if err != nil {
		return nil, err
	}
	s := &server{
		db: db, opt: o, hosts: hostSet(o.Hosts), cookie: "citd_" + id, look: maxLook, terms: store.Terms{Idle: 12 * time.Hour},
		work: gauge{max: maxWork}, streams: gauge{max: maxStreams}, bodies: gauge{max: maxBodies},
		columns: columnsCache{boot: rand.Text()[:8]},
	}
	if o.TLS {
		s.cookie, s.terms = "__Host-"+s.cookie, store.Terms{Idle: 30 * time.Minute, Max: 12 * time.Hour}
	}
	s.stopping, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.fixed, s.wild = s.router(), s.router()
	s.fixed.NotFound = s.wild
	s.wild.NotFound = http.HandlerFunc(s.notFound)
	for _, t := range s.routes() {
		r := s.fixed
		if strings.ContainsAny(t.path, ":*") {
			r = s.wild
		}
		h := s.adapt(t)
		r.Handle(t.method, t.path, h)
		if t.method == http.MethodGet {
			r.Handle(http.MethodHead, t.path, h)
		}
	}
	return s, nil
}

// routes is the one table of routes.
func (s *server) routes() []route {
	return slices.Concat(s.doorRoutes(), s.apiRoutes(), s.pageRoutes(), s.settingsRoutes())
}

// router returns a router that never redirects: a redirect would turn POST into
// GET, and could be led to another host.
func (s *server) router() *httprouter.Router {
	return &httprouter.Router{
		HandleMethodNotAllowed: true,
		HandleOPTIONS:          true,
		GlobalOPTIONS:          http.HandlerFunc(s.options),
		MethodNotAllowed:       http.HandlerFunc(s.notAllowed),
	}
}

func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	if !isAPI(r) { // who is signed in keeps the bar
		p := w.(*reply)
		if q := (&request{Request: r, id: p.id}); s.login(q, route{}) == nil {
			p.req = q
		}
	}
	s.answer(w, r, store.Errorf(store.NotFound, "there is nothing at this address"))
}

func (s *server) notAllowed(w http.ResponseWriter, r *http.Request) {
	allowOverride(w, r)
	s.answer(w, r, &wireError{http.StatusMethodNotAllowed, "this address does not take " + r.Method})
}

func (s *server) options(w http.ResponseWriter, r *http.Request) {
	allowOverride(w, r)
	w.WriteHeader(http.StatusOK)
}

// allowOverride adds POST to Allow where POST reaches another method by X-HTTP-Method-Override.
func allowOverride(w http.ResponseWriter, r *http.Request) {
	allow := w.Header().Get("Allow")
	if strings.HasPrefix(r.URL.Path, prefix) && strings.Contains(allow, "PUT") && !strings.Contains(allow, "POST") {
		w.Header().Set("Allow", allow+", POST")
	}
}

// adapt makes a route's handler: login, role, limits, then the handler itself.
func (s *server) adapt(t route) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, ps httprouter.Params) {
		p := w.(*reply)
		q := &request{Request: r, id: p.id, params: ps}
		p.req = q
		if err := s.enter(w, q, t); err != nil {
			s.answer(w, r, err)
		}
	}
}
