package store

// To be deleted by the commit that brings the real one.
func settleAlerts(*Tx, []move, []int64) error { return nil }
