package importertest

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
	"time"
)

// Archive is what an export of X holds.
type Archive struct {
	Owner        Person
	OldUsernames []string // of the owner, oldest first
	ExportedAt   time.Time
	Following    []Person
	Followers    []Person
	Blocked      []Person
	Muted        []Person
	Lists        []string // addresses of lists that the owner made
	OnLists      []string // and of those that others put the owner on
	Tweets       []Tweet
	Deleted      []Tweet
	Community    []Tweet
	Circle       []Tweet
	Protected    bool // only followers can read the posts, since a day before the export
	Form         Form
	PartSize     int               // posts per tweets.js, its parts after; 0 for one file
	Prefix       string            // a folder around everything, as re-zipping makes it
	Leave        []string          // paths below Prefix to leave out, the manifest still lists them
	Extra        map[string]string // further files below Prefix, verbatim
}

// Form is one of the forms that exports of X have had. The zero Form is the
// present one.
type Form int

// The Forms, the newest first.
const (
	Archive2022 Form = iota // data/tweets.js, with edits and notes
	Archive2020             // data/tweet.js
	Flat2018                // tweet.js beside following.js, without any index
	Tweets2012              // the "tweet archive": public posts only, by month
)

// kind is the name by which the posts' file is known.
func (f Form) kind() string {
	if f == Archive2022 {
		return "tweets"
	}
	return "tweet"
}

// path is where a file of data/ lies.
func (f Form) path(name string) string {
	if f == Flat2018 {
		return strings.TrimPrefix(name, "data/")
	}
	return name
}

// WriteArchive writes a as the zip that X gives out.
func WriteArchive(w io.Writer, a Archive) error {
	z := zip.NewWriter(w)
	if err := a.each(func(name, text string) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.ExportedAt})
		if err != nil {
			return err
		}
		_, err = io.WriteString(f, text)
		return err
	}); err != nil {
		return err
	}
	return z.Close()
}

// Files are the texts of a by their path: for an unzipped folder, for single
// files, and for zips built by hand.
func (a Archive) Files() map[string]string {
	files := map[string]string{}
	_ = a.each(func(name, text string) error { files[name] = text; return nil })
	return files
}

// dataFile is one file of data/ with how often its element occurs.
type dataFile struct {
	kind, name, global, text string
	count                    int
}

// each gives every file in the order of a real archive.
func (a Archive) each(emit func(name, text string) error) error {
	leave := map[string]bool{}
	for _, name := range a.Leave {
		leave[name] = true
	}
	put := func(name, text string) error {
		if leave[name] {
			return nil
		}
		return emit(a.Prefix+name, text)
	}
	if err := a.text(put); err != nil {
		return err
	}
	for name, text := range a.media() {
		if err := put(name, text); err != nil {
			return err
		}
	}
	for name, text := range a.Extra {
		if err := put(name, text); err != nil {
			return err
		}
	}
	return nil
}

// text gives the files that are no media.
func (a Archive) text(put func(name, text string) error) error {
	if a.Form == Tweets2012 {
		return a.grail(put)
	}
	files := a.data()
	all := []dataFile{{name: "Your archive.html", text: "<!DOCTYPE html><title>Your archive</title>"}, {name: "data/manifest.js", text: a.manifest(files)}}
	if a.Form == Flat2018 {
		all = []dataFile{{name: "README.txt", text: "Your data"}}
	}
	for _, f := range append(all, files...) {
		if err := put(a.Form.path(f.name), f.text); err != nil {
			return err
		}
	}
	return nil
}

func (a Archive) data() []dataFile {
	files := append(a.small(), a.tweets()...)
	files = append(files, a.tweetFile("deletedTweets", "data/deleted-tweets.js", "deleted_tweets.part0", a.Deleted))
	if a.Form != Archive2022 {
		return files
	}
	return append(files,
		a.tweetFile("communityTweet", "data/community-tweet.js", "community_tweet.part0", a.Community),
		a.tweetFile("twitterCircleTweet", "data/twitter-circle-tweet.js", "twitter_circle_tweet.part0", a.Circle),
		a.notes())
}

