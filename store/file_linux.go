package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// remote are file systems on which two computers may open one file, by their
// number in statfs(2): locks and shared memory reach no further than one computer.
var remote = map[uint32]string{
	0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "CIFS", 0xfe534d42: "SMB", 0x01021997: "9P", 0x5346414f: "AFS",
	0x00c36400: "Ceph", 0x73757245: "Coda", 0x0bd00bd0: "Lustre", 0x47504653: "GPFS", 0x01161970: "GFS2",
}

// local refuses a folder on another computer, unless CITD_REMOTE_DISK is set.
func local(dir string) error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return nil
	}
	name, there := remote[uint32(st.Type)] //nolint:gosec // the numbers have 32 bits
	if !there || os.Getenv("CITD_REMOTE_DISK") != "" {
		return nil
	}
	return &Error{
		Kind: Denied, Msg: fmt.Sprintf("%s lies on another computer (%s), where SQLite cannot keep two programs apart; nothing was changed", dir, name),
		Hint: "Keep the database on a disk of this computer; backups may go there. If no other computer will open it, set CITD_REMOTE_DISK=1.",
	}
}

// claim holds an open file against another server, by whatever name that has it.
// The lock is of the file and not SQLite's, which it leaves alone.
func claim(f *os.File) (err error) {
	for range 30 { // one who ends or only looks lets go in a moment
		if err = tryHold(f, syscall.LOCK_EX); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// unclaimed refuses a file that a server holds under another name: each name has
// a WAL of its own, and what goes through the two destroys the file.
func unclaimed(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := os.Lstat(path + "-wal"); err == nil {
		return nil
	}
	return tryHold(f, syscall.LOCK_SH)
}

func tryHold(f *os.File, how int) error {
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return &Error{
			Kind: Locked, Msg: f.Name() + " is in use by another citd under another name",
			Hint: "It has another link to it, or its folder is mounted twice. Stop that citd, or use its name.",
		}
	}
	return nil // a file system without such locks: the lock beside the file has to do
}
