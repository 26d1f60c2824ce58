// Command citd shows analysts what insider-threat models found, and takes their decisions.
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"citd/store"

	"github.com/spf13/cobra"
)

//go:embed schema.sql
var schema string

//go:embed testdata/demo.ndjson.gz
var fixture []byte // packed: it would be a twentieth of the program

func main() {
	os.Exit(report(os.Stderr, newRoot().ExecuteContext(untilSignal())))
}

// untilSignal ends with the first signal that asks to stop. By then signals are
// no longer caught, so that the second ends the program at once.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	store.Go("signals", func() {
		<-asked
		signal.Stop(asked)
		cancel()
	})
	return ctx
}

// exitCode tells each kind of error as sysexits.h does; README lists them.
var exitCode = map[store.Kind]int{
	store.Internal: 70,
	store.Invalid:  65, store.NotFound: 65, store.Conflict: 65, store.NotOurs: 65, store.TooLarge: 65, store.Unprocessable: 65,
	store.NoFile: 66,
	store.Full:   74, store.Damaged: 74,
	store.Closed: 75, store.Locked: 75, store.Busy: 75,
	store.Denied: 77, store.Unauthorized: 77, store.Forbidden: 77,
	store.Newer: 78,
}

// exit is an error with an exit code of its own.
type exit struct {
	code      int
	msg, hint string
	err       error // the cause, said in brackets
}

func (e *exit) Error() string { return e.msg }
func (e *exit) Unwrap() error { return e.err }

// wrong is a wrong call; hint says how to call.
func wrong(hint, format string, args ...any) error {
	return &exit{code: 64, msg: fmt.Sprintf(format, args...), hint: hint}
}

// report says what is wrong and what to do next, and returns the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	x, ok := errors.AsType[*exit](err)
	if !ok {
		e := store.AsError(err)
		x = &exit{exitCode[e.Kind], e.Msg, e.Hint, e.Err}
		if e.Kind == store.Internal && e.Err != nil {
			x.msg, x.err = e.Err.Error(), nil // there is no log to look into
		}
	}
	if x.err != nil {
		x.msg += " (" + x.err.Error() + ")"
	}
	end := "."
	if strings.HasSuffix(x.msg, ".") || strings.HasSuffix(x.msg, "?") {
		end = ""
	}
	fmt.Fprintf(w, "citd: %s%s\n", store.Visible(x.msg), end)
	for line := range strings.Lines(store.Visible(x.hint)) {
		fmt.Fprintf(w, "  %s", line)
	}
	if x.hint != "" {
		fmt.Fprintln(w)
	}
	return x.code
}

const help = `{{if .HasParent}}{{or .Long (print .Short ".")}}

{{with .Example}}{{.}}

{{end}}  {{.UseLine}}
{{if .HasAvailableSubCommands}}
{{range .Commands}}{{if .IsAvailableCommand}}  {{rpad .Name 12}} {{.Short}}
{{end}}{{end}}{{end}}{{if .HasAvailableFlags}}
{{.Flags.FlagUsages}}{{end}}{{else}}citd shows analysts what insider-threat models found, and takes their decisions.

  citd demo                         try it with invented people
  citd serve                        run it on ./citd.db
  citd import results.ndjson        load results from a file

Run        serve  demo  init  login-link
People     user add|list|role|passwd|lock|unlock      token add|list|revoke|test
Data       import  export  feedback export
Safety     backup  restore  verify  purge
Other      version  completion  help

  --db FILE   database (default ./citd.db, or $CITD_DB)
  -h, --help  of citd, or of a command

Exit codes: 0 done, 64 wrong call, 65 wrong data, 66 no such file, 69 busy or not running,
73 cannot create, 74 disk, 75 try later, 77 rights, 78 other version
{{end}}`

func newRoot() *cobra.Command {
	root := &cobra.Command{Use: "citd", Short: "Insider-threat dashboard", SilenceUsage: true, SilenceErrors: true, Args: cobra.ArbitraryArgs}
	root.SetHelpTemplate(help)
	group(root)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return wrong("See:  "+cmd.CommandPath()+" --help", "%s", err)
	})
	path := root.PersistentFlags().String("db", env("CITD_DB", "citd.db"), "database `FILE` (or $CITD_DB)")
	root.AddCommand(newServe(path), newDemo(), newInit(path), newLoginLink(path), newUser(path), newToken(path),
		newImport(path), newExport(path), newFeedback(path), newBackup(path), newRestore(path), newVerify(path), newPurge(path), newVersion())
	return root
}

// group lets cmd hold subcommands: called without one, it names them.
func group(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		see := "See:  " + cmd.CommandPath() + " --help"
		switch {
		case len(args) == 0 && !cmd.HasParent():
			return cmd.Help()
		case len(args) == 0:
			return wrong(see, "say what to do with %s", cmd.Name())
		}
		msg := fmt.Sprintf("unknown command %q", strings.TrimPrefix(cmd.CommandPath()+" ", "citd ")+args[0])
		cmd.SuggestionsMinimumDistance = 2
		if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
			return wrong("", "%s. Did you mean %s?", msg, s[0])
		}
		return wrong(see, "%s", msg)
	}
}

// names checks the number of arguments in words.
func names(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return wrong("Call it as:  "+cmd.UseLine(), "%s takes %d words after it; %d were given", cmd.CommandPath(), n, len(args))
		}
		return nil
	}
}

func env(key, otherwise string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return otherwise
}

// onFile makes a command of what do does on the open file.
func onFile(path *string, do func(cmd *cobra.Command, db *store.DB, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return with(cmd.Context(), *path, func(db *store.DB) error { return do(cmd, db, args) })
	}
}

// with runs fn on the file, beside a server that may be running; a close that fails fails the command.
func with(ctx context.Context, path string, fn func(*store.DB) error) (err error) {
	db, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		if e := store.AsError(err); e.Kind == store.NoFile {
			if at := lastServed(); at != "" {
				e.Hint = "A citd of yours is running on " + at + ". Add:  --db " + at
			}
		}
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(db)
}
