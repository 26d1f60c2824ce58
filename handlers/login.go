package handlers

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

// Cookies of looks; they hold nothing about anybody.
const (
	themeCookie = "citd_theme"
	denseCookie = "citd_dense"
)

// doorRoutes are the routes of signing in and out, of health and of static files.
func (s *server) doorRoutes() []route {
	return []route{
		{"GET", "/healthz", public, 0, s.healthz, false},
		{"GET", "/readyz", public, 0, s.readyz, false},
		{"GET", "/static/*file", public, 0, s.static, false},
		{"GET", "/login", public, 0, s.loginPage, false},
		{"POST", "/login", public, oneForm, s.signIn, false},
		{"POST", "/logout", people, oneForm, s.signOut, false},
		{"GET", "/welcome", people, 0, s.welcomePage, false},
		{"POST", "/welcome", people, oneForm, s.welcome, false},
		{"POST", "/appearance", people, oneForm, s.appearance, false},
	}
}

// healthz says that the process lives.
func (s *server) healthz(w http.ResponseWriter, _ *request) error {
	send(w, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
	return nil
}

// readyz says whether a post would be stored now.
func (s *server) readyz(w http.ResponseWriter, r *request) error {
	if s.stopping.Err() != nil {
		return store.Errorf(store.Closed, "the server is stopping")
	}
	if err := s.db.Ready(r.Context()); err != nil {
		return err
	}
	return s.healthz(w, r)
}

func (s *server) static(w http.ResponseWriter, r *request) error {
	body, contentType, ok := templates.Asset(strings.TrimPrefix(r.params.ByName("file"), "/"))
	if !ok {
		return store.Errorf(store.NotFound, "there is no such file")
	}
	if r.URL.Query().Get("v") == templates.Version() {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	send(w, http.StatusOK, contentType, body)
	return nil
}

// page answers with a page, whole or not at all.
func page[T any](w http.ResponseWriter, code int, p *templates.Page[T], data T) error {
	b, err := p.Render(data)
	if err != nil {
		return err
	}
	send(w, code, "text/html; charset=utf-8", b)
	return nil
}

// loginPage shows the form, or the one button that a printed link needs: to
// follow a link changes nothing, so that a preview does not use it up.
func (s *server) loginPage(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	// Another site's link could sign the browser in as somebody else.
	own := slices.Contains([]string{"", "none", "same-origin"}, r.Header.Get("Sec-Fetch-Site"))
	d := templates.LoginData{Code: q.Get("code"), Press: own, Back: ownPath(q.Get("back"))}
	if _, err := s.sessionOf(r.Request, false); err == nil && d.Code == "" {
		redirect(w, d.Back)
		return nil
	}
	return s.showLogin(w, r, http.StatusOK, d)
}

func (s *server) showLogin(w http.ResponseWriter, r *request, code int, d templates.LoginData) error {
	d.Frame = s.frame(r, "Sign in", "")
	d.Path = "/login" // the address may hold a code
	return page(w, code, templates.Login, d)
}

// signIn takes a link's code, or a name and a password.
func (s *server) signIn(w http.ResponseWriter, r *request) error {
	d := templates.LoginData{Code: r.PostForm.Get("code"), Name: r.PostForm.Get("name"), Back: ownPath(r.PostForm.Get("back"))}
	secret, err := s.begin(r, d)
	if e := store.AsError(err); e.Kind == store.Unauthorized {
		d.Problem, d.Code = sentence(e.Msg), ""
		return s.showLogin(w, r, http.StatusUnauthorized, d)
	} else if err != nil {
		return err
	}
	if old, err := s.sessionOf(r.Request, false); err == nil { // this browser was somebody else
		if err := s.db.SignOut(r.Context(), old.Account, old.Hash); err != nil {
			return err
		}
	}
	http.SetCookie(w, s.bake(s.cookie, secret, 0))
	redirect(w, s.after(r.Context(), secret, d))
	return nil
}

// begin starts a session and returns its cookie.
func (s *server) begin(r *request, d templates.LoginData) (string, error) {
	if d.Code != "" {
		again := time.Minute
		if s.opt.Demo {
			again = store.DemoLink
		}
		return s.db.FollowLink(r.Context(), strings.TrimSpace(d.Code), again, s.terms)
	}
	who, err := s.db.Authenticate(r.Context(), d.Name, r.PostForm.Get("password"))
	if err != nil {
		return "", err
	}
	if !people.has(who.Role) {
		return "", store.Errorf(store.Unauthorized, "this login is for scripts; it has no pages")
	}
	return s.db.SignIn(r.Context(), who, s.terms)
}

// after is where a new session begins: where it wanted to go, unless something
// is still to be asked.
func (s *server) after(ctx context.Context, secret string, d templates.LoginData) string {
	if s.opt.Demo {
		return d.Back
	}
	now, err := s.db.Session(ctx, secret, s.terms, false)
	if err != nil {
		return d.Back
	}
	mode, err := s.db.Setting(ctx, store.DisplayMode)
	if err == nil && mode == "" && now.Account.Role == store.Admin {
		return "/welcome"
	}
	if has, err := s.db.HasPassword(ctx, now.Account.ID); err == nil && !has {
		return "/welcome"
	}
	return d.Back
}

// bake makes a cookie that scripts cannot read. It lasts age seconds; 0: as
// long as the browser runs, below: it is cleared.
func (s *server) bake(name, value string, age int) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: age}
	if s.opt.TLS {
		c.Secure, c.SameSite = true, http.SameSiteStrictMode
	}
	return c
}

