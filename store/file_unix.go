//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// restrict makes the file at path readable by its owner only, and refuses one
// that belongs to somebody else.
func restrict(path string, st fs.FileInfo) error {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return Errorf(Denied, "%s belongs to another user, so its contents cannot be kept private", path)
	}
	if st.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return &Error{Kind: Denied, Msg: fmt.Sprintf("others may read %s and that cannot be changed", path), Err: err}
	}
	fmt.Fprintf(os.Stderr, "citd: %s could be read by others; set to 0600\n", path)
	return nil
}

// syncDir makes a new name in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// mayWrite reports whether files can be made in dir.
func mayWrite(dir string) bool { return syscall.Access(dir, 2) == nil }

// isFull reports whether err says that there is no room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