// small are the files that hold no posts.
func (a Archive) small() []dataFile {
	return append([]dataFile{
		a.account(),
		a.people("following", "following", a.Following),
		a.people("follower", "follower", a.Followers),
		a.people("block", "blocking", a.Blocked),
		a.people("mute", "muting", a.Muted),
		a.screenNames(),
		a.protection(),
	}, a.lists()...)
}

// wrap makes a file of elements that are JSON already.
func wrap(kind, name, global string, elements []string) dataFile {
	var b strings.Builder
	b.WriteString("window.YTD." + global + " = [")
	for i, e := range elements {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n" + e)
	}
	if len(elements) == 0 {
		b.WriteString(" ")
	} else {
		b.WriteString("\n")
	}
	b.WriteString("]")
	return dataFile{kind: kind, name: name, global: "YTD." + global, text: b.String(), count: len(elements)}
}

func (a Archive) people(name, element string, list []Person) dataFile {
	var elements []string
	for _, p := range list {
		elements = append(elements, string(appendEdge(nil, element, p.ID, a.Form)))
	}
	return wrap(name, "data/"+name+".js", name+".part0", elements)
}

func appendEdge(b []byte, element, id string, form Form) []byte {
	if form == Flat2018 {
		return fmt.Appendf(b, "  {\n    %q : {\n      \"accountId\" : %q\n    }\n  }", element, id)
	}
	return fmt.Appendf(b, "  {\n    %q : {\n      \"accountId\" : %q,\n      \"userLink\" : \"https://twitter.com/intent/user?user_id=%s\"\n    }\n  }", element, id, id)
}

func (a Archive) account() dataFile {
	b := []byte("  {\n    \"account\" : {\n")
	b = field(b, 6, "email", "owner@mail.test")
	b = field(b, 6, "createdVia", "web")
	b = field(b, 6, "username", a.Owner.Username)
	b = field(b, 6, "accountId", a.Owner.ID)
	b = field(b, 6, "createdAt", "2010-03-24T16:31:05.000Z")
	b = field(b, 6, "accountDisplayName", a.Owner.Name)
	return wrap("account", "data/account.js", "account.part0", []string{string(b[:len(b)-2]) + "\n    }\n  }"})
}

// lists are the files of lists, of which X tells nothing but the addresses.
func (a Archive) lists() []dataFile {
	return []dataFile{
		wrap("listsCreated", "data/lists-created.js", "lists_created.part0", a.listLinks(a.Lists)),
		wrap("listsMember", "data/lists-member.js", "lists_member.part0", a.listLinks(a.OnLists)),
	}
}

func (a Archive) listLinks(links []string) (elements []string) {
	if a.Form == Flat2018 && len(links) > 0 {
		return []string{"  { \"userListInfo\" : { \"urls\" : [ \"" + strings.Join(links, `", "`) + "\" ] } }"}
	}
	for _, link := range links {
		elements = append(elements, fmt.Sprintf("  {\n    \"userListInfo\" : {\n      \"url\" : %q\n    }\n  }", link))
	}
	return elements
}

func (a Archive) screenNames() dataFile {
	var elements []string
	for i, old := range a.OldUsernames {
		to := a.Owner.Username
		if i+1 < len(a.OldUsernames) {
			to = a.OldUsernames[i+1]
		}
		elements = append(elements, fmt.Sprintf("  {\n    \"screenNameChange\" : {\n      \"accountId\" : %q,\n      \"screenNameChange\" : {\n        \"changedAt\" : \"2019-0%d-01T00:00:00.000Z\",\n        \"changedFrom\" : %q,\n        \"changedTo\" : %q\n      }\n    }\n  }", a.Owner.ID, i+1, old, to))
	}
	return wrap("screenNameChange", "data/screen-name-change.js", "screen_name_change.part0", elements)
}

