package handlers

import (
	"cmp"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"citd/store"
	"citd/templates"
)

// change is what one form of the settings asks for. It returns the key of what
// is said of it, or what is shown once instead.
type change func(form func(string) string) (done string, once *templates.Secret, err error)

// apply makes a change and shows the settings again. What a person can put
// right is said in the section of the form.
func (s *server) apply(w http.ResponseWriter, r *request, section string, do change) error {
	done, once, err := do(r.PostForm.Get)
	e := store.AsError(err)
	switch {
	case err == nil && once == nil:
		redirect(w, "/settings?done="+done+"#"+section)
		return nil
	case err == nil:
		return s.showSettings(w, r, http.StatusOK, templates.SettingsData{Section: section, Secret: once})
	case slices.Contains([]store.Kind{store.Invalid, store.NotFound, store.Conflict}, e.Kind):
		return s.showSettings(w, r, status[e.Kind], templates.SettingsData{Section: section, Problem: sentence(e.Msg)})
	}
	return err
}

// ownPassword asks for the password there was, so that a browser left alone is
// not enough to take an account over.
func (s *server) ownPassword(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "me", func(form func(string) string) (string, *templates.Secret, error) {
		has, err := s.db.HasPassword(r.Context(), r.actor.ID)
		if err != nil {
			return "", nil, err
		}
		if has {
			_, err := s.db.Authenticate(r.Context(), r.actor.Name, form("now"))
			if e := store.AsError(err); err != nil && e.Kind == store.Unauthorized {
				return "", nil, store.Errorf(store.Invalid, "the password now is another one")
			} else if err != nil {
				return "", nil, err
			}
		}
		return "password", nil, s.db.SetPassword(r.Context(), r.actor, r.actor.Name, form("password"), r.session)
	})
}

func (s *server) endSession(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "me", func(form func(string) string) (string, *templates.Secret, error) {
		hash, err := hex.DecodeString(form("id"))
		if err != nil || len(hash) == 0 {
			return "", nil, store.Errorf(store.Invalid, "there is no such session")
		}
		return "session", nil, s.db.SignOut(r.Context(), r.actor, hash)
	})
}

const noSuchChange = "say what to change"

func (s *server) setPerson(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "people", func(form func(string) string) (string, *templates.Secret, error) {
		ctx, name, do := r.Context(), form("name"), form("do")
		switch do {
		case "add":
			return s.addPerson(r, name, store.Role(form("role")))
		case "role":
			return do, nil, s.db.SetRole(ctx, r.actor, store.Person, name, store.Role(form("role")))
		case "lock", "unlock":
			return do, nil, s.db.SetLocked(ctx, r.actor, store.Person, name, do == "lock")
		case "reset":
			code, err := s.db.ResetLogin(ctx, r.actor, name)
			return "", s.loginLink(r, name, code), err
		}
		return "", nil, store.Errorf(store.Invalid, noSuchChange)
	})
}

func (s *server) addPerson(r *request, name string, role store.Role) (string, *templates.Secret, error) {
	if !slices.Contains(store.PersonRoles, role) {
		return "", nil, store.Errorf(store.Invalid, "a person is %s", store.JoinRoles(store.PersonRoles))
	}
	_, code, err := s.db.AddAccount(r.Context(), r.actor, store.NewAccount{Kind: store.Person, Name: name, Role: role, Link: true})
	return "", s.loginLink(r, name, code), err
}

// loginLink is the address at which somebody signs in, by the name that the
// admin's own browser uses.
func (s *server) loginLink(r *request, name, code string) *templates.Secret {
	scheme := "http://"
	if s.opt.TLS {
		scheme = "https://"
	}
	return &templates.Secret{
		Says: "For " + name + ", shown once and good once within 10 minutes:", Text: scheme + r.Host + "/login?code=" + code,
	}
}

func (s *server) setToken(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "tokens", func(form func(string) string) (string, *templates.Secret, error) {
		name := form("name")
		switch form("do") {
		case "add":
			return s.addToken(r, name, store.Role(form("role")), form("days"))
		case "revoke":
			return "revoke", nil, s.db.SetLocked(r.Context(), r.actor, store.Token, name, true)
		}
		return "", nil, store.Errorf(store.Invalid, noSuchChange)
	})
}

