//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is no plain file is refused before it is opened: a FIFO would hang.
func TestFaultNoPlainFile(t *testing.T) {
	good := putDemo(t)
	for _, tt := range []struct {
		name string
		make func(path string) error
	}{
		{"folder", func(path string) error { return os.Mkdir(path, 0o700) }},
		{"symbolic link", func(path string) error { return os.Symlink(good, path) }},
		{"dangling link", func(path string) error { return os.Symlink(path+"x", path) }},
		{"FIFO", func(path string) error { return syscall.Mkfifo(path, 0o600) }},
		{"socket", func(path string) error {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			return syscall.Bind(fd, &syscall.SockaddrUnix{Name: path})
		}},
		{"device", func(path string) error { return syscall.Mknod(path, syscall.S_IFCHR|0o600, 1<<8|5) }}, // zero
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.db")
			if err := tt.make(path); err != nil {
				t.Skip(err)
			}
			_, err := Open(t.Context(), path, Options{Schema: testSchema(t), Own: true, Create: true})
			wantKind(t, "open", err, NoFile)
		})
	}
}
