package importer

import (
	"io"
	"regexp"

	"github.com/go-json-experiment/json/jsontext"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// TikTok's export is one JSON file with everything in it, messages and
// addresses too; of these nothing is kept. Its lists have names of their own,
// in sections that were renamed in 2025.

// tiktokFile is the name of TikTok's export.
var tiktokFile = regexp.MustCompile(`^user_data(?:_tiktok)?(?: ?\(\d{1,3}\))?\.json$`)

var (
	tiktokNames = regexp.MustCompile(`^[A-Za-z0-9_.]{1,40}$`)
	tiktokLists = map[string]social.EdgeKind{"Following": social.Following, "FansList": social.Follower, "BlockList": social.Blocked}
)

// tiktok reads the follow lists wherever they stand; a list may be null, and a
// person may have left the section out.
func (r *reading) tiktok(p part, in io.Reader) error {
	var t tally
	list := ""
	err := anyList(in, func(name string) bool { list = name; return tiktokLists[name] != "" }, func(v jsontext.Value) error {
		name := r.text.text(get(v, "UserName"))
		if !tiktokNames.MatchString(name) || tooDeep(v) {
			return t.entry(r, errShape)
		}
		r.following.seen = r.following.seen || list == "Following"
		return t.entry(r, r.edgeTo(tiktokLists[list], social.Account{Network: social.TikTok, Username: name}))
	})
	if !r.following.seen && err == nil {
		r.e.warn(noFollowSection(p.name))
	}
	t.say(r, p)
	return t.torn(err)
}

func noFollowSection(name string) *fault.Fault {
	return fault.New(fault.Invalid, "no-follow-section",
		"{file} doesn't say whom you follow. Ask TikTok for the data again and choose all of it.", "file", shown(name))
}
