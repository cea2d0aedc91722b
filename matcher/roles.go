package matcher

import (
	"strings"
	"unicode/utf8"
)

// roleEndings end the names of trades and roles in the languages that make them
// so: bassist, Sprecherin, guitariste, redattrice.
var roleEndings = [...]string{"er", "or", "ist", "ian", "erin", "istin", "orin", "eur", "euse", "iste", "ista", "trice", "ora", "ière", "ante", "ário", "ária", "ario", "aria"}

// noRoles are words that end like one.
var noRoles = set("over twitter ever never other another after later together forever summer winter better number paper computer water weather newsletter for or nor her hier immer wieder " +
	"unter aber oder über weiter server user poster mirror whatever however rather under either neither super hour your our color colour ahora hora señora senhora agora por amor mejor melhor mayor menor " +
	"favor calor hiver mer cher leer ser ver ter fazer hacer ayer mujer mulher seguir diario varia hist exist list dezember november oktober september october december fier hier dernier premier quartier " +
	"maar meer weer keer onder zonder hier letter sinister offer answer monster register folder center diaspora flora aurora nora antes importante restante ante " +
	"happier easier busier quieter nicer calmer safer closer longer faster louder further farther newer older remember prefer discover dinner matter")

func isRole(word []byte) bool {
	if word[0] == '#' {
		return false
	}
	for _, ending := range roleEndings {
		if len(word) > len(ending)+1 && string(word[len(word)-len(ending):]) == ending {
			return !noRoles[string(word)]
		}
	}
	return false
}

// post says whose a handle is that a job or a role leads to.
func (w *words) post(c cue, r reading) mood {
	switch {
	case r.belongs && c.gap <= jobWords:
		return theirs // "writer at"
	case c.gap > 0 || w.breaks[c.first]:
		return none // a list of what the author is
	case w.colon && isRole(w.phrase(w.n-1, w.n)):
		return post
	case w.colon:
		return desk // "work: u@host"
	}
	return when(!w.apart, could) // "founder @u@host": of it, or known as it
}

// isObject reports whether word k is a verb with "I" before it and the handle
// directly behind: what the author loves, runs or makes.
func (w *words) isObject(k int) bool {
	return k > 0 && k == w.n-1 && !w.apart && string(w.phrase(k-1, k)) == "i"
}

// attributed reports whether the handle at start stands behind a quotation and
// a dash: who said it.
func (s *scanner) attributed(start int) bool {
	before := strings.TrimRight(s.t[max(0, start-maxSignWord):start], " ")
	if before == "" || before[len(before)-1] < utf8.RuneSelf && before[len(before)-1] != '-' {
		return false
	}
	quoted := strings.TrimRight(before, "-–— ")
	last, _ := utf8.DecodeLastRuneInString(quoted)
	return len(quoted) < len(before) && strings.ContainsRune("\"”»’」", last)
}

// belongs reports whether between two handles stands only what gives the first
// to the second: "@u@host at @firm@host".
func (s *scanner) belongs(between string) bool {
	word := strings.Trim(between, " )]")
	return len(word) <= maxSignWord && cuesBefore.phrases[lower(word)] == of
}

// isAbout reports whether a cue is whom the words up to the handle speak of: a
// relation with "my" before it, or one that needs none, and nobody who speaks
// of themselves between.
func (w *words) isAbout(c cue, r reading) bool {
	related := (c.mood == tag || c.mood == near || c.mood == dear) && w.isOwn(c.first-1) || c.mood == dear && w.script[c.first]
	if !related || c.gap == 0 || c.gap > farWords || r.mood != none && r.mood != mine {
		return false
	}
	for k := c.first + 1; k < w.n; k++ {
		if firstPersons[string(w.phrase(k, k+1))] || w.breaks[k] {
			return false
		}
	}
	return true
}

// firstPersons are the words by which people speak of themselves.
var firstPersons = set("i i'm i’m me we us myself ich mich mir wir uns je j'ai moi nous yo nos nosotros estoy estamos eu nós io ci ik wij we ons 私 僕 我 나 저")