func (s *server) addToken(r *request, name string, role store.Role, life string) (string, *templates.Secret, error) {
	if !slices.Contains(store.TokenRoles, role) {
		return "", nil, store.Errorf(store.Invalid, "a token is %s", store.JoinRoles(store.TokenRoles))
	}
	n := store.NewAccount{Kind: store.Token, Name: name, Role: role}
	good, err := days(life)
	if err != nil {
		return "", nil, err
	}
	if good != 0 {
		n.ExpiresAt = s.db.Now() + good
	}
	_, token, err := s.db.AddAccount(r.Context(), r.actor, n)
	return "", &templates.Secret{Says: "The token of " + name + ", shown once. It stands where the password would:", Text: token}, err
}

func (s *server) setDisplay(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "privacy", func(form func(string) string) (string, *templates.Secret, error) {
		mode := form("mode")
		if !slices.Contains(store.DisplayModes, mode) {
			return "", nil, store.Errorf(store.Invalid, "choose how people are shown")
		}
		return "display", nil, s.keep(r, store.DisplayMode, mode)
	})
}

func (s *server) setFloor(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "privacy", func(form func(string) string) (string, *templates.Secret, error) {
		floor := strings.TrimSpace(form("floor"))
		if floor != "" {
			v, err := strconv.ParseFloat(floor, 64)
			if err != nil || !(v >= -1e12 && v <= 1e12) {
				return "", nil, store.Errorf(store.Invalid, "the floor is a number, or empty for none")
			}
			floor = number(v)
		}
		return "floor", nil, s.keep(r, store.QueueFloor, floor)
	})
}

func (s *server) setZone(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "privacy", func(form func(string) string) (string, *templates.Secret, error) {
		zone := strings.TrimSpace(form("zone"))
		if _, err := time.LoadLocation(zone); err != nil || zone == "Local" || len(zone) > 64 {
			return "", nil, store.Errorf(store.Invalid, "this computer knows no such zone; name one like Europe/London, or none for UTC")
		}
		return "zone", nil, s.keep(r, store.HourZone, zone)
	})
}

// keep changes a setting, on record, unless it is that already.
func (s *server) keep(r *request, key, value string) error {
	now, err := s.db.Setting(r.Context(), key)
	if err != nil || now == value {
		return err
	}
	return s.db.SetSetting(r.Context(), r.actor, key, value)
}

// setDimensions reads one row of fields for each dimension. What cannot be taken is
// shown again as it was typed.
func (s *server) setDimensions(w http.ResponseWriter, r *request) error {
	was, err := s.dimensions(r)
	if err != nil {
		return err
	}
	form, rows := r.PostForm, []templates.DimensionRow{}
	for i, name := range form["name"] {
		at := func(field string) string {
			if list := form[field]; i < len(list) {
				return strings.TrimSpace(list[i])
			}
			return ""
		}
		row := templates.DimensionRow{Name: name, Title: store.Dimension{Name: name}.Title(), Place: at("place"), Letter: at("letter"), Full: at("full"), Middle: at("middle"), High: at("high")}
		rows = append(rows, row)
	}
	list, err := drawnOf(rows, was)
	if err == nil {
		err = s.db.SetDrawn(r.Context(), r.actor, list)
	}
	if e := store.AsError(err); err != nil && (e.Kind == store.Invalid || e.Kind == store.NotFound) {
		return s.showSettings(w, r, status[e.Kind], templates.SettingsData{Section: "dimensions", Problem: sentence(e.Msg), Dimensions: rows})
	} else if err != nil {
		return err
	}
	redirect(w, "/settings?done=drawn#dimensions")
	return nil
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

func (s *server) setScale(w http.ResponseWriter, r *request) error {
	return s.apply(w, r, "models", func(form func(string) string) (string, *templates.Secret, error) {
		scale, err := strconv.ParseFloat(strings.TrimSpace(form("scale")), 64)
		if err != nil {
			return "", nil, store.Errorf(store.Invalid, "a scale is a number above 0, up to 1e12")
		}
		return "scale", nil, s.db.SetScale(r.Context(), r.actor, form("model"), scale)
	})
}
