package matcher

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/internal/social"
)

// trust is how much a way of writing says by itself that it is a handle.
type trust uint8

const (
	sure     trust = iota // nobody writes anything else so
	byHost                // a handle where the host or a label says so, else a maybe
	hostOnly              // a handle where the host or a label says so, else nothing
	guess                 // a maybe at best
)

// candidate is something in the text that may be a handle.
type candidate struct {
	user, host string
	start, end int // the octets it takes in the text
	form       string
	trust      trust
	why        string // why only a maybe, where trust is short of sure
}

// scanner goes through one prepared text once, from left to right.
type scanner struct {
	t     string
	field social.EvidenceKind
	realm social.Realm
	out   []Finding
	first int // of out's Findings, the first of this text

	parts     [6]string // of the path of the URL that is read
	known     string    // the host last found to have a public suffix
	used      int       // what lies before this octet is part of a handle or link
	last      mood      // of the candidate that ended at used, for lists of handles
	opened    bool      // whether ownWords was worked out
	ownWords  bool      // the text speaks of its author's own account
	weighed   bool      // whether leaves was worked out
	leaves    bool      // the text gives the account up, or names the fediverse
	explains  bool      // note what is passed over
	passed    []Passed
	sightings int // octets looked at around signs, for tests of linearity
}

// run stops at each sign that a handle cannot do without.
func (s *scanner) run() {
	for i := 0; i < len(s.t); i++ {
		switch s.t[i] {
		case '@', bracketAt, wordAt:
			i = max(i, s.at(i)-1)
		case '/':
			i = max(i, s.slash(i)-1)
		case '.':
			i = max(i, s.bluesky(i)-1)
		}
		if len(s.out)-s.first >= maxFindings {
			break
		}
	}
	s.contrast()
}

// at reads what stands around the at sign at i and returns where to go on.
func (s *scanner) at(i int) int {
	left := s.userBefore(i)
	if left == "" && s.t[i] != '@' && i > s.used && s.t[i-1] == '"' {
		left = s.userBefore(i - 1) // "u" at host
	}
	right, next := s.userAfter(i + 1)
	if right != "" && s.t[i] == '@' && (left == "" || !s.isHost(right)) {
		if end := s.leading(i, right, next); end > 0 {
			return end
		}
	}
	if left != "" {
		return s.address(i, left)
	}
	return s.spaced(i, right)
}

// leading reads @user@host with the first sign at i and the user ending at
// next: the second sign may be spelled out or stand apart.
func (s *scanner) leading(i int, user string, next int) int {
	j := skipSpaces(s.t, next)
	c := candidate{user: user, start: i, form: FormHandle, why: WhyGuess}
	if end := s.besideServer(c, next); end > 0 {
		return end
	}
	if j >= len(s.t) {
		return 0
	}
	switch sign := s.t[j]; {
	case sign == '@' && j > next, sign == '@' && j+1 < len(s.t) && s.t[j+1] == ' ':
		c.form, c.trust = FormSpaced, byHost
	case sign == '@':
	case j == next && sign == bracketAt:
		c.form = FormSpelled
	case j == next && sign == wordAt:
		c.form, c.trust = FormSpelled, byHost
	case j > next, sign == '(', sign == '[':
		return s.on(c, j)
	default:
		return 0
	}
	return s.hostFrom(c, skipSpaces(s.t, j+1))
}

// hostFrom completes c with the host at j and judges it; it returns where the
// candidate ends, 0 when there is no host.
func (s *scanner) hostFrom(c candidate, j int) int {
	host, end, spelled := s.readHost(j)
	if host != "" && s.cutOff(host, end) {
		s.pass(c.start, end, PassCut)
		return 0
	}
	if host == "" {
		return 0
	}
	if spelled && c.form != FormSpaced {
		c.form = FormSpelled
	}
	c.host, c.end = host, end
	return s.take(c)
}

