package main

import (
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// disk is an ext4 file system in a file, whose power can be cut.
type disk struct {
	testing.TB
	image, dir string
}

func newDisk(tb testing.TB) *disk {
	tb.Helper()
	d := &disk{tb, filepath.Join(tb.TempDir(), "image"), filepath.Join(tb.TempDir(), "disk")}
	for _, step := range [][]string{
		{"truncate", "-s", "192M", d.image},
		{"mkfs.ext4", "-q", "-F", d.image},
		{"mkdir", d.dir},
		{"mount", "-o", "loop", d.image, d.dir},
	} {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			tb.Skipf("a power cut needs root, mkfs.ext4 and a loop device: %s: %v %s", strings.Join(step, " "), err, out)
		}
	}
	tb.Cleanup(func() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) })
	return d
}

// cut ends all writing to the disk at once; what was not flushed is gone.
func (d *disk) cut() {
	d.Helper()
	const shutdown, noLogFlush = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN
	f, err := os.Open(d.dir)
	if err != nil {
		d.Fatal(err)
	}
	defer f.Close()
	how := uint32(noLogFlush)
	if _, _, n := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); n != 0 {
		d.Skip("this file system cannot be shut down: ", n)
	}
}

// again switches the power on: the disk is as its journal says.
func (d *disk) again() {
	d.Helper()
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		err := syscall.Unmount(d.dir, 0)
		if err == nil {
			break
		}
		if time.Since(began) > 10*time.Second {
			d.Fatal(err)
		}
	}
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput(); err != nil {
		d.Fatalf("%v %s", err, out)
	}
}

// Power cuts under load lose nothing that was acknowledged. The same with
// synchronous=NORMAL has to lose rows, else the cuts prove nothing.
func TestFaultPowerCut(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	l := newLab(t, builds.plain, d.dir)
	g, acked, cuts, want, most := &ledger{}, int64(0), 0, int64(often(1, 300_000)), 100*time.Millisecond
	if want > 1 {
		most = 700 * time.Millisecond
	}
	round := func(g *ledger) (lost int) {
		s := l.serve()
		stop := s.load(g, 16)
		time.Sleep(100*time.Millisecond + rand.N(most))
		// The shutdown is not instant: a flush under way may still return success
		// for what the journal then drops. A real cut leaves nobody to say so.
		s.dark.Store(true)
		d.cut()
		s.kill()
		stop()
		d.again()
		return l.lost(g)
	}
	for last := often(6, 300); cuts < last || acked < want; cuts++ {
		if n := round(g); n > 0 {
			t.Fatalf("cut %d: %d of %d are lost", cuts, n, g.acked.Load())
		}
		if want > 1 || cuts == last-1 {
			l.whole()
		}
		if cuts == last-1 || g.acked.Load() > 5000 {
			acked += g.acked.Load()
			g = &ledger{}
			l.fresh()
		}
	}
	t.Logf("%d cuts, %d acknowledgements, none lost", cuts, acked)

	bin, err := builds.fault()
	if err != nil {
		t.Fatal(err)
	}
	l.bin, l.env = bin, append(l.env, "CITD_FAULT_SYNC=NORMAL")
	for cut := range 100 {
		l.fresh()
		if n := round(&ledger{}); n > 0 {
			t.Logf("with synchronous=NORMAL cut %d lost %d rows", cut+1, n)
			return
		}
	}
	t.Error("100 cuts with synchronous=NORMAL lost nothing: this test would not see a loss")
}

// A backup that says that it is done survives a power cut the moment after. One
// that SQLite makes alone does not.
func TestFaultBackupPowerCut(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	stop := s.load(&g, 4)
	time.Sleep(300 * time.Millisecond)
	backup := filepath.Join(d.dir, "b.db")
	cuts := often(4, 100)
	for cut := range cuts {
		before := g.acked.Load()
		if cut == 0 {
			stop() // so that what was acknowledged is known
			before = int64(len(g.rows))
		}
		code, out := l.call("backup", backup)
		if code != 0 {
			t.Fatalf("backup = %d %s", code, out)
		}
		d.cut()
		d.again()
		restored := &lab{TB: t, bin: l.bin, env: l.env, db: filepath.Join(t.TempDir(), "citd.db")}
		if code, out := restored.call("restore", backup); code != 0 {
			t.Fatalf("cut %d: restore = %d %s", cut, code, out)
		}
		restored.whole()
		if n := restored.lost(&g); cut == 0 && (n > 0 || before == 0) {
			t.Fatalf("cut %d: the backup lacks %d rows of %d", cut, n, before)
		}
	}
	t.Logf("%d backups survived the cut", cuts)

	db, err := sql.Open("sqlite", "file:"+l.db)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for cut := range 20 {
		alone := filepath.Join(d.dir, fmt.Sprint("alone", cut, ".db"))
		if _, err := db.Exec(`VACUUM INTO ?`, alone); err != nil {
			t.Fatal(err)
		}
		d.cut()
		d.again()
		if code, _ := l.call("verify", alone); code != 0 {
			t.Logf("SQLite's own copy %d was of no use after the cut", cut+1)
			return
		}
	}
	t.Error("20 copies that were not flushed survived: this test would not see a loss")
}

