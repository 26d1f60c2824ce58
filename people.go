package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"citd/store"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func newUser(path *string) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Who may sign in"}
	group(cmd)
	var role string
	var stdin bool
	add := &cobra.Command{
		Use: "add NAME", Short: "Add somebody who signs in", Args: names(1), Example: "  citd user add ana --role analyst",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(store.PersonRoles, store.Role(role)) {
				return wrong("", "--role %s: a person is %s", role, store.JoinRoles(store.PersonRoles))
			}
			return with(cmd.Context(), *path, func(db *store.DB) error {
				password, err := readPassword(cmd.InOrStdin(), stdin, "Password of "+args[0])
				if err != nil {
					return err
				}
				return addPerson(cmd.Context(), db, args[0], store.Role(role), password)
			})
		},
	}
	add.Flags().StringVar(&role, "role", string(store.Analyst), "`ROLE`: "+store.JoinRoles(store.PersonRoles))
	stdinFlag(add, &stdin)
	passwd := &cobra.Command{
		Use: "passwd NAME", Short: "Set somebody's password, and sign them out everywhere", Args: names(1),
		RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, args []string) error {
			password, err := readPassword(cmd.InOrStdin(), stdin, "New password of "+args[0])
			if err != nil {
				return err
			}
			if password == "" {
				return wrong("Pipe it in:  citd user passwd "+args[0]+" --password-stdin", "no password was given")
			}
			return db.SetPassword(cmd.Context(), store.Actor{}, args[0], password, nil)
		}),
	}
	stdinFlag(passwd, &stdin)
	setRole := &cobra.Command{
		Use: "role NAME ROLE", Short: "Give somebody another role", Args: names(2), Example: "  citd user role ana viewer",
		RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, args []string) error {
			return db.SetRole(cmd.Context(), store.Actor{}, store.Person, args[0], store.Role(args[1]))
		}),
	}
	cmd.AddCommand(
		add, newList(path, store.Person), passwd, setRole,
		newLock(path, store.Person, true, "lock NAME", "Keep somebody out; their name stays on record"),
		newLock(path, store.Person, false, "unlock NAME", "Let somebody in again"),
	)
	return cmd
}

func newToken(path *string) *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "What scripts log in with"}
	group(cmd)
	var role string
	var days int
	add := &cobra.Command{
		Use: "add NAME", Short: "Add a token for a script and print it, once", Args: names(1), Example: "  citd token add usb-watch --role ingest",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(store.TokenRoles, store.Role(role)) {
				return wrong("", "--role %s: a token is %s", role, store.JoinRoles(store.TokenRoles))
			}
			if days < 0 || days > 36500 {
				return wrong("", "--days %d: a token is good for 1 to 36500 days, or with 0 without an end", days)
			}
			return with(cmd.Context(), *path, func(db *store.DB) error {
				n := store.NewAccount{Kind: store.Token, Name: args[0], Role: store.Role(role)}
				if days > 0 {
					n.ExpiresAt = db.Now() + int64(days)*24*time.Hour.Microseconds()
				}
				_, token, err := db.AddAccount(cmd.Context(), store.Actor{}, n)
				if err != nil {
					return err
				}
				say("Shown once. It %s:", map[store.Role]string{
					store.Script: "reads and writes employees, evidence and results",
					store.Ingest: "may post, and may not read people",
				}[n.Role])
				return emit(cmd, token)
			})
		},
	}
	add.Flags().StringVar(&role, "role", string(store.Script), "`ROLE`: "+store.JoinRoles(store.TokenRoles))
	add.Flags().IntVar(&days, "days", 0, "`N` days until it expires (default: never)")
	test := &cobra.Command{
		Use: "test", Short: "Say whose a token is; it is read from the terminal or from standard input", Args: names(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			read := func() (string, error) { return firstLine(cmd.InOrStdin()) }
			if term.IsTerminal(int(os.Stdin.Fd())) {
				read = func() (string, error) { return prompt("Token") }
			}
			token, err := read()
			if err != nil {
				return err
			}
			return with(cmd.Context(), *path, func(db *store.DB) error {
				who, err := db.AuthenticateToken(cmd.Context(), token)
				if err != nil {
					return err
				}
				return emit(cmd, who.Name+": good, role "+string(who.Role))
			})
		},
	}
	cmd.AddCommand(add, test, newList(path, store.Token), newLock(path, store.Token, true, "revoke NAME", "Refuse a token from now on"))
	return cmd
}

