package handlers

import (
	"context"
	"net/http"
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
	f.User, f.Role, f.Nav = r.actor.Name, string(r.actor.Role), s.nav
	f.Mode = s.mode(r.Context())
	if r.actor.Role == store.Admin {
		f.ModeAt = "/settings#privacy"
	}
	return f
}

// mode says how people are shown. While nobody chose, it is the most private way.
func (s *server) mode(ctx context.Context) string {
	mode, err := s.db.Setting(ctx, store.DisplayMode)
	if err != nil || mode == "" {
		return store.DisplayModes[0]
	}
	return mode
}

// pagesThere is the navigation: the pages that have a route.
func (s *server) pagesThere() templates.Nav {
	at := func(path string) string {
		if h, _, _ := s.fixed.Lookup(http.MethodGet, path); h == nil {
			return ""
		}
		return path
	}
	return templates.Nav{
		Queue: at("/"), Heatmap: at("/heatmap"), Explore: at("/explore"), People: at("/people"),
		Models: at("/models"), Activity: at("/activity"), Settings: at("/settings"),
	}
}

func cookie(r *request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
