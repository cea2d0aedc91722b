package main

import (
	"crypto/subtle"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
)

// openBrowser shows an address in the person's browser where there is one. It
// is started with an argument vector, for http(s) only, and with the few
// variables that a browser needs, none of them ours.
func openBrowser(address string) {
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return
	}
	name := opener()
	if name == "" {
		return
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return
	}
	cmd := exec.Command(path, address)
	cmd.Env = browserEnv(os.Environ())
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
}

// opener is the program that opens an address, "" where no one would see it.
func opener() string {
	switch runtime.GOOS {
	case "darwin":
		return "open"
	case "windows":
		return "explorer"
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return ""
	}
	return "xdg-open"
}

func browserEnv(all []string) []string {
	var kept []string
	for _, v := range all {
		if !strings.HasPrefix(v, "GODWIT_") {
			kept = append(kept, v)
		}
	}
	return kept
}

// sameText compares a secret in constant time.
func sameText(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// oneAtATime serves one request after the other.
func oneAtATime(next http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		next.ServeHTTP(w, r)
	})
}
