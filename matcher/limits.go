package matcher

import "time"

// Bounds of the texts of strangers (threats, row REG-12), in characters.
const (
	maxText       = 10_000 // of one text before it is normalised; the rest is not read
	maxNormalised = 40_000 // after; one character may become 18
)

// Bounds of what the scanner looks at around one at sign or slash, in octets.
// They keep the work linear in the text whatever it holds.
const (
	maxUserRun  = 128 // of a name; social refuses longer ones
	maxHostRun  = 253 // of a host, RFC 1035
	maxSegment  = 300 // of one part of a URL's path: a host, or user@host
	maxSignWord = 32  // of a word that stands for a sign
	maxBefore   = 96  // of the words before a handle that are weighed
	maxAfter    = 48  // of the words after it
	maxSentence = 240 // of the sentence before it, where the words leave all open
	fewWords    = 24  // of a post that is about a handle and nothing else
)

// maxFindings bounds the handles reported of one person: nobody claims more,
// and each costs a look-up.
const maxFindings = 20

// Bounds of the pages that profiles link to.
const (
	maxPages       = 2 // of one person
	maxPageAddress = 512
	maxPageLinks   = 40 // kept of a page
	maxPageHandles = 3  // on a page; one with more is about others, too
)

// staleAfter is the age at which a claim is old: the X name may belong to
// somebody else since, the handle too (row REG-06).
const staleAfter = 180 * 24 * time.Hour

// uncheckedAfter is the age of the last look at a Registration's proofs after
// which it counts as gone: looks are 30 days apart, and some come late.
const uncheckedAfter = 45 * 24 * time.Hour

// registrationFresh is how long the answer that proved a Registration stands
// in for a look-up: as long as the longest positive answer is kept.
const registrationFresh = 3 * 24 * time.Hour
