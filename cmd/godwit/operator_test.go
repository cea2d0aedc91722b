package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"godwit/internal/jobs/redistest"
)

// TestOperatorPages: a process with an operator's address serves metrics,
// readiness and, with Redis, the queues, to who brings the key; the public
// pages know nothing of them (WEB-14).
func TestOperatorPages(t *testing.T) {
	redis := redistest.Start(t)
	ctx, stop := context.WithCancel(t.Context())
	said, says := io.Pipe()
	links, prints := io.Pipe()
	t.Setenv("GODWIT_REDIS_URL", redis.URL().Reveal())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--no-open", "--addr", "127.0.0.1:0", "--operator-addr", "127.0.0.1:0", "--data-dir", t.TempDir()}, strings.NewReader(""), prints, says)
		says.Close()
		prints.Close()
	}()
	operator := regexp.MustCompile(`http://(\S+)/\?k=(\S+)`).FindStringSubmatch(line(t, said))
	pages := regexp.MustCompile(`http://([^/]+)/`).FindStringSubmatch(line(t, links))
	if operator == nil || pages == nil {
		t.Fatal("no links are printed")
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	for path, want := range map[string]string{
		"/metrics": "godwit_tasks{kind=\"follow\",state=\"due\"} 0\n", "/readyz": `"part":"queue"`, "/healthz": "ok", "/queues/": "<title>", "/queues/api/queues": `"queues"`,
	} {
		if status, body := ask(t, "http://"+operator[1]+path, operator[2]); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.300s", path, status, body)
		}
		if status, _ := ask(t, "http://"+operator[1]+path, ""); status != http.StatusNotFound {
			t.Errorf("%s without the key: %d", path, status)
		}
		if status, body := ask(t, "http://"+pages[1]+path, operator[2]); path != "/healthz" && (status == http.StatusOK || strings.Contains(body, "godwit_")) {
			t.Errorf("%s on the public pages: %d", path, status)
		}
	}
	redis.Stop(t)
	if status, body := ask(t, "http://"+operator[1]+"/readyz", operator[2]); status != http.StatusServiceUnavailable || !strings.Contains(body, "Redis does not answer") {
		t.Errorf("without Redis: %d %s", status, body)
	}
	stop()
	if status := <-ended; status != exitStopped && status != exitDone {
		t.Errorf("status %d", status)
	}
}

func line(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := bufio.NewReaderSize(r, 16).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func ask(t *testing.T, address, key string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}