// address reads user@host with the sign at i.
func (s *scanner) address(i int, user string) int {
	c := candidate{user: user, start: i - len(user), form: FormAddress, trust: byHost, why: WhyMail}
	if s.t[i-1] == '"' {
		c.start--
	}
	before, _ := utf8.DecodeLastRuneInString(s.t[:c.start])
	if c.start > 0 && (strings.ContainsRune("+!#$%^~", before) || s.quotedName(c.start, before) || before > unicode.MaxLatin1 && isAlphabetic(before)) {
		return i + 1
	}
	switch s.t[i] {
	case bracketAt:
		c.form = FormSpelled
	case wordAt:
		c.form, c.trust = FormSpelled, hostOnly
		if strings.IndexByte(s.t[i:min(len(s.t), i+maxHostRun)], wordDot) > 0 {
			c.trust = byHost
		}
	}
	if strings.HasSuffix(s.t[:c.start], "acct:") {
		c.start, c.form, c.trust = c.start-len("acct:"), FormAcct, sure
	}
	return max(i+1, s.hostFrom(c, i+1))
}

// quotedName reports whether the name that starts at start goes on before an
// apostrophe: o'brien@host.
func (s *scanner) quotedName(start int, before rune) bool {
	if before != '\'' && before != '’' {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(s.t[:start-utf8.RuneLen(before)])
	return unicode.IsLetter(r) && r < utf8.RuneSelf
}

// spaced reads "user @ host" and "user @host" with the sign at i; right is the
// run after the sign, which has no name directly before it.
func (s *scanner) spaced(i int, right string) int {
	if end := s.dotted(i, right); end > 0 {
		return end
	}
	if s.t[i] != '@' || i == 0 || s.t[i-1] != ' ' || strings.HasSuffix(right, blueskySuffix) {
		return i + 1
	}
	end := i
	for n := 0; n < 3 && end > s.used && s.t[end-1] == ' '; n++ {
		end--
	}
	user := s.userBefore(end)
	if user == "" || right != "" && strings.IndexByte(right, '.') < 0 || !nameLike(user) {
		return i + 1
	}
	c := candidate{user: user, start: end - len(user), form: FormSpaced, trust: hostOnly, why: WhyGuess}
	return max(i+1, s.hostFrom(c, skipSpaces(s.t, i+1)))
}

// userBefore returns the run of name octets that ends at i.
func (s *scanner) userBefore(i int) string {
	j := i
	for j > s.used && i-j < maxUserRun && isUserByte(s.t[j-1]) {
		j--
	}
	s.sightings += i - j + 1
	for j < i && (s.t[j] == '.' || s.t[j] == '-') {
		j++
	}
	return s.t[j:i]
}

// userAfter returns the run of name octets that begins at i and where it ends.
func (s *scanner) userAfter(i int) (string, int) {
	j := i
	for j < len(s.t) && j-i < maxUserRun && isUserByte(s.t[j]) {
		j++
	}
	s.sightings += j - i + 1
	return s.t[i:j], j
}

func isUserByte(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isAlphabetic tells letters of scripts that put spaces between words.
func isAlphabetic(r rune) bool { return unicode.IsLetter(r) && !isCJK(r) }

// isCJK tells scripts whose words stand side by side: Han, kana, Hangul.
func isCJK(r rune) bool {
	return r >= 0x1100 && (r <= 0x11ff || r >= 0x2e80 && r <= 0x2fdf || r >= 0x3005 && r <= 0x3007 || r >= 0x3040 && r <= 0x318f && r != '・' ||
		r >= 0x31f0 && r <= 0x31ff || r >= 0x3400 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7af || r >= 0xf900 && r <= 0xfaff || r >= 0x20000 && r <= 0x3ffff)
}

// isHost reports whether text by itself is a host.
func (s *scanner) isHost(text string) bool {
	return strings.IndexByte(text, '.') > 0 && s.hasSuffix(lower(text))
}

// hasSuffix is the function of that name with a memory of one.
func (s *scanner) hasSuffix(host string) bool {
	if host == s.known || hasSuffix(host, s.realm) {
		s.known = host
		return true
	}
	return false
}

// cutOff reports whether an ellipsis cuts the host that ends at i. A server
// known by its whole name is not cut.
func (s *scanner) cutOff(host string, i int) bool {
	rest := s.t[i:]
	if !strings.HasPrefix(rest, "..") && !strings.HasPrefix(rest, "…") {
		return false
	}
	return placeOf(host).standing != knownServer
}
