package main

import (
	"os"
	"strings"
	"testing"
)

// What citd purge says, and what it leaves of a person in the file.
func TestPurgeCommand(t *testing.T) {
	s := newShell(t)
	s.must("long enough a password\n", "init", "--user", "ana", "--password-stdin")
	s.must(`{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"PLANT1","name":"Planted Name"},"date":"2020-01-01","score":1}}`+"\n", "import", "-")
	s.must(`{"resource":"detectionmodelresult","body":{"employee":{"employee_id":"STAYS1"},"date":"2020-01-02","score":1}}`+"\n", "import", "-")

	served := s.start("serve", "--addr", "127.0.0.1:0")
	if r := s.citd("", "purge", "--older-than", "365d"); r.code != 75 || !strings.Contains(r.err, "is served already by citd (pid ") {
		t.Errorf("while it is served = %d %s", r.code, r.err)
	}
	served.stop(os.Interrupt)

	for _, tt := range []struct {
		call string
		code int
		out  string
		err  string
	}{
		{"purge", 64, "", "say either --employee ID or --older-than DAYS"},
		{"purge --employee PLANT1 --older-than 365d", 64, "", "say either"},
		{"purge --employee PLANT1", 64, "", "to remove a person takes a reason"},
		{"purge --older-than soon", 64, "", "is no number of days.\n  Write it like 365d"},
		{"purge --older-than 0d", 64, "", "is no number of days"},
		{"purge --employee NOBODY --reason over", 65, "", `there is no employee "NOBODY"`},
		{"purge --employee PLANT1 --reason plant1-left", 65, "", "it cannot name the person"},
		{"purge --older-than 365d --dry-run", 0, "would remove 0 people, 2 results", ""},
		{"purge --employee PLANT1 --reason over --dry-run", 0, "would remove 1 people, 1 results", ""},
		{"purge --employee PLANT1 --reason over", 0, "removed 1 people, 1 results", "Nightly backups in " + s.path("citd-backups") + " hold it for up to 7 more nights"},
		{"purge --employee PLANT1 --reason over", 65, "", "there is no employee"},
		{"verify", 0, "whole", ""},
		{"purge --older-than 365d", 0, "removed 0 people, 1 results", "Nightly backups"},
		{"verify", 0, "1 employees, 0 evidence, 0 results", ""},
	} {
		r := s.citd("", strings.Fields(tt.call)...)
		if r.code != tt.code || !strings.Contains(r.out, tt.out) || !strings.Contains(r.err, tt.err) {
			t.Errorf("citd %s = %d\n%s%s", tt.call, r.code, r.out, r.err)
		}
	}
	b, err := os.ReadFile(s.path("citd.db"))
	if err != nil || strings.Contains(string(b), "PLANT1") || strings.Contains(string(b), "Planted Name") || !strings.Contains(string(b), "STAYS1") {
		t.Errorf("the file holds the purged, or lost others: %v", err)
	}
	if files := s.files(); files != "citd.db citd.db.lock" {
		t.Errorf("files: %s", files)
	}
}
