package handlers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"citd/handlers"
	"citd/store"
)

// certificate writes a certificate of 127.0.0.1 and its key into files.
func certificate(tb testing.TB) (cert, key string, pool *x509.CertPool) {
	tb.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &secret.PublicKey, secret)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(secret)
	if err != nil {
		tb.Fatal(err)
	}
	cert, key = filepath.Join(tb.TempDir(), "cert.pem"), filepath.Join(tb.TempDir(), "key.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(os.WriteFile(cert, block, 0o600))
	must(os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(block)
	return cert, key, pool
}

// With TLS the cookie never leaves by plain HTTP, and the session is shorter.
func TestTLS(t *testing.T) {
	file, _ := prepared()
	path := filepath.Join(t.TempDir(), "citd.db")
	must(os.WriteFile(path, file, 0o600))
	db, err := store.Open(t.Context(), path, store.Options{})
	must(err)
	defer db.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	cert, key, pool := certificate(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- handlers.Serve(ctx, ln, db, handlers.Options{Log: slog.New(slog.DiscardHandler)}, cert, key)
	}()
	code, err := db.AddLink(t.Context(), "alice", store.LinkLife)
	must(err)
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.PostForm("https://"+ln.Addr().String()+"/login", url.Values{"code": {code}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 303 || resp.Header.Get("Strict-Transport-Security") == "" || len(resp.Cookies()) != 1 {
		t.Fatalf("= %s %v", resp.Status, resp.Header)
	}
	c := resp.Cookies()[0]
	if !strings.HasPrefix(c.Name, "__Host-citd_") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	list, err := db.Sessions(t.Context(), store.Actor{ID: 1})
	must(err)
	if len(list) != 1 || time.Duration(list[0].Expires-list[0].Created)*time.Microsecond != 30*time.Minute {
		t.Errorf("sessions %+v", list)
	}
	client.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
