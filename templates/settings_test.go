package templates

import "time"

func settingsCases() []struct {
	name string
	data SettingsData
} {
	admin := SettingsData{
		Frame: sampleFrame("Settings", "settings"), Admin: true, HasPassword: true, Min: 8, Section: "tokens",
		Secret:   &Secret{"The token of usb-watch, shown once. It stands where the password would:", "citd_in_TOKEN"},
		Sessions: []SignedIn{{"aa11", before(40 * time.Minute), now, true}, {"bb22", before(26 * time.Hour), before(3 * time.Hour), false}},
		People: []AccountRow{
			{Name: "A. Keane", Role: "admin", State: "Good", Self: true, Used: now},
			{Name: "R. Osei", Role: "analyst", State: "No password", Used: before(42 * time.Minute)},
			{Name: "J. Doe", Role: "viewer", State: "Locked", Locked: true},
		},
		Roles: []string{"admin", "analyst", "viewer"},
		Tokens: []AccountRow{
			{Name: "usb-watch", Role: "ingest", State: "Until 1 Dec 2026", Used: now}, {Name: "old", Role: "script", State: "Revoked", Locked: true},
		},
		TokenRoles: []Choice{{Value: "script", Text: "read and write (script)"}},
		Modes:      []Choice{{Value: "ids", Text: "By id.", Detail: "Names stay hidden.", Picked: true}, {Value: "names", Text: "By name."}},
		Floor:      "0.25",
		Dimensions: []DimensionRow{
			{"email_anomaly", "Email", "1", "E", "1", "0.4", "0.7", ""}, {"file_access_anomaly", "File access", "2", "F", "10", "0.2", "0.5", "12.5"},
		},
		Models: []ModelScale{{Name: "usb-watch 1.0", Scale: "1", Suggest: "50"}, {Name: "mail", Scale: "1"}},
		Backup: []Fact{{"Last", Link{Text: "23 Nov 2026, 02:00"}}},
	}
	viewer := SettingsData{Frame: sampleFrame("Settings", "settings"), Min: 8, Section: "me", Problem: "The password now is another one.", Sessions: admin.Sessions}
	viewer.Role, viewer.ModeAt, viewer.Theme, viewer.Dense = "viewer", "", "dark", true
	evil := admin
	evil.Secret = &Secret{hostile, hostile}
	evil.Problem, evil.Floor = hostile, hostile
	evil.Dimensions = []DimensionRow{{hostile, hostile, hostile, hostile, hostile, hostile, hostile, hostile}}
	evil.People = []AccountRow{{Name: hostile, Role: hostile, State: hostile}}
	evil.Tokens, evil.Models = evil.People, []ModelScale{{Name: hostile, Scale: hostile, Suggest: hostile}}
	return []struct {
		name string
		data SettingsData
	}{{"settings", admin}, {"settings-viewer", viewer}, {"settings-hostile", evil}, {"settings-empty", SettingsData{}}}
}
