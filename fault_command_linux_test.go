package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A command that says that it is done survives a power cut the moment after; one
// that a cut meets has done all of it or nothing.
func TestFaultPowerCutCommand(t *testing.T) {
	t.Parallel()
	disk := newDisk(t)
	for _, a := range acts {
		t.Run(a.name, func(t *testing.T) {
			d := newDesk(t, a, disk.dir)
			for cut := range often(2, 30) {
				d.lay()
				syscall.Sync()
				done := make(chan int, 1)
				wait := d.takes
				if cut%2 == 0 {
					wait = time.Hour
				}
				go func() {
					code, _ := d.run(time.Hour)
					done <- code
				}()
				code := -1
				select {
				case code = <-done:
				case <-time.After(rand.N(wait)):
				}
				disk.cut()
				if code < 0 {
					<-done
				}
				disk.again()
				if was := d.settled(fmt.Sprint("cut ", cut)); code >= 0 && !was {
					t.Fatalf("cut %d: it had ended with %d, and nothing of it is left", cut, code)
				}
			}
		})
	}
}

// A command that meets a full disk ends with 74, leaves nothing half made, and
// does its work once there is room.
func TestFaultFullCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("citd", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skip("a small disk needs root and mount: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	for _, a := range acts {
		t.Run(a.name, func(t *testing.T) {
			d := newDesk(t, a, dir)
			full, tries := 0, often(3, 60)
			for try := range tries {
				d.lay()
				leave := int64(try*try) << 22 / int64(tries*tries) // 0 to 4 MiB
				var fs syscall.Statfs_t
				if err := syscall.Statfs(dir, &fs); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(ballast, make([]byte, max(0, int64(fs.Bavail)*fs.Bsize-leave)), 0o600); err != nil {
					t.Fatal(err)
				}
				when := fmt.Sprintf("%d KiB left", leave>>10)
				code, out := d.run(time.Hour)
				if err := os.Remove(ballast); err != nil {
					t.Fatal(err)
				}
				switch code {
				case 0:
				case 74:
					full++
				default:
					t.Errorf("%s: ended with %d %s", when, code, out)
				}
				if all, err := filepath.Glob(filepath.Join(dir, "*.*-*[^lm]")); err != nil || code == 74 && len(all) > 0 { // but -wal and -shm
					t.Errorf("%s: left over: %v", when, all)
				}
				if was := d.settled(when); code == 0 && !was {
					t.Errorf("%s: it said that it is done, and nothing is", when)
				}
			}
			if full == 0 {
				t.Error("it never met a full disk")
			}
			t.Logf("%d of %d times the disk was full", full, tries)
		})
	}
}
