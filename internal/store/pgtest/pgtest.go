// Package pgtest gives tests a real PostgreSQL: the one that
// GODWIT_TEST_POSTGRES_URL names, or one of its own, started from the
// machine's binaries in a temporary folder, once for each test binary. It ends
// and its folder goes when the test binary ends, however that happens.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// URL returns the address of an empty database, which is dropped when the test
// ends. Without PostgreSQL the test is skipped with a sentence that says what
// is missing; under CI=true it fails.
func URL(t testing.TB) string {
	t.Helper()
	base, err := server()
	if err != nil {
		missing(t, err)
	}
	name := "godwit_" + strings.ToLower(rand.Text())
	run(t, base, "CREATE DATABASE "+name)
	t.Cleanup(func() { run(t, base, "DROP DATABASE "+name+" WITH (FORCE)") })
	own := *base
	own.Path = "/" + name
	return own.String()
}

func missing(t testing.TB, err error) {
	t.Helper()
	said := fmt.Sprintf("No PostgreSQL for this test: %v. Install Debian's package postgresql, or set GODWIT_TEST_POSTGRES_URL.", err)
	if os.Getenv("CI") == "true" {
		t.Fatal(said)
	}
	t.Skip(said)
}

func run(t testing.TB, base *url.URL, statement string) {
	t.Helper()
	ctx := context.Background() // also after the test's own ended
	conn, err := pgx.Connect(ctx, base.String())
	if err == nil {
		_, err = conn.Exec(ctx, statement)
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Server returns the address of the server, for programs that measure: the one
// that GODWIT_TEST_POSTGRES_URL names, or one that ends with this process.
func Server() (*url.URL, error) { return server() }

// server is the running server, started at first use.
var server = sync.OnceValues(func() (*url.URL, error) {
	if given := os.Getenv("GODWIT_TEST_POSTGRES_URL"); given != "" {
		return url.Parse(given)
	}
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	return start(bin)
})

// Binaries returns the folder of the newest initdb and postgres of the machine.
func Binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // its neighbours are where it really is
		return filepath.Dir(path), err
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) == 0 {
		return "", errors.New("neither PATH nor /usr/lib/postgresql has initdb")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // an odd name sorts first
	return n
}

// script runs the server until its standard input closes, which happens also
// when the test binary is killed, and then deletes the folder.
const script = `
bin=$1 dir=$2 port=$3 as=$4
$as "$bin/initdb" -D "$dir/data" -U godwit --auth=trust --encoding=UTF8 --locale=C --no-sync || exit 1
$as "$bin/postgres" -D "$dir/data" -k "$dir" -h 127.0.0.1 -p "$port" \
	-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 </dev/null &
server=$!
read -r _
kill -QUIT $server
wait $server
rm -rf "$dir"
`

func start(bin string) (*url.URL, error) {
	dir, err := os.MkdirTemp("", "godwit-pg-")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	as, err := asOrdinaryUser(dir)
	if err != nil {
		return nil, err
	}
	command := exec.Command("sh", "-c", script, "sh", bin, dir, strconv.Itoa(port), as)
	logs, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer logs.Close()
	command.Stdout, command.Stderr, command.Dir = logs, logs, dir
	if _, err := command.StdinPipe(); err != nil { // open as long as this process lives
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	base := &url.URL{Scheme: "postgres", User: url.User("godwit"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres"}
	return base, await(base, ending(command), logs.Name())
}

// asOrdinaryUser gives root's folder to another user, since postgres refuses
// root, and returns the words that run a command as that user.
func asOrdinaryUser(dir string) (string, error) {
	if os.Getuid() != 0 {
		return "", nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return "", err
	}
	uid, wrong := strconv.Atoi(account.Uid)
	gid, wrongToo := strconv.Atoi(account.Gid)
	if err := errors.Join(wrong, wrongToo, os.Chown(dir, uid, gid)); err != nil {
		return "", err
	}
	return fmt.Sprintf("setpriv --reuid=%d --regid=%d --clear-groups", uid, gid), nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// ending is closed when a started command has ended.
func ending(command *exec.Cmd) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // how it ended is in its log
	}()
	return ended
}

// await waits until the server answers or has ended.
func await(base *url.URL, ended <-chan struct{}, logs string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, base.String())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ended:
			said, _ := os.ReadFile(logs) // best effort, the failure is reported anyway
			return fmt.Errorf("the server ended: %s", said)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
