package handlers

import (
	"cmp"
	"time"

	"citd/store"
	"citd/templates"
)

// frame is what a page shows around its matter. here is the lit entry of the navigation.
func (s *server) frame(r *request, title, here string) templates.Frame {
	f := templates.Frame{
		Title: title, Here: here, Host: r.Host, Path: r.URL.RequestURI(), Now: time.UnixMicro(s.db.Now()),
		Theme: cookie(r, themeCookie), Dense: cookie(r, denseCookie) == "1", Demo: s.opt.Demo,
	}
	if r.session == nil {
		return f
	}
	f.User, f.Role, f.Nav = r.actor.Name, string(r.actor.Role), nav
	f.Mode = s.mode(r)
	if counts, err := s.db.Counts(r.Context()); err == nil { // a page without the number is better than none
		f.Waiting = counts.Open
	}
	if r.actor.Role == store.Admin {
		f.ModeAt = "/settings#privacy"
	}
	return f
}

// mode says how people are shown, the same throughout a request. While nobody
// chose, it is the most private way.
func (s *server) mode(r *request) string {
	if r.shownAs == "" {
		mode, _ := s.db.Setting(r.Context(), store.DisplayMode)
		r.shownAs = cmp.Or(mode, store.DisplayModes[0])
	}
	return r.shownAs
}

// nav is where the pages of the navigation are.
var nav = templates.Nav{
	Queue: "/", Heatmap: "/heatmap", Explore: "/explore", People: "/people", Models: "/models", Activity: "/activity", Settings: "/settings",
}

func cookie(r *request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