// A full disk under the server: 507, reads go on, and the first write is good
// once there is room.
func TestFaultFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("citd", dir, "tmpfs", 0, "size=6m"); err != nil {
		t.Skip("a small disk needs root and mount: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	l := newLab(t, builds.plain, dir)
	s := l.serve()
	var g ledger
	rnd := rand.New(rand.NewPCG(1, 2))
	ballast := filepath.Join(dir, "ballast")
	for range often(1, 20) {
		if err := os.WriteFile(ballast, make([]byte, 7<<20), 0o600); err == nil {
			t.Fatal("the ballast is too small")
		}
		full := 0
		for tries := 0; full < 50; tries++ {
			switch status := s.post(&g, rnd); status {
			case 201:
			case 507:
				full++
			default:
				t.Fatalf("status %d", status)
			}
			if status, _ := s.send("GET", "detectionmodelresult/?limit=5", ""); status != 200 {
				t.Fatalf("a read = %d", status)
			}
			if tries > 20_000 {
				t.Fatal("the disk is never full")
			}
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		if status := s.post(&g, rnd); status != 201 {
			t.Fatalf("the first write with room again = %d", status)
		}
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, errs := s.wait(); code != 0 {
		t.Fatalf("ended with %d %.2000s", code, errs)
	}
	if n := l.lost(&g); n > 0 {
		t.Errorf("%d rows are lost", n)
	}
	l.whole()
}

// A client that reads an export at a trickle must not make the WAL grow.
func TestFaultSlowReader(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	worst := int64(0)
	posts := func(n int64) {
		stop := s.load(&g, 16)
		for until := s.good.Load() + n; s.good.Load() < until; time.Sleep(time.Millisecond) {
			if st, err := os.Stat(l.db + "-wal"); err == nil {
				worst = max(worst, st.Size())
			}
		}
		stop()
	}
	posts(1000)
	req, err := http.NewRequest("GET", s.url+"detectionmodelresult/?format=ndjson", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := (&http.Client{Transport: &http.Transport{ReadBufferSize: 1 << 10}}).Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	defer resp.Body.Close()
	go func() {
		for buf := make([]byte, 100); ; time.Sleep(100 * time.Millisecond) {
			if _, err := io.ReadFull(resp.Body, buf); err != nil {
				return
			}
		}
	}()
	posts(int64(often(2000, 15_000)))
	t.Logf("%d posts, the WAL was at most %d MiB", s.good.Load(), worst>>20)
	if worst > 64<<20 {
		t.Errorf("the WAL grew to %d MiB", worst>>20)
	}
}

// A disk that gives errors ends the server with 74, and no client is told that
// anything was stored from then on.
func TestFaultDiskDies(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	l := newLab(t, builds.plain, d.dir)
	s := l.serve()
	var before, after ledger
	stop := s.load(&before, 8)
	time.Sleep(200 * time.Millisecond)
	stop()
	d.cut()
	stop = s.load(&after, 8)
	late := time.AfterFunc(10*time.Second, func() { _ = s.cmd.Process.Kill() })
	code, errs := s.wait()
	late.Stop()
	stop()
	if code != 74 || after.acked.Load() > 0 {
		t.Errorf("ended with %d after %d more acknowledgements: %s", code, after.acked.Load(), errs[max(0, len(errs)-2000):])
	}
	d.again()
	if n := l.lost(&before); n > 0 {
		t.Errorf("%d rows are lost", n)
	}
	l.whole()
}

// Connections that say nothing, large bodies and guessed passwords at once: the
// server answers others meanwhile, lets go of what is silent, and stays small.
func TestFaultAbuse(t *testing.T) {
	t.Parallel()
	l := newLab(t, builds.plain, t.TempDir())
	s := l.serve()
	var g ledger
	rnd := rand.New(rand.NewPCG(1, 2))
	addr := strings.TrimSuffix(strings.TrimPrefix(s.url, "http://"), "/data-sub/api/")
	var silent []net.Conn
	for range often(300, 2000) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: loc"); err != nil {
			t.Fatal(err)
		}
		silent = append(silent, c)
	}
	var wg sync.WaitGroup
	large := fmt.Sprintf(`{"employee": {"employee_id": "L"}, "date": "2026-03-01", "score": 0.5, "contributions": [%s1]}`, strings.Repeat("1,", 500_000))
	for i := range 200 {
		wg.Go(func() {
			if status, _ := s.send("POST", "detectionmodelresult/", large); status != 400 && status != 503 {
				t.Errorf("a large body = %d", status)
			}
		})
		if i%4 == 0 {
			wg.Go(func() {
				req, err := http.NewRequest("GET", s.url, nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.SetBasicAuth("ana", fmt.Sprint("guess", i))
				if resp, err := s.http.Do(req); err == nil {
					resp.Body.Close()
					if resp.StatusCode != 401 && resp.StatusCode != 503 && resp.StatusCode != 429 {
						t.Errorf("a guess = %d", resp.StatusCode)
					}
				}
			})
		}
	}
	for range 20 {
		if status := s.post(&g, rnd); status != 201 && status != 503 {
			t.Errorf("a good request = %d", status)
		}
	}
	wg.Wait()
	for _, c := range silent {
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Fatalf("a silent connection is kept: %v", err)
		}
	}
	if status := s.post(&g, rnd); status != 201 {
		t.Errorf("afterwards a good request = %d", status)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var peak int
	for line := range strings.Lines(string(b)) {
		_, _ = fmt.Sscanf(line, "VmHWM: %d kB", &peak)
	}
	t.Logf("it took %d MiB at most", peak>>10)
	if peak == 0 || peak>>10 > 256 {
		t.Errorf("it took %d MiB", peak>>10)
	}
}
