package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"citd/store"

	"github.com/spf13/cobra"
)

func newBackup(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the database, also while it is served, and read the copy back", Args: names(1),
		Example: "  citd backup /mnt/safe/citd.db",
		RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, args []string) error {
			began := time.Now()
			c, err := db.Backup(cmd.Context(), args[0])
			if c == nil {
				return stopped(cmd.Context(), err)
			}
			if err != nil { // the copy is good all the same
				say("The time of this backup could not be noted in %s: %v", db.Path(), err)
			}
			return emit(cmd, fmt.Sprintf("%s\nwrote %s  %.1f MB  sha256 %s  in %.1f s", checked(c.Report), c.Path, float64(c.Size)/1e6, c.SHA256, time.Since(began).Seconds()))
		}),
	}
}

func newVerify(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "verify [FILE]", Short: "Read a database or backup through, and say whether it is whole",
		Example: "  citd verify\n  citd verify /mnt/safe/citd.db",
		Args:    cobra.MaximumNArgs(1),
		Long: `Reads everything: SQLite's own check, references, the digests of evidence and results, the chain of the record, and
the alerts against the decisions that they follow from. Note the head of the record elsewhere: whoever changes a row of
it later cannot make that head again.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				*path = args[0]
			}
			db, err := store.Open(cmd.Context(), *path, store.Options{Schema: schema, ReadOnly: true})
			if err != nil {
				return err
			}
			defer db.Close()
			r, err := db.Verify(cmd.Context())
			if err != nil {
				return stopped(cmd.Context(), err)
			}
			if r.Whole() {
				return emit(cmd, checked(r)+": whole")
			}
			for _, f := range r.Faults {
				say("  %s", f)
			}
			return &exit{
				code: 74, msg: fmt.Sprintf("%s is not whole: %d faults", db.Path(), r.AllFaults),
				hint: "Nothing was changed. Go back to a backup with:  citd restore FILE --db " + *path,
			}
		},
	}
}

func newRestore(path *string) *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the database", Args: names(1),
		Example: "  citd restore citd-backups/citd-2026-11-23.db",
		Long: `Checks the backup first, keeps the file that is replaced under another name, and signs everybody out. Passwords and
tokens are those of the backup.`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			lock, err := store.LockToReplace(cmd.Context(), *path)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, lock.Free()) }()
			r, err := store.Restore(cmd.Context(), args[0], *path, store.Options{Schema: schema})
			if err != nil {
				return stopped(cmd.Context(), err)
			}
			if r.Kept != "" {
				say("The file that was there is kept as %s", r.Kept)
			}
			return emit(cmd, fmt.Sprintf("%s\nrestored %s from %s; everybody has to sign in again", checked(r.Report), *path, args[0]))
		},
	}
}

// stopped says so where a command was told to stop.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exit{code: 75, msg: "stopped; nothing was changed"}
	}
	return err
}

// checked says what was read through.
func checked(r *store.Report) string {
	return fmt.Sprintf("checked %d employees, %d evidence, %d results, %d alerts, %d decisions; record of %s",
		r.Rows["employee"], r.Rows["detectionevidence"], r.Rows["detectionmodelresult"], r.Rows["alert"], r.Rows["decision"], r.Audit)
}

// alone runs fn on the file while no server has it, and after, if there is one, once it is closed.
func alone(ctx context.Context, path string, fn func(*store.DB) error, after func() error) (err error) {
	if _, err := os.Lstat(path); err != nil {
		return with(ctx, path, fn) // which says where it might be
	}
	lock, err := store.TakeLock(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Free()) }()
	db, err := store.Open(ctx, path, store.Options{Schema: schema, Own: true})
	if err != nil {
		return err
	}
	if err := errors.Join(fn(db), db.Close()); err != nil || after == nil {
		return err
	}
	return after()
}

// keepSafe makes the nightly backups until ctx ends, and calls stop when the
// file can be trusted no longer.
func keepSafe(ctx context.Context, db *store.DB, stop func()) {
	store.Go("health", func() {
		defer stop()
		watchRoom(ctx, db)
	})
	db.Nightly(ctx, func(c *store.Copy, err error) {
		switch {
		case c == nil:
			slog.Error("no backup was made", "err", err)
		case err != nil:
			slog.Warn("backup", "file", c.Path, "err", err)
		default:
			slog.Info("backup", "file", c.Path, "bytes", c.Size, "sha256", c.SHA256, "record", c.Report.Audit.String())
		}
	})
}

// watchRoom warns when room gets short. It returns when the file can be trusted
// no longer, or ctx ends.
func watchRoom(ctx context.Context, db *store.DB) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for low := false; ; {
		if h, err := db.Health(ctx); err == nil && low != (h.Free >= 0 && h.Free < store.Low || h.WAL > store.Low) {
			if low = !low; low {
				slog.Warn("room is short: when the disk is full, posts are answered 507 until there is room", "free_bytes", h.Free, "wal_bytes", h.WAL)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-db.Broken():
			return
		case <-tick.C:
		}
	}
}

// backupLine says in the banner how backups stand.
func backupLine(ctx context.Context, db *store.DB) string {
	h, err := db.Health(ctx)
	line := "nightly, 7 kept, " + db.BackupFolder()
	if err == nil && h.BackupAt != 0 {
		line += fmt.Sprintf("  (the last one %d h ago)", (db.Now()-h.BackupAt)/time.Hour.Microseconds())
	}
	return line
}
