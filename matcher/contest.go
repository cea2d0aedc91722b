package matcher

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/social"
)

// identity is what makes two live Matches one account: the actor where it is
// known, else the Handle.
func identity(m social.Match) string {
	if m.ActorID != "" {
		return m.ActorID
	}
	return "acct:" + m.Handle.Key()
}

// adoptMoves gives a Match that moved the actor of the account it moved to,
// where another Match of the group knows it.
func adoptMoves(group []social.Match) {
	actors := map[string]string{}
	for _, m := range group {
		if m.ActorID != "" {
			actors[m.Handle.Key()] = m.ActorID
		}
	}
	for i, m := range group {
		if isLive(m) && m.ActorID == "" {
			group[i].ActorID = actors[m.Handle.Key()]
		}
	}
}

// mergeSame leaves one live Match per Account and identity: the one that was
// asked for by the Handle itself, else the first.
func mergeSame(group []social.Match) {
	type key struct {
		account  string
		identity string
	}
	kept := map[key]int{}
	for i, m := range group {
		if !isLive(m) {
			continue
		}
		k := key{accountKey(m.Account), identity(m)}
		had, again := kept[k]
		switch {
		case !again:
			kept[k] = i
		case m.Asked.Same(m.Handle) && !group[had].Asked.Same(group[had].Handle):
			absorb(&group[i], &group[had])
			kept[k] = i
		default:
			absorb(&group[had], &group[i])
		}
	}
}

func accountKey(a social.Account) string {
	switch {
	case a.ID != 0:
		return "row " + strconv.FormatInt(a.ID, 10)
	case a.NativeID != "":
		return "id " + a.NativeID
	}
	return "name " + strings.ToLower(a.Username)
}

// absorb moves the Evidence of other, which is the same account, to m.
func absorb(m, other *social.Match) {
	for _, e := range other.Evidence {
		m.Evidence = addEvidence(m.Evidence, e)
	}
	other.Handle, other.ActorID = social.Handle{}, ""
}

// tally counts the live Matches that speak for one Account or one identity.
type tally struct{ all, plain, certain int }

func (t *tally) count(m social.Match, by int) {
	t.all += by
	if !onlyMaybe(m.Evidence) {
		t.plain += by
	}
	if m.Certainty == social.Certain {
		t.certain += by
	}
}

// rivalry tells which Matches of one identity contest it. Accounts of several
// networks do not: one person may well have an account on each. Nor does an
// Account known by its name only where the same name is known by its number.
func rivalry(group []social.Match) func(social.Match) string {
	numbered := map[string]bool{}
	named := func(m social.Match) string {
		return string(m.Account.Network) + " " + strings.ToLower(m.Account.Username) + " " + identity(m)
	}
	for _, m := range group {
		if isLive(m) && m.Account.NativeID != "" && m.Account.Username != "" {
			numbered[named(m)] = true
		}
	}
	return func(m social.Match) string {
		key := string(m.Account.Network) + " " + identity(m)
		if m.Account.NativeID == "" && numbered[named(m)] {
			key += " again"
		}
		return key
	}
}

// contest settles what several live Matches of one Account, or of one identity
// for several Accounts, mean for each other. A certain one outweighs those
// that are not; two certain ones, or none, are a Conflict and left to the
// person, and then none is certain. A Match that is only a maybe contests
// nothing but its like.
func contest(group []social.Match, now time.Time) {
	accounts, identities := map[string]*tally{}, map[string]*tally{}
	rival := rivalry(group)
	for _, m := range group {
		if isLive(m) {
			at(accounts, accountKey(m.Account)).count(m, 1)
			at(identities, rival(m)).count(m, 1)
		}
	}
	graded := make([]social.Match, len(group))
	for i, m := range group {
		if isLive(m) {
			a, b := *accounts[accountKey(m.Account)], *identities[rival(m)]
			m = against(m, tally{a.all + b.all, a.plain + b.plain, a.certain + b.certain}, now)
		}
		graded[i] = m
	}
	copy(group, graded)
}

// against grades m beside its rivals; others counts them and, twice, m itself.
func against(m social.Match, others tally, now time.Time) social.Match {
	others.count(m, -2)
	certain := m.Certainty == social.Certain
	switch {
	case onlyMaybe(m.Evidence):
		m.Conflict = others.plain == 0 && others.all > 0
	case others.certain > 0 && !certain:
		f := weigh(m, now)
		f.outweighed = true
		m.Certainty = gradeOf(f).grade
	case others.certain > 0:
		m.Conflict, m.Certainty = true, social.Likely
	case !certain:
		m.Conflict = others.plain > 0
	}
	return m
}

func at(tallies map[string]*tally, key string) *tally {
	t := tallies[key]
	if t == nil {
		t = &tally{}
		tallies[key] = t
	}
	return t
}
