package matcher

import (
	"strings"

	"godwit/internal/social"
)

// Text is one text of a person's profile and the place where it stands.
type Text struct {
	Field social.EvidenceKind
	Text  string
}

// Finding is one Handle found in a text.
type Finding struct {
	Handle  social.Handle
	Form    string              // how it was written, one of the Form… constants
	Maybe   bool                // only a look-up can settle it; never followed without one
	Why     string              // why only a maybe, one of the Why… constants
	Kind    social.EvidenceKind // the field in which it was found
	Context string              // the words around it, normalised, at most social.MaxSay characters
}

// Extract finds the Handles that texts claim as their author's own, in order
// of appearance, one Finding per Handle; a plain claim anywhere outweighs a
// maybe. What the wording gives to somebody else, and what is plainly no
// Handle, is left out. Canonically equivalent texts give the same answer.
func Extract(texts []Text, realm social.Realm) []Finding {
	var all []Finding
	for _, t := range texts {
		all = extractOne(t, realm, all)
	}
	if len(all) < 2 {
		return all
	}
	return merge(all)
}

// Passed is something in a text that looks like a handle and is not reported.
type Passed struct {
	Text string // as it was read, at most social.MaxSay characters
	Why  string // one of the Pass… constants
}

// Explain is Extract, with what was passed over and why.
func Explain(texts []Text, realm social.Realm) (found []Finding, passed []Passed) {
	for _, t := range texts {
		text, worth := prepare(t.Text)
		if !worth {
			continue
		}
		s := scanner{t: text, field: t.Field, realm: realm, out: found, first: len(found), explains: true}
		s.run()
		found, passed = s.out, append(passed, s.passed...)
	}
	return merge(found), passed
}

// extractOne appends the Findings of one text, one per Handle.
func extractOne(t Text, realm social.Realm, all []Finding) []Finding {
	text, worth := prepare(t.Text)
	if !worth {
		return all
	}
	s := scanner{t: text, field: t.Field, realm: realm, out: all, first: len(all)}
	s.run()
	return s.out
}

// merge keeps one Finding per Handle in order of appearance.
func merge(all []Finding) []Finding {
	kept := all[:0]
	for _, f := range all {
		if i := indexOf(kept, f.Handle); i < 0 {
			kept = append(kept, f)
		} else if kept[i].Maybe && !f.Maybe {
			kept[i] = f
		}
	}
	return kept[:min(len(kept), maxFindings)]
}

func indexOf(findings []Finding, h social.Handle) int {
	for i, f := range findings {
		if f.Handle.Same(h) {
			return i
		}
	}
	return -1
}

// around returns the words round t[start:end], at most social.MaxSay
// characters, cut at the neighbouring spaces, with spelled-out signs spelled
// out again.
func around(t string, start, end int) string {
	const side = 60
	if start > side {
		if i := strings.IndexByte(t[start-side:start], ' '); i >= 0 {
			t, end = t[start-side+i+1:], end-(start-side+i+1)
		} else {
			t, end = t[start:], end-start
		}
	}
	if end+side < len(t) {
		if i := strings.LastIndexByte(t[end:end+side], ' '); i >= 0 {
			t = t[:end+i]
		} else {
			t = t[:end]
		}
	}
	if strings.ContainsAny(t, signs) {
		t = signWords.Replace(t)
	}
	if len(t) > social.MaxSay {
		return social.Clean(t, social.MaxSay)
	}
	return t
}
