package templates

import "time"

// SettingsData is what the settings page shows. What only admins may change is
// absent for others.
type SettingsData struct {
	Frame
	Admin       bool
	Section     string // where Problem and Secret belong: "me", "people", "tokens", "privacy", "dimensions", "models"
	Problem     string // why a change was refused
	Secret      *Secret
	HasPassword bool
	NoPassword  bool // the demo: passwords are not asked for
	Min         int  // characters that a password needs
	Sessions    []SignedIn
	People      []AccountRow
	Roles       []string // of people
	Tokens      []AccountRow
	TokenRoles  []Choice
	Modes       []Choice
	Zone        string // in which hours are read; empty: UTC
	Floor       string // least score that stays in the queue; empty: none
	Dimensions  []DimensionRow
	Models      []ModelScale
	Backup      []Fact
}

// Secret is shown once.
type Secret struct {
	Says string // what it is good for
	Text string
}

// Choice is one of several values of a field.
type Choice struct {
	Value, Text, Detail string
	Picked              bool
}

// SignedIn is a browser that is signed in.
type SignedIn struct {
	ID          string
	Since, Seen time.Time
	Here        bool // the one that asks
}

// AccountRow is a person or a token in a list. Zero times: never.
type AccountRow struct {
	Name, Role string
	State      string // "Good", "Locked", "Until 1 Dec 2026"
	Locked     bool
	Self       bool // who asks
	Used       time.Time
}

// ModelScale is a model and what its full score is.
type ModelScale struct {
	Name    string
	Scale   string
	Suggest string // a scale that holds all its scores; empty: it holds them
}

// DimensionRow is how a dimension is drawn, as its fields hold it.
type DimensionRow struct {
	Name, Title                       string // "email_anomaly", "Email"
	Place, Letter, Full, Middle, High string
	Suggest                           string // a full value that holds all values; empty: it holds them
}

// saidData is what a section says of the last change.
type saidData struct {
	Problem string
	Secret  *Secret
}

func said(d SettingsData, section string) saidData {
	if d.Section != section {
		return saidData{}
	}
	return saidData{d.Problem, d.Secret}
}
