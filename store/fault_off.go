//go:build !fault

package store

// crash is where a build for fault tests (-tags fault) can be made to fail.
func crash(string) {}

// syncMode is how SQLite flushes: FULL, since a 2xx means that it is on disk.
func syncMode() string { return "FULL" }
