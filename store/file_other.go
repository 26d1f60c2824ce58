//go:build !unix

package store

import (
	"errors"
	"io/fs"
	"syscall"
)

// restrict does nothing where files have no modes: access is the folder's.
func restrict(string, fs.FileInfo) error { return nil }

// syncDir does nothing where folders cannot be flushed.
func syncDir(string) error { return nil }

// mayWrite cannot tell here.
func mayWrite(string) bool { return true }

// isFull reports whether err says that there is no room (Windows: ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL).
func isFull(err error) bool {
	n, ok := errors.AsType[syscall.Errno](err)
	return ok && (n == 112 || n == 39)
}
