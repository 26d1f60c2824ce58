package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind classes an error. handlers map it to an HTTP status and main to an exit
// code, each in one table.
type Kind uint8

// Kinds of errors. Internal is the zero value: an error that nobody classed is ours.
const (
	Internal      Kind = iota
	Invalid            // the request is wrong: nothing was stored
	Unauthorized       // no login, or a wrong one
	Forbidden          // the login lacks the right
	NotFound           // no such row
	Conflict           // the row was changed, decided or taken by somebody else
	TooLarge           // over a limit of size
	Unprocessable      // an Idempotency-Key used for something else
	Full               // the disk is full; reads go on
	Closed             // the server is stopping
	NoFile             // the database file is missing
	NotOurs            // the file is no citd database
	Damaged            // the file is a damaged citd database
	Newer              // the file was made by a newer citd
	Locked             // another process holds the file
	Denied             // the operating system refuses access
	Busy               // too much at once; a moment later it works
)

// Error is an error that a caller may show. Err holds the cause, for the log only.
type Error struct {
	Kind   Kind
	Msg    string              // one plain sentence without a final full stop
	Fields map[string][]string // field name -> what was wanted of it
	Items  []ItemError         // bulk: which objects are wrong
	Hint   string              // what to do next, for the command line
	Err    error
}

// ItemError names what is wrong with one object of a list.
type ItemError struct {
	Index  int // from 0
	Fields map[string][]string
	Msg    string
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Msg + ": " + e.Err.Error()
	}
	return e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error of the given kind.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// AsError returns the Error in err's chain, or wraps err as Internal.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Internal, Msg: "something went wrong here; the log has the details", Err: err}
}

// fieldErrors collects everything that is wrong with one object, so that a
// script's author can mend it in one go.
type fieldErrors map[string][]string

func (f *fieldErrors) add(field, format string, args ...any) {
	if *f == nil {
		*f = fieldErrors{}
	}
	(*f)[field] = append((*f)[field], fmt.Sprintf(format, args...))
}

// err returns nil if nothing is wrong.
func (f fieldErrors) err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Msg: f.sentence(), Fields: f}
}

// sentence tells the first few errors in words: "score: must be a number".
func (f fieldErrors) sentence() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if len(parts) == 3 && len(f) > 3 {
			parts = append(parts, fmt.Sprintf("and %d more fields", len(f)-3))
			break
		}
		parts = append(parts, name+": "+strings.Join(f[name], ", "))
	}
	return strings.Join(parts, "; ")
}
