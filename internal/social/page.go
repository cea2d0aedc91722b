package social

import "time"

// LinkPage is a page that a person's profile links to and that may link to
// their other profiles: a link page such as Linktree's, or a site of their own.
type LinkPage struct {
	URL       string          // as the profile has it, https
	State     ResolutionState // how reading it ended: Found, Missing, GoneForGood, Refused or Ill
	Links     []PageLink
	CheckedAt time.Time
	Again     time.Time // when an Ill host said that it may be asked again, else zero
}

// PageLink is one link of a LinkPage.
type PageLink struct {
	URL string `json:"url"`
	Me  bool   `json:"me,omitempty"` // marked rel="me": the page's owner says that it is them, too
}
