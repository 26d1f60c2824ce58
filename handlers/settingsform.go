package handlers

import (
	"cmp"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

// change is what one form of the settings asks for. It may return what is shown once.
type change func(r *request) (once *templates.Secret, err error)

// apply makes a change and shows the settings again. What a person can put
// right is said in the section of the form.
func (s *server) apply(section string, do change) handle {
	return func(w http.ResponseWriter, r *request) error {
		once, err := do(r)
		e := store.AsError(err)
		switch {
		case err == nil && once == nil:
			redirect(w, "/settings?done="+cmp.Or(r.PostForm.Get("do"), path.Base(r.URL.Path))+"#"+section)
			return nil
		case err == nil:
			return s.showSettings(w, r, http.StatusOK, templates.SettingsData{Section: section, Secret: once})
		case slices.Contains([]store.Kind{store.Invalid, store.NotFound, store.Conflict}, e.Kind):
			return s.showSettings(w, r, status[e.Kind], templates.SettingsData{Section: section, Problem: sentence(e.Msg)})
		}
		return err
	}
}

// ownPassword asks for the password there was, so that a browser left alone is
// not enough to take an account over.
func (s *server) ownPassword(r *request) (*templates.Secret, error) {
	has, err := s.db.HasPassword(r.Context(), r.actor.ID)
	if err != nil {
		return nil, err
	}
	if has {
		_, err := s.db.Authenticate(r.Context(), r.actor.Name, r.PostForm.Get("now"))
		if e := store.AsError(err); err != nil && e.Kind == store.Unauthorized {
			return nil, store.Errorf(store.Invalid, "the password now is another one")
		} else if err != nil {
			return nil, err
		}
	}
	return nil, s.db.SetPassword(r.Context(), r.actor, r.actor.Name, r.PostForm.Get("password"), r.session)
}

func (s *server) endSession(r *request) (*templates.Secret, error) {
	hash, err := hex.DecodeString(r.PostForm.Get("id"))
	if err != nil || len(hash) == 0 {
		return nil, store.Errorf(store.Invalid, "there is no such session")
	}
	return nil, s.db.SignOut(r.Context(), r.actor, hash)
}

const noSuchChange = "say what to change"

func (s *server) setPerson(r *request) (*templates.Secret, error) {
	ctx, name, role, do := r.Context(), r.PostForm.Get("name"), store.Role(r.PostForm.Get("role")), r.PostForm.Get("do")
	switch do {
	case "add":
		if err := store.CheckRole(store.Person, role); err != nil {
			return nil, err
		}
		_, code, err := s.db.AddAccount(ctx, r.actor, store.NewAccount{Kind: store.Person, Name: name, Role: role, Link: true})
		return s.loginLink(r, name, code), err
	case "role":
		return nil, s.db.SetRole(ctx, r.actor, store.Person, name, role)
	case "lock", "unlock":
		return nil, s.db.SetLocked(ctx, r.actor, store.Person, name, do == "lock")
	case "reset":
		code, err := s.db.ResetLogin(ctx, r.actor, name)
		return s.loginLink(r, name, code), err
	}
	return nil, store.Errorf(store.Invalid, noSuchChange)
}

// loginLink is the address at which somebody signs in, by the name that the
// admin's own browser uses.
func (s *server) loginLink(r *request, name, code string) *templates.Secret {
	return &templates.Secret{
		Says: "For " + name + ", shown once and good once within 10 minutes:", Text: s.origin(r) + "/login?code=" + code,
	}
}

// origin is how r's browser calls this server.
func (s *server) origin(r *request) string {
	if s.opt.TLS {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *server) setToken(r *request) (*templates.Secret, error) {
	name, role := r.PostForm.Get("name"), store.Role(r.PostForm.Get("role"))
	switch r.PostForm.Get("do") {
	case "add":
		good, err := days(r.PostForm.Get("days"))
		if err := cmp.Or(err, store.CheckRole(store.Token, role)); err != nil {
			return nil, err
		}
		n := store.NewAccount{Kind: store.Token, Name: name, Role: role}
		if good != 0 {
			n.ExpiresAt = s.db.Now() + good
		}
		_, token, err := s.db.AddAccount(r.Context(), r.actor, n)
		return &templates.Secret{Says: "The token of " + name + ", shown once. It stands where the password would:", Text: token}, err
	case "revoke":
		return nil, s.db.SetLocked(r.Context(), r.actor, store.Token, name, true)
	}
	return nil, store.Errorf(store.Invalid, noSuchChange)
}

func (s *server) setDisplay(r *request) (*templates.Secret, error) {
	mode := r.PostForm.Get("mode")
	if !slices.Contains(store.DisplayModes, mode) {
		return nil, store.Errorf(store.Invalid, "choose how people are shown")
	}
	return nil, s.keep(r, store.DisplayMode, mode)
}

func (s *server) setFloor(r *request) (*templates.Secret, error) {
	floor := strings.TrimSpace(r.PostForm.Get("floor"))
	if floor != "" {
		v, err := strconv.ParseFloat(floor, 64)
		if err != nil || !(v >= -1e12 && v <= 1e12) {
			return nil, store.Errorf(store.Invalid, "the floor is a number, or empty for none")
		}
		floor = number(v)
	}
	return nil, s.keep(r, store.QueueFloor, floor)
}

func (s *server) setZone(r *request) (*templates.Secret, error) {
	zone := strings.TrimSpace(r.PostForm.Get("zone"))
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" || len(zone) > 64 {
		return nil, store.Errorf(store.Invalid, "this computer knows no such zone; name one like Europe/London, or none for UTC")
	}
	return nil, s.keep(r, store.HourZone, zone)
}

// keep changes a setting, on record, unless it is that already.
func (s *server) keep(r *request, key, value string) error {
	now, err := s.db.Setting(r.Context(), key)
	if err != nil || now == value {
		return err
	}
	return s.db.SetSetting(r.Context(), r.actor, key, value)
}

func (s *server) setDimensions(r *request) (*templates.Secret, error) {
	was, err := s.dimensions(r)
	if err != nil {
		return nil, err
	}
	list, err := drawnOf(typedDimensions(r.PostForm), was)
	if err != nil {
		return nil, err
	}
	return nil, s.db.SetDrawn(r.Context(), r.actor, list)
}

// typedDimensions reads one row of fields for each dimension.
func typedDimensions(form url.Values) (rows []templates.DimensionRow) {
	for i, name := range form["name"] {
		at := func(field string) string {
			if list := form[field]; i < len(list) {
				return strings.TrimSpace(list[i])
			}
			return ""
		}
		rows = append(rows, templates.DimensionRow{
			Name: name, Title: store.Dimension{Name: name}.Title(), Place: at("place"), Letter: at("letter"), Full: at("full"), Middle: at("middle"), High: at("high"),
		})
	}
	return rows
}

// drawnOf reads the rows of the form, and puts them in the order of their places. Who
// moves to a place goes before who was there, if it moves up, and behind it, if down.
func drawnOf(rows, was []templates.DimensionRow) ([]store.Dimension, error) {
	type placed struct {
		store.Dimension
		place, moved int
	}
	list := make([]placed, len(rows))
	for i, row := range rows {
		d := placed{Dimension: store.Dimension{Name: row.Name, Letter: row.Letter}}
		var err error
		if d.place, err = strconv.Atoi(row.Place); err != nil || d.place < 1 {
			return nil, store.Errorf(store.Invalid, "%s: the place is a number from 1", row.Title)
		}
		for _, f := range []struct {
			text string
			v    *float64
		}{{row.Full, &d.Full}, {row.Middle, &d.Middle}, {row.High, &d.High}} {
			if *f.v, err = strconv.ParseFloat(f.text, 64); err != nil {
				return nil, store.Errorf(store.Invalid, "%s: %q is no number", row.Title, f.text)
			}
		}
		before := 1 + slices.IndexFunc(was, func(x templates.DimensionRow) bool { return x.Name == row.Name })
		d.moved = cmp.Compare(d.place, before)
		list[i] = d
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(a.moved, b.moved)) })
	out := make([]store.Dimension, len(list))
	for i, d := range list {
		out[i] = d.Dimension
	}
	return out, nil
}

func (s *server) setScale(r *request) (*templates.Secret, error) {
	scale, err := strconv.ParseFloat(strings.TrimSpace(r.PostForm.Get("scale")), 64)
	if err != nil {
		return nil, store.Errorf(store.Invalid, "a scale is a number above 0, up to 1e12")
	}
	return nil, s.db.SetScale(r.Context(), r.actor, r.PostForm.Get("model"), scale)
}