func newLock(path *string, kind store.AccountKind, locked bool, use, short string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: names(1), RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, args []string) error {
		return db.SetLocked(cmd.Context(), store.Actor{}, kind, args[0], locked)
	})}
}

func newList(path *string, kind store.AccountKind) *cobra.Command {
	var machine bool
	cmd := &cobra.Command{Use: "list", Short: "List them", Args: names(0), RunE: onFile(path, func(cmd *cobra.Command, db *store.DB, _ []string) error {
		all, err := db.Accounts(cmd.Context(), kind)
		if err != nil {
			return err
		}
		if machine {
			return listJSON(cmd, all, db.Now())
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tROLE\tSTATE\tADDED\tLAST USED")
		for _, a := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, a.Role, state(a, db.Now()), day(a.CreatedAt), day(a.UsedAt))
		}
		return lost(w.Flush())
	})}
	cmd.Flags().BoolVar(&machine, "json", false, "for machines: one JSON object a line")
	return cmd
}

func listJSON(cmd *cobra.Command, all []store.Account, now int64) error {
	at := func(micros int64) any {
		if micros == 0 {
			return nil
		}
		return time.UnixMicro(micros).UTC()
	}
	out := json.NewEncoder(cmd.OutOrStdout())
	for _, a := range all {
		row := map[string]any{"name": a.Name, "role": a.Role, "state": state(a, now), "added": at(a.CreatedAt), "last_used": at(a.UsedAt), "expires": at(a.ExpiresAt)}
		if err := out.Encode(row); err != nil {
			return lost(err)
		}
	}
	return nil
}

func state(a store.Account, now int64) string {
	if state := a.State(now); state != "until" {
		return state
	}
	return "until " + day(a.ExpiresAt)
}

func day(at int64) string {
	if at == 0 {
		return "never"
	}
	return time.UnixMicro(at).Format(time.DateOnly)
}

func addPerson(ctx context.Context, db *store.DB, name string, role store.Role, password string) error {
	_, _, err := db.AddAccount(ctx, store.Actor{}, store.NewAccount{Kind: store.Person, Name: name, Role: role, Password: password})
	switch {
	case err != nil:
		return err
	case password == "":
		say("%s may sign in as %s. A link for that:  citd login-link --user %s", name, role, name)
	case len(password) < store.GoodPassword:
		say("%s may sign in as %s. The password is short: %d characters or more are better.", name, role, store.GoodPassword)
	default:
		say("%s may sign in as %s.", name, role)
	}
	return nil
}

// readPassword reads from in if told so, else asks twice at a terminal; without
// one there is no password.
func readPassword(in io.Reader, stdin bool, ask string) (string, error) {
	if stdin {
		return firstLine(in)
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", nil
	}
	one, err := prompt(ask + " (empty: none)")
	if err != nil || one == "" {
		return "", err
	}
	two, err := prompt("Again")
	if err == nil && one != two {
		return "", &exit{code: 65, msg: "the two passwords differ"}
	}
	return one, err
}

func firstLine(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, store.MaxPassword+2)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", &exit{code: 74, msg: "standard input cannot be read", err: err}
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", &exit{code: 65, msg: "the first line of standard input is empty; the secret should be there"}
	}
	return line, nil
}

func prompt(ask string) (string, error) {
	sayPart("%s: ", ask)
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	say("")
	return string(b), err
}
