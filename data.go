package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"strings"

	"citd/store"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newImport(path *string) *cobra.Command {
	var o store.ImportOptions
	var resource string
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Load results from a file", Args: names(1),
		Example: "  citd import results.ndjson\n  citd import --resource employee people.csv\n  make-results | citd import -",
		Long: `Loads a file: lines of {"resource": "...", "body": {...}} as the API takes them, or CSV of one resource with its fields as header.
All or nothing, unless --keep-going. A line that was loaded before is passed over, so that a file can be loaded twice.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if resource != "" || strings.HasSuffix(args[0], ".csv") {
				if o.CSV = store.ResourceNamed(resource); o.CSV == nil {
					return wrong("", "--resource has to name what the CSV holds: %s", strings.Join(store.ResourceNames(), ", "))
				}
			}
			return importFile(cmd.Context(), *path, args[0], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&resource, "resource", "", "`NAME` of the resource that a CSV file holds")
	f.BoolVar(&o.Raw, "raw", false, "take cells as they are: the file was exported with --raw")
	f.BoolVar(&o.DryRun, "dry-run", false, "check the file, store nothing")
	f.BoolVar(&o.KeepGoing, "keep-going", false, "store the good lines of a file that has wrong ones, and list those")
	return cmd
}

func importFile(ctx context.Context, path, name string, o store.ImportOptions) error {
	in, size := os.Stdin, int64(0)
	o.Name = name
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return &exit{code: 66, msg: "cannot read " + name, err: err}
		}
		defer f.Close()
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
			size = st.Size()
		}
		in = f
	}
	err := alone(ctx, path, func(db *store.DB) error {
		who, err := store.CommandLine(ctx, db)
		if err != nil {
			return err
		}
		counted := &counter{ctx: ctx, r: in}
		o.Progress = progress(counted, size)
		rep, err := store.Import(context.WithoutCancel(ctx), db, who, counted, o)
		if rep.Lines >= 1000 && term.IsTerminal(int(os.Stderr.Fd())) {
			say("") // ends the line that moved
		}
		for _, b := range rep.Bad {
			say("%s %s", name, b.Error())
		}
		if err != nil {
			return err
		}
		done := "stored"
		if o.DryRun {
			done = "would be stored"
		}
		say("%d lines: %d %s, %d known already, %d wrong", rep.Lines, rep.Stored, done, rep.Known, rep.Wrong)
		if rep.Wrong > 0 {
			return &exit{code: 65, msg: "some lines were wrong"}
		}
		return nil
	}, nil)
	if e := store.AsError(err); err != nil && e.Kind == store.Locked {
		e.Hint = "Stop it first, or post to it: PATCH " + store.ServedBy(path).Addr + store.Base + "detectionmodelresult/ takes lists."
	}
	return err
}

// counter counts what is read. It ends when the command is told to stop, so that nothing half is stored.
type counter struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// progress shows how far an import is: on a terminal in one line that moves, else a line now and then.
func progress(read *counter, size int64) func(lines int) {
	tty := term.IsTerminal(int(os.Stderr.Fd()))
	return func(lines int) {
		switch {
		case tty && size > 0:
			const width = 30
			done := int(min(width, width*read.n/size))
			sayPart("\r[%s%s] %d lines ", strings.Repeat("=", done), strings.Repeat(" ", width-done), lines)
		case tty:
			sayPart("\r%d lines ", lines)
		case lines%100_000 == 0:
			say("%d lines", lines)
		}
	}
}

func newExport(path *string) *cobra.Command {
	var o store.ExportOptions
	var resource, format string
	cmd := &cobra.Command{
		Use: "export", Short: "Write what scripts posted to standard output", Args: names(0),
		Example: "  citd export > all.ndjson\n  citd export --resource employee --format csv > people.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if resource != "" {
				if o.Resource = store.ResourceNamed(resource); o.Resource == nil {
					return wrong("", "--resource has to be one of %s", strings.Join(store.ResourceNames(), ", "))
				}
			}
			switch o.CSV = format == "csv"; {
			case o.CSV && o.Resource == nil:
				return wrong("", "CSV holds one resource: name it with --resource")
			case !o.CSV && format != "ndjson":
				return wrong("", "--format has to be ndjson or csv")
			}
			return with(cmd.Context(), *path, func(db *store.DB) error {
				return write(func(w io.Writer) error { return store.Export(cmd.Context(), db, w, o) })
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&resource, "resource", "", "`NAME` of the one resource to write; all if not given")
	f.StringVar(&format, "format", "ndjson", "ndjson or csv")
	f.BoolVar(&o.Raw, "raw", false, "CSV: do not guard cells that a spreadsheet would run; for machines")
	return cmd
}

func newFeedback(path *string) *cobra.Command {
	var q store.FeedbackQuery
	cmd := &cobra.Command{Use: "feedback", Short: "What analysts decided, for models to learn from"}
	group(cmd)
	export := &cobra.Command{
		Use: "export", Short: "Write the labels as lines of JSON", Args: names(0),
		Example: "  citd feedback export --reporter usb-watch > labels.ndjson",
		RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, _ []string) error {
			return write(func(w io.Writer) error { return store.ExportFeedback(cmd.Context(), db, w, q) })
		}),
	}
	export.Flags().StringVar(&q.Reporter, "reporter", "", "`NAME` of a model, with or without its version; all if not given")
	export.Flags().Int64Var(&q.Since, "since", 0, "`CURSOR` of the last label that was read")
	cmd.AddCommand(export)
	return cmd
}

// write lets fn write to standard output; what cannot be written is an error.
func write(fn func(io.Writer) error) error {
	w := bufio.NewWriterSize(os.Stdout, 64<<10)
	err := fn(w)
	if flush := w.Flush(); flush != nil {
		return &exit{code: 74, msg: "cannot write to standard output", err: flush}
	}
	return err
}
