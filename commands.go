package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"citd/store"

	"github.com/spf13/cobra"
)

func newInit(path *string) *cobra.Command {
	var name string
	var stdin bool
	cmd := &cobra.Command{
		Use: "init", Short: "Make the file and its first admin without a browser", Args: names(0),
		Example: "  citd init --user ana\n  pass show citd | citd init --user ana --password-stdin",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			full, err := filepath.Abs(*path)
			if err != nil {
				return err
			}
			if used(cmd.Context(), full) {
				return &exit{code: 73, msg: full + " exists already", hint: "Add people with:  citd user add NAME"}
			}
			if err := store.CheckName(name); err != nil {
				return err
			}
			password, err := readPassword(cmd.InOrStdin(), stdin, "Password of "+name)
			if err != nil {
				return err
			}
			db, err := store.Open(cmd.Context(), full, store.Options{Schema: schema, Create: true})
			if err != nil {
				return cannotCreate(err)
			}
			defer func() { err = errors.Join(err, db.Close()) }()
			say("made %s, readable by you only", full)
			return addPerson(cmd.Context(), db, name, store.Admin, password)
		},
	}
	cmd.Flags().StringVar(&name, "user", userName(), "`NAME` of the first admin")
	stdinFlag(cmd, &stdin)
	return cmd
}

// used reports whether there is a file with people in it. One without is what
// an init left that was ended before it was done.
func used(ctx context.Context, path string) bool {
	if _, err := os.Lstat(path); err != nil {
		return false
	}
	some := true
	_ = with(ctx, path, func(db *store.DB) error {
		all, err := db.Accounts(ctx, store.Person)
		some = err != nil || len(all) > 0
		return err
	})
	return some
}

func stdinFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "password-stdin", false, "read the password from the first line of standard input")
}

func newLoginLink(path *string) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use: "login-link", Short: "Print a link to sign in by, good once within 10 minutes", Args: names(0),
		Example: "  citd login-link\n  citd login-link --user ana",
		RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, _ []string) error {
			if name == "" {
				all, err := db.Accounts(cmd.Context(), store.Person)
				if err != nil {
					return err
				}
				first := slices.IndexFunc(all, func(a store.Account) bool { return a.LockedAt == 0 && a.Role == store.Admin })
				if first < 0 {
					return &exit{code: 65, msg: "there is no admin yet", hint: "Add one:  citd user add NAME --role admin"}
				}
				name = all[first].Name
			}
			code, err := db.AddLink(cmd.Context(), name, store.LinkLife)
			if err != nil {
				return err
			}
			at := store.ServedBy(db.Path()).Addr
			if at == "" {
				at = "http://" + env("CITD_ADDR", defaultAddr)
				say("citd is not running on %s: start it within 10 minutes.", db.Path())
			}
			say("For %s, good once within 10 minutes:", name)
			return emit(cmd, at+"/login?code="+code)
		}),
	}
	cmd.Flags().StringVar(&name, "user", "", "`NAME` of whom to sign in (default: the first admin)")
	return cmd
}

func newVersion() *cobra.Command {
	var deps bool
	cmd := &cobra.Command{Use: "version", Short: "Say what this is, and what it is made of", Args: names(0), RunE: func(cmd *cobra.Command, _ []string) error {
		var text strings.Builder
		text.WriteString("citd " + version())
		if info, ok := debug.ReadBuildInfo(); ok {
			text.WriteString(" " + info.GoVersion)
			if deps {
				for _, m := range info.Deps {
					text.WriteString("\n" + m.Path + " " + m.Version)
				}
			}
		}
		return emit(cmd, text.String())
	}}
	cmd.Flags().BoolVar(&deps, "deps", false, "list the modules in it")
	return cmd
}

// version is the module's, or says that this was built from a folder.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}

// emit writes data to stdout. What does not arrive there is an error.
func emit(cmd *cobra.Command, line string) error {
	_, err := fmt.Fprintln(cmd.OutOrStdout(), line)
	return lost(err)
}

func lost(err error) error {
	if err != nil {
		return &exit{code: 74, msg: "standard output cannot be written", err: err}
	}
	return nil
}