// protection is when the posts became visible to followers only.
func (a Archive) protection() dataFile {
	var elements []string
	if a.Protected {
		elements = []string{fmt.Sprintf("  {\n    \"protectedHistory\" : {\n      \"protectedAt\" : %q,\n      \"action\" : \"Protect\"\n    }\n  }",
			a.ExportedAt.Add(-24*time.Hour).UTC().Format("2006-01-02T15:04:05.000Z"))}
	}
	return wrap("protectedHistory", "data/protected-history.js", "protected_history.part0", elements)
}

// notes is the file with the whole texts of long posts.
func (a Archive) notes() dataFile {
	var elements []string
	for _, t := range a.Tweets {
		if t.Note != nil {
			elements = append(elements, string(appendNote(nil, t)))
		}
	}
	return wrap("noteTweet", "data/note-tweet.js", "note_tweet.part0", elements)
}

// tweets are tweet.js or tweets.js, with the parts.
func (a Archive) tweets() []dataFile {
	kind := a.Form.kind()
	size := a.PartSize
	if size <= 0 {
		size = max(len(a.Tweets), 1)
	}
	files := []dataFile{a.tweetFile(kind, "data/"+kind+".js", kind+".part0", a.Tweets[:min(size, len(a.Tweets))])}
	for n, from := 1, size; from < len(a.Tweets); n, from = n+1, from+size {
		part := a.Tweets[from:min(from+size, len(a.Tweets))]
		files = append(files, a.tweetFile(kind, fmt.Sprintf("data/%s-part%d.js", kind, n), fmt.Sprintf("%s.part%d", kind, n), part))
	}
	return files
}

func (a Archive) tweetFile(kind, name, global string, tweets []Tweet) dataFile {
	var elements []string
	for _, t := range tweets {
		elements = append(elements, string(appendTweet(nil, t, a.Form)))
	}
	return wrap(kind, name, global, elements)
}

// mediaFolder is where a form keeps media; the oldest kept none.
func (f Form) mediaFolder() string {
	switch f {
	case Archive2022:
		return "data/tweets_media/"
	case Archive2020:
		return "data/tweet_media/"
	}
	return "tweet_media/"
}

// media are the files that the posts refer to and that are not missing.
func (a Archive) media() map[string]string {
	files := map[string]string{}
	if a.Form == Tweets2012 {
		return files
	}
	add := func(folder string, tweets []Tweet) {
		for _, t := range tweets {
			for _, m := range t.Media {
				if !m.Missing {
					files[folder+m.FileName(t.ID)] = "media " + m.File
				}
			}
		}
	}
	add(a.Form.mediaFolder(), a.Tweets)
	add("data/community_tweet_media/", a.Community)
	return files
}

func (a Archive) manifest(data []dataFile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "window.__THAR_CONFIG = {\n  \"userInfo\" : {\n    \"accountId\" : %q,\n    \"userName\" : %q,\n    \"displayName\" : %s\n  },\n",
		a.Owner.ID, a.Owner.Username, quoted(nil, a.Owner.Name))
	fmt.Fprintf(&b, "  \"archiveInfo\" : {\n    \"sizeBytes\" : \"1\",\n    \"generationDate\" : %q,\n    \"isPartialArchive\" : false,\n    \"maxPartSizeBytes\" : \"53687091200\"\n  },\n",
		a.ExportedAt.UTC().Format("2006-01-02T15:04:05.000Z"))
	b.WriteString("  \"dataTypes\" : {")
	for i := 0; i < len(data); {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n    %q : {\n      \"files\" : [", data[i].kind)
		for first := i; i < len(data) && data[i].kind == data[first].kind; i++ {
			if i > first {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, "\n        {\n          \"fileName\" : %q,\n          \"globalName\" : %q,\n          \"count\" : \"%d\"\n        }", data[i].name, data[i].global, data[i].count)
		}
		b.WriteString("\n      ]\n    }")
	}
	b.WriteString("\n  }\n}")
	return b.String()
}
