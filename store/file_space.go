//go:build linux || darwin || freebsd

package store

import "syscall"

// freeSpace is the room for us on dir's disk in bytes, -1 if not known.
func freeSpace(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return -1
	}
	return int64(st.Bavail) * int64(st.Bsize) //nolint:unconvert,gosec // their types differ by system; no disk has 2^63 bytes
}
