package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"citd/store"

	"github.com/spf13/cobra"
)

func newPurge(path *string) *cobra.Command {
	var p store.Purge
	var age string
	cmd := &cobra.Command{
		Use: "purge", Short: "Remove a person, or what is old, for good", Args: names(0),
		Example: "  citd purge --employee HA001 --reason \"left, retention is over\"\n  citd purge --older-than 365d --dry-run",
		Long: `Removes a person with results, events, evidence and addresses that are nobody else's, reveals, notes about them, and saved views
and mentions in other notes that name them by id, name or pseudonym; or results, events, evidence and reveals dated before. Decisions and the record of activity stay, with internal ids. The file is
written anew, so that no bytes are left in it, and needs as much memory as it is large. Stop citd serve first.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			days, err := ageInDays(age)
			switch {
			case err != nil:
				return err
			case (p.Person == "") == (days == 0):
				return wrong("See:  citd purge --help", "say either --employee ID or --older-than DAYS")
			case p.Person != "" && strings.TrimSpace(p.Reason) == "":
				return wrong("Add:  --reason TEXT   (it stays on record; name nobody in it)", "to remove a person takes a reason")
			}
			return purge(cmd, *path, p, days)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.Person, "employee", "", "`ID` of the person, as models post it")
	f.StringVar(&p.Reason, "reason", "", "`TEXT` to keep on record")
	f.StringVar(&age, "older-than", "", "`AGE` in days, as in 365d")
	f.BoolVar(&p.DryRun, "dry-run", false, "only count what would go")
	return cmd
}

func ageInDays(age string) (int, error) {
	if age == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(age, "d"))
	if err != nil || n < 1 || n > 36500 || !strings.HasSuffix(age, "d") {
		return 0, wrong("Write it like 365d", "--older-than %s is no number of days", age)
	}
	return n, nil
}

func purge(cmd *cobra.Command, path string, p store.Purge, days int) error {
	var done store.Purged
	var backups, full string
	scrub := func() error { return store.Scrub(cmd.Context(), full) }
	if p.DryRun {
		scrub = nil
	}
	err := alone(cmd.Context(), path, func(db *store.DB) (err error) {
		if days > 0 {
			p.Before = db.Now() - int64(days)*(24*time.Hour).Microseconds()
		}
		backups, full = db.BackupFolder(), db.Path()
		done, err = db.Purge(cmd.Context(), store.Actor{}, p)
		return err
	}, scrub)
	if err != nil {
		return err
	}
	if p.DryRun {
		return emit(cmd, "would remove "+done.String())
	}
	say("Nightly backups in %s hold it for up to 7 more nights, and copies that you made yourself until you remove them.", backups)
	if kept, err := filepath.Glob(full + ".before-restore-*"); err == nil && len(kept) > 0 {
		say("So does what restores kept; remove it yourself: %s", strings.Join(kept, ", "))
	}
	return emit(cmd, "removed "+done.String())
}
