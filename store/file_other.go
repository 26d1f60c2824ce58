//go:build !unix

package store

import "io/fs"

// restrict does nothing where files have no modes: access is the folder's.
func restrict(string, fs.FileInfo) error { return nil }

// syncDir does nothing where folders cannot be flushed.
func syncDir(string) error { return nil }
