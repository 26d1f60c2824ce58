package handlers

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"citd/store"
	"citd/templates"
)

// settingsRoutes are the page of settings and the changes that it offers.
func (s *server) settingsRoutes() []route {
	return []route{
		{"GET", "/settings", people, 0, s.settingsPage, false},
		{"POST", "/settings/password", people, oneForm, s.apply("me", s.ownPassword), false},
		{"POST", "/settings/session", people, oneForm, s.apply("me", s.endSession), false},
		{"POST", "/settings/people", admins, oneForm, s.apply("people", s.setPerson), false},
		{"POST", "/settings/tokens", admins, oneForm, s.apply("tokens", s.setToken), false},
		{"POST", "/settings/display", admins, oneForm, s.apply("privacy", s.setDisplay), false},
		{"POST", "/settings/floor", admins, oneForm, s.apply("privacy", s.setFloor), false},
		{"POST", "/settings/zone", admins, oneForm, s.apply("privacy", s.setZone), false},
		{"POST", "/settings/dimensions", admins, oneForm, s.apply("dimensions", s.setDimensions), false},
		{"POST", "/settings/scale", admins, oneForm, s.apply("models", s.setScale), false},
	}
}

// told are the sentences that the page says after a change, by the button or else the form.
var told = map[string]string{
	"password":   "The password is changed.",
	"session":    "That browser is signed out.",
	"role":       "The role is changed.",
	"lock":       "Locked and signed out.",
	"unlock":     "Unlocked.",
	"revoke":     "The token is refused from now on.",
	"display":    "People are shown that way from now on.",
	"floor":      "The queue's floor is changed.",
	"zone":       "Hours are read in that zone from now on.",
	"dimensions": "Dimensions are drawn that way from now on.",
	"scale":      "The model's alerts are ranked anew.",
}

func (s *server) settingsPage(w http.ResponseWriter, r *request) error {
	d := templates.SettingsData{}
	d.Notice = told[r.URL.Query().Get("done")]
	return s.showSettings(w, r, http.StatusOK, d)
}

// showSettings fills in what the page shows besides what d says already.
func (s *server) showSettings(w http.ResponseWriter, r *request, code int, d templates.SettingsData) (err error) {
	notice := d.Notice
	d.Frame = s.frame(r, "Settings", "settings")
	d.Path, d.Notice = "/settings", notice
	d.NoPassword, d.Min, d.Admin = s.opt.Demo, store.MinPassword, r.actor.Role == store.Admin
	if d.HasPassword, err = s.db.HasPassword(r.Context(), r.actor.ID); err != nil {
		return err
	}
	sessions, err := s.db.Sessions(r.Context(), r.actor)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		d.Sessions = append(d.Sessions, templates.SignedIn{
			ID: hex.EncodeToString(x.Hash), Since: local(x.Created), Seen: local(x.Seen), Here: bytes.Equal(x.Hash, r.session.Hash),
		})
	}
	if d.Admin {
		if err := s.adminSettings(r, &d); err != nil {
			return err
		}
	}
	return page(w, code, templates.Settings, d)
}

func (s *server) adminSettings(r *request, d *templates.SettingsData) (err error) {
	if d.People, err = s.accounts(r, store.Person); err != nil {
		return err
	}
	if d.Tokens, err = s.accounts(r, store.Token); err != nil {
		return err
	}
	for _, role := range store.PersonRoles {
		d.Roles = append(d.Roles, string(role))
	}
	d.TokenRoles = []templates.Choice{
		{Value: string(store.Script), Text: "read and write (script)"},
		{Value: string(store.Ingest), Text: "post only (ingest)"},
	}
	d.Modes = []templates.Choice{
		{Value: store.DisplayModes[0], Text: "By id.", Detail: "Names stay hidden; one key shows one, for a reason, on record."},
		{Value: modePseudonyms, Text: "By pseudonym.", Detail: "As hidden, and easier to remember."},
		{Value: modeNames, Text: "By name.", Detail: "Every page names people."},
	}
	for i := range d.Modes {
		d.Modes[i].Picked = d.Modes[i].Value == d.Mode
	}
	if d.Floor, err = s.db.Setting(r.Context(), store.QueueFloor); err != nil {
		return err
	}
	if d.Zone, err = s.db.Setting(r.Context(), store.HourZone); err != nil {
		return err
	}
	if d.Dimensions, err = s.dimensions(r); err != nil {
		return err
	}
	if d.Section == "dimensions" { // what could not be taken is shown as it was typed
		d.Dimensions = typedDimensions(r.PostForm)
	}
	if d.Models, err = s.scales(r); err != nil {
		return err
	}
	d.Backup, err = s.backupFacts(r)
	return err
}

func (s *server) accounts(r *request, kind store.AccountKind) (rows []templates.AccountRow, err error) {
	list, err := s.db.Accounts(r.Context(), kind)
	for _, a := range list {
		rows = append(rows, templates.AccountRow{
			Name: a.Name, Role: string(a.Role), State: accountState(a, s.db.Now()), Locked: a.LockedAt != 0, Self: a.ID == r.actor.ID,
			Used: orZero(a.UsedAt),
		})
	}
	return rows, err
}

func accountState(a store.Account, now int64) string {
	state := capital(a.State(now))
	if state == "Expired" || state == "Until" {
		state += local(a.ExpiresAt).Format(" 2 Jan 2006")
	}
	return state
}

// scales lists the models with the full score that each has, and one that holds
// all its scores of 60 days if that one does not.
func (s *server) scales(r *request) (rows []templates.ModelScale, err error) {
	list, err := s.db.ModelStats(r.Context(), s.db.Now())
	for _, m := range list {
		row := templates.ModelScale{Name: m.Name, Scale: number(m.Scale)}
		if m.High > m.Scale {
			row.Suggest = number(m.High)
		}
		rows = append(rows, row)
	}
	return rows, err
}

// dimensions lists how dimensions are drawn, and a full value that holds all that was
// posted in 60 days, over the scale of its model, if the one set does not.
func (s *server) dimensions(r *request) (rows []templates.DimensionRow, err error) {
	drawn, err := s.db.Drawn(r.Context())
	if err != nil {
		return nil, err
	}
	highest, err := s.db.HighestValues(r.Context(), s.db.Now())
	for i, d := range drawn {
		row := templates.DimensionRow{
			Name: d.Name, Title: d.Title(), Place: strconv.Itoa(i + 1), Letter: d.Letter,
			Full: number(d.Full), Middle: number(d.Middle), High: number(d.High),
		}
		if v := highest[d.Name]; v > d.Full {
			row.Suggest = strconv.FormatFloat(v, 'g', 4, 64)
		}
		rows = append(rows, row)
	}
	return rows, err
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (s *server) backupFacts(r *request) ([]templates.Fact, error) {
	at, path, err := s.db.LastBackup(r.Context())
	last := "none yet"
	if at != 0 {
		last = local(at).Format("2 Jan 2006, 15:04") + " to " + path
	}
	nightly := s.db.BackupFolder() + ", 7 kept"
	if s.opt.Demo {
		nightly = "none in a demo"
	}
	return []templates.Fact{fact("Last", last), fact("Nightly", nightly)}, err
}

// days is how long a token is good, in microseconds; 0: without an end.
func days(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 36500 {
		return 0, store.Errorf(store.Invalid, "the days are a number from 1 to 36500, or empty for no end")
	}
	return int64(n) * (24 * time.Hour).Microseconds(), nil
}
