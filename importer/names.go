package importer

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
)

// trust is how much a place of a post is worth as a source of a name.
type trust uint8

const (
	// byMedia is the link under a picture shown again, with the name as it was then.
	byMedia trust = iota + 1
	// byMention is user_mentions: X looks the names up again when it makes the
	// export, so the pair is right that day, though the text may have meant
	// somebody who had the name before.
	byMention
	// byReply is in_reply_to_user_id with in_reply_to_screen_name: the person
	// answered, under the name they have now.
	byReply
)

// claim is the best that is known of an account's name.
type claim struct {
	username, name string
	trust          trust
	post, namePost int64 // the newest posts that said so
}

// names are the pairs of id and name in an export.
type names struct {
	at     map[int64]int32
	claims []claim
	full   bool
}

func newNames() *names { return &names{at: map[int64]int32{}} }

// add notes that the post said account n is called username, and name if that
// is known. A claim of more trust wins, then the newer post; of one name
// written in two ways, the newer spelling.
func (t *names) add(n int64, username, name string, by trust, post int64) {
	if n <= 0 || usernameOf(username) == "" {
		return
	}
	at, known := t.at[n]
	if !known {
		if t.full = len(t.claims) >= maxAccounts; t.full {
			return
		}
		at = int32(len(t.claims))
		t.at[n] = at
		t.claims = append(t.claims, claim{})
	}
	c := &t.claims[at]
	same := strings.EqualFold(c.username, username)
	switch {
	case same && post >= c.post, !same && (by > c.trust || by == c.trust && post >= c.post):
		c.username, c.post = username, post
		if !same {
			c.trust = 0
		}
	}
	if strings.EqualFold(c.username, username) {
		c.trust = max(c.trust, by)
	}
	if name != "" && post >= c.namePost {
		c.name, c.namePost = name, post
	}
}

// settled gives the claims in the order of ids. A name belongs to one account
// at a time: where two claim it, the more trusted and then the newer keeps it,
// and nothing is said of the other, since a wrong name leads to a stranger.
func (t *names) settled() iter.Seq2[int64, claim] {
	holder := make(map[string]int64, len(t.at))
	for n, at := range t.at {
		key := strings.ToLower(t.claims[at].username)
		if other, taken := holder[key]; !taken || t.stronger(n, other) {
			holder[key] = n
		}
	}
	return func(yield func(int64, claim) bool) {
		for _, n := range slices.Sorted(maps.Keys(t.at)) {
			c := t.claims[t.at[n]]
			if holder[strings.ToLower(c.username)] == n && !yield(n, c) {
				return
			}
		}
	}
}

func (t *names) stronger(a, b int64) bool {
	x, y := t.claims[t.at[a]], t.claims[t.at[b]]
	return cmp.Or(cmp.Compare(x.trust, y.trust), cmp.Compare(x.post, y.post), cmp.Compare(a, b)) > 0
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
