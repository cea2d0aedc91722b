package fedi

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// rules are the lines of a robots.txt (RFC 9309) that are for us; the zero
// value forbids nothing.
type rules []robotRule

type robotRule struct {
	allow   bool
	pattern string
}

// nothingAllowed forbids a whole host.
var nothingAllowed = rules{{pattern: "/"}}

// robotsOf returns what host's robots.txt says to us, believed for a day. One
// that we may not see forbids everything, one that is not there nothing; where
// the host gives no answer nobody knows, and that is the error.
func (d *Door) robotsOf(ctx context.Context, host string) (rules, error) {
	now := d.now()
	if known, _, ok := d.robots.get(host, now); ok {
		return known, nil
	}
	a, err := d.get(ctx, "https://"+host+"/robots.txt", "text/plain", maxRobots)
	var said rules
	switch {
	case errors.Is(err, errTooLarge), err == nil && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden):
		said = nothingAllowed
	case err != nil:
		return nil, err
	case a.status == http.StatusOK:
		said = readRobots(string(a.body))
	}
	d.robots.put(host, said, now.Add(robotsFresh))
	return said, nil
}

// readRobots takes the groups that name us, or where there are none those for
// everybody.
func readRobots(text string) rules {
	var ours, all rules
	named, isOurs, isAll, inAgents := false, false, false, false
	for line := range strings.Lines(text) {
		key, value := robotLine(line)
		switch key {
		case "user-agent":
			if !inAgents {
				isOurs, isAll = false, false
			}
			inAgents = true
			isOurs, isAll = isOurs || strings.EqualFold(value, robotName), isAll || value == "*"
			named = named || isOurs
		case "allow", "disallow":
			inAgents = false
			r := robotRule{key == "allow", strings.Clone(value)} // without the rest of the file
			ours, all = ours.with(isOurs, r), all.with(isAll, r)
		}
	}
	if named {
		return ours
	}
	return all
}

// robotLine parts one line; a comment is none.
func robotLine(line string) (key, value string) {
	line, _, _ = strings.Cut(line, "#")
	key, value, _ = strings.Cut(line, ":")
	return strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
}

// with adds a rule of a group that counts. An empty one says nothing.
func (r rules) with(counts bool, one robotRule) rules {
	if !counts || one.pattern == "" {
		return r
	}
	return append(r, one)
}

// allow reports whether u may be fetched: the longest pattern that fits
// decides, and of two as long the one that allows.
func (r rules) allow(u *url.URL) bool {
	target := u.EscapedPath()
	if target == "" {
		target = "/"
	}
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	best, allowed := -1, true
	for _, rule := range r {
		n := len(rule.pattern)
		if (n > best || n == best && rule.allow) && fits(rule.pattern, target) {
			best, allowed = n, rule.allow
		}
	}
	return allowed
}

// fits matches a pattern, in which * is anything and $ at its end the end,
// against the beginning of a path. It goes through both once for each part.
func fits(pattern, path string) bool {
	pattern, whole := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(path, parts[0]) {
		return false
	}
	path = path[len(parts[0]):]
	for i, part := range parts[1:] {
		if whole && i == len(parts)-2 {
			return strings.HasSuffix(path, part)
		}
		at := strings.Index(path, part)
		if at < 0 {
			return false
		}
		path = path[at+len(part):]
	}
	return !whole || path == ""
}