func (s *server) signOut(w http.ResponseWriter, r *request) error {
	if err := s.db.SignOut(r.Context(), r.actor, r.session.Hash); err != nil {
		return err
	}
	http.SetCookie(w, s.bake(s.cookie, "", -1))
	redirect(w, "/login")
	return nil
}

// welcomePage asks what a new file or a new person leaves open: how people are
// shown (an admin's choice), and a password.
func (s *server) welcomePage(w http.ResponseWriter, r *request) error {
	mode, err := s.db.Setting(r.Context(), store.DisplayMode)
	if err != nil {
		return err
	}
	return s.showWelcome(w, r, http.StatusOK, mode, "")
}

func (s *server) showWelcome(w http.ResponseWriter, r *request, code int, mode, problem string) error {
	has, err := s.db.HasPassword(r.Context(), r.actor.ID)
	if err != nil {
		return err
	}
	return page(w, code, templates.Welcome, templates.WelcomeData{
		Frame: s.frame(r, "Welcome", ""), AskMode: r.actor.Role == store.Admin, AskPassword: !s.opt.Demo && !has,
		Min: store.MinPassword, Choice: mode, Problem: problem,
	})
}

func (s *server) welcome(w http.ResponseWriter, r *request) error {
	mode, password := r.PostForm.Get("mode"), r.PostForm.Get("password")
	if mode != "" && r.actor.Role != store.Admin {
		return store.Errorf(store.Forbidden, "%s", admins.lacks(r.actor.Role))
	}
	if mode != "" && !slices.Contains(store.DisplayModes, mode) {
		return store.Errorf(store.Invalid, "there is no display mode %q", mode)
	}
	if password != "" && !s.opt.Demo {
		has, err := s.db.HasPassword(r.Context(), r.actor.ID)
		if err != nil {
			return err
		} else if has {
			return store.Errorf(store.Conflict, "there is a password already; Settings change it, and ask for the one that there is")
		}
		err = s.db.SetPassword(r.Context(), r.actor, r.actor.Name, password, r.session)
		if e := store.AsError(err); e.Kind == store.Invalid {
			return s.showWelcome(w, r, http.StatusBadRequest, mode, sentence(e.Msg))
		} else if err != nil {
			return err
		}
	}
	if mode != "" {
		if err := s.keep(r, store.DisplayMode, mode); err != nil {
			return err
		}
	}
	redirect(w, "/")
	return nil
}

// appearance keeps looks in cookies, since they are the browser's and not the person's.
func (s *server) appearance(w http.ResponseWriter, r *request) error {
	const year = 365 * 24 * 3600
	if theme := r.PostForm.Get("theme"); theme == "light" || theme == "dark" || theme == "auto" {
		http.SetCookie(w, s.bake(themeCookie, theme, year))
	}
	if dense := r.PostForm.Get("dense"); dense == "0" || dense == "1" {
		http.SetCookie(w, s.bake(denseCookie, dense, year))
	}
	if wantsJSON(r.Request) {
		return sendJSON(w, struct{}{})
	}
	redirect(w, ownPath(r.PostForm.Get("back")))
	return nil
}

func badForm(err error) error {
	if code, e := judge(err); code == http.StatusRequestEntityTooLarge {
		return e
	}
	return store.Errorf(store.Invalid, "the form cannot be read")
}

// ownPath returns to if it is a path of this server, else "/": a link to the
// sign-in page must not lead on to another host.
func ownPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(to, "\\\r\n\t") || strings.HasPrefix(u.Path, "/log") {
		return "/"
	}
	if u.Fragment != "" {
		return u.RequestURI() + "#" + u.EscapedFragment()
	}
	return u.RequestURI()
}
