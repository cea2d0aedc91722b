package matcher

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// slash reads the URL whose first telling slash is at i, with or without a
// scheme, and returns where to go on.
func (s *scanner) slash(i int) int {
	start, from, ok := s.authority(i)
	if !ok {
		return i + 1
	}
	if end := s.userinfo(start, from); end > 0 {
		return end
	}
	host, end, _ := s.readHost(from)
	if host == "" {
		return i + 1
	}
	if end >= len(s.t) || s.t[end] != '/' {
		return max(i+1, s.blogHost(host, start, end))
	}
	return max(i+1, s.path(host, start, end))
}

// authority finds where the URL at the slash at i starts and where its host
// starts.
func (s *scanner) authority(i int) (start, from int, ok bool) {
	if i > 0 && s.t[i-1] == ':' && i+1 < len(s.t) && s.t[i+1] == '/' {
		start = i - 1
		for start > s.used && i-start < 16 && (isLetter(s.t[start-1]) || s.t[start-1] == '+') {
			start--
		}
		return start, i + 2, true
	}
	from = i
	for from > s.used && i-from < maxHostRun {
		r, n := utf8.DecodeLastRuneInString(s.t[:from])
		if r == '_' || r >= utf8.RuneSelf && !isAlphabetic(r) && !isCJK(r) || r < utf8.RuneSelf && !isUserByte(byte(r)) && r != wordDot {
			break
		}
		if isCJK(r) && from < i && isUserByte(s.t[from]) && s.t[from] != '.' && s.t[from] != '-' {
			break // the sentence before it: 普段はpawoo.net
		}
		from -= n
	}
	s.sightings += i - from
	if strings.IndexAny(s.t[from:i], ".\x03") < 0 {
		return 0, 0, false
	}
	return from, from, s.startsHost(from, i)
}

// startsHost reports whether a host without a scheme may begin at from: not
// inside a path, unless it is a known server there.
func (s *scanner) startsHost(from, i int) bool {
	if from == 0 {
		return true
	}
	switch s.t[from-1] {
	case '@', '#':
		return false
	case '/':
		return from > 1 && (s.t[from-2] == '/' || s.t[from-2] == ':') || placeOf(lower(s.t[from:i])).standing == knownServer
	}
	return true
}

// userinfo reads https://@user@host and https://user@host, which people write
// where a field wants a link.
func (s *scanner) userinfo(start, from int) int {
	i := from
	if i < len(s.t) && s.t[i] == '@' {
		i++
	}
	user, next := s.userAfter(i)
	if start == from || user == "" || next >= len(s.t) || s.t[next] != '@' {
		return 0
	}
	return s.hostFrom(candidate{user: user, start: start, form: FormUserinfo}, next+1)
}

// blogHost reads the root of a blog that is an account: u.write.as.
func (s *scanner) blogHost(host string, start, end int) int {
	user, site, _ := strings.Cut(host, ".")
	if p := servers[site]; p.software != "writefreely" && p.software != "microblog" {
		return 0
	}
	return s.take(candidate{user: user, host: site, start: start, end: end, form: FormBlog})
}

// path reads the path of a URL at the slash at i and judges the profile that
// it names.
func (s *scanner) path(host string, start, i int) int {
	parts, end := s.segments(i)
	c, isProfile := profile(host, parts)
	if !isProfile {
		return s.parameters(host, start, end)
	}
	if c.user == "" { // a post, a community: nothing in this link is a handle
		s.used = end
		s.pass(start, end, cmp.Or(refusal(c, placeOf(host)), PassPost))
		return end
	}
	if s.ellipsisAt(end) {
		s.used = end
		s.pass(start, end, PassCut)
		return end
	}
	c.start, c.end = start, end
	return max(end, s.take(c))
}

// segments returns the parts of the path at i, as many as s.parts has room for,
// and where the URL ends.
func (s *scanner) segments(i int) (parts []string, end int) {
	buffer, first := s.parts[:0], i
	for i < len(s.t) && s.t[i] == '/' && len(buffer) < len(s.parts) {
		begin := i + 1
		for i = begin; i < len(s.t) && i-begin < maxSegment && isPathByte(s.t[i]); {
			i++
		}
		if part := s.t[begin:i]; part != "#" && part != "" {
			buffer = append(buffer, part)
		}
	}
	s.sightings += i - first
	return trimLast(buffer), i
}

// trimLast takes the punctuation of the sentence and the query off the last
// part.
func trimLast(parts []string) []string {
	for k, part := range parts {
		if cut := strings.IndexAny(part, "?#&"); cut >= 0 {
			parts[k] = part[:cut]
			parts = parts[:k+1]
			break
		}
	}
	if n := len(parts); n > 0 {
		if last := parts[n-1]; last != "" && last[len(last)-1] < '@' || strings.HasSuffix(last, "~") {
			parts[n-1] = strings.TrimRight(last, ".,:;!*'~-")
		}
		if parts[n-1] == "" {
			parts = parts[:n-1]
		}
	}
	return parts
}

func isPathByte(c byte) bool { return c < utf8.RuneSelf && letters[c]&inPath != 0 }

// ellipsisAt reports whether the URL that ends at i was cut there.
func (s *scanner) ellipsisAt(i int) bool {
	return strings.HasSuffix(s.t[:i], "..") || strings.HasPrefix(s.t[i:], "…")
}

// parameters reads ?u=user&s=host, the form of the redirectors from the days
// when links to Mastodon were banned. Handles and links inside a query are
// found as the scan goes on.
func (s *scanner) parameters(host string, start, end int) int {
	query := s.t[start:end]
	_, query, found := strings.Cut(query, "?")
	if !found {
		return 0
	}
	var user, server string
	for pair := range strings.SplitSeq(query, "&") {
		switch key, value, _ := strings.Cut(pair, "="); key {
		case "u", "user", "username":
			user = strings.TrimPrefix(value, "@")
		case "s", "server", "instance", "host", "domain":
			server = lower(value)
		}
	}
	if user == "" || server == "" || !s.hasSuffix(server) {
		return 0
	}
	return s.take(candidate{user: user, host: server, start: start, end: end, form: FormRedirector, trust: byHost, why: WhyGuess})
}
