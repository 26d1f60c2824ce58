package store

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// Go runs fn in a goroutine. A panic in it is logged and ends that goroutine,
// not the program. No other place starts one.
func Go(name string, fn func()) {
	go safely(name, fn)
}

// Beside is Go for what wg waits for.
func Beside(wg *sync.WaitGroup, name string, fn func()) {
	wg.Go(func() { safely(name, fn) })
}

// safely runs fn, and logs the panic that ends it.
func safely(name string, fn func()) {
	defer func() {
		if p := recover(); p != nil {
			logPanic(name, p)
		}
	}()
	fn()
}

func logPanic(where string, p any) {
	slog.Error("panic", "where", where, "cause", fmt.Sprint(p), "stack", string(debug.Stack()))
}
