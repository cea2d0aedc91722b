package web

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The browser sends exactly those files of a .zip that the importer reads: no
// more, for the person's sake, and no less.
func TestBrowserSendsWhatIsRead(t *testing.T) {
	script, err := staticFiles.ReadFile("static/upload.js")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`const wanted = /(.+)/i;`).FindSubmatch(script)
	if found == nil {
		t.Fatal("upload.js has no list of wanted files")
	}
	wanted := regexp.MustCompile(`(?i)` + strings.ReplaceAll(string(found[1]), `\/`, `/`))
	source, err := os.ReadFile("../importer/container.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`"([a-z-]+)":\s+\w+File,`).FindAllSubmatch(source, -1)
	if len(kinds) < 10 {
		t.Fatalf("only %d kinds of files were found in the importer", len(kinds))
	}
	for _, kind := range kinds {
		if name := string(kind[1]); !wanted.MatchString("data/"+name+".js") || !wanted.MatchString("twitter-2026/data/"+name+"-part2.js") {
			t.Errorf("%s is read but not sent", name)
		}
	}
	for _, name := range []string{"direct-messages", "direct-messages-group", "ip-audit", "ad-impressions", "contact", "phone-number", "email-address-change", "like", "deleted-tweets", "profile"} {
		if wanted.MatchString("data/" + name + ".js") {
			t.Errorf("%s would be sent", name)
		}
	}
	for _, path := range []string{"following.js", "twitter-2018-08-13-x/tweet.js", "data/js/tweets/2012_07.js", "x/data/js/user_details.js", "data/js/payload_details.js", "data/js/tweet_index.js", "tweets.csv"} {
		if !wanted.MatchString(path) {
			t.Errorf("%s is read but not sent", path)
		}
	}
	for _, path := range []string{"data/tweets_media/1-a.jpg", "assets/data/following.js.png", "a/b/following.js", "data/x/following.js", "data/js/tweets/x.js", "__MACOSX/data/._following.js", "direct-message.js"} {
		if wanted.MatchString(path) {
			t.Errorf("%s would be sent", path)
		}
	}
}

// Of exports of other places than X too, exactly what is read is sent.
func TestBrowserSendsOtherExports(t *testing.T) {
	script, err := staticFiles.ReadFile("static/upload.js")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`const others = /(.+)/i;`).FindSubmatch(script)
	if found == nil {
		t.Fatal("upload.js has no list of other files")
	}
	others := regexp.MustCompile(`(?i)` + strings.ReplaceAll(string(found[1]), `\/`, `/`))
	source, err := os.ReadFile("../importer/mastodon.go")
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, m := range regexp.MustCompile(`"([a-z_]+\.(?:json|csv))":\s+mastodon`).FindAllSubmatch(source, -1) {
		read = append(read, string(m[1]), "archive-1/"+string(m[1]))
	}
	if len(read) < 20 {
		t.Fatalf("only %d files of Mastodon were found in the importer", len(read))
	}
	for _, path := range append(read, "connections/followers_and_following/following.json", "x/followers_and_following/followers_12.json", "connections/followers_and_following/blocked_profiles.json",
		"your_instagram_activity/threads/following.json", "connections/followers/who_you've_followed.json", "connections/friends/your_friends.html", "user_data_tiktok.json") {
		if !others.MatchString(path) {
			t.Errorf("%s is read but not sent", path)
		}
	}
	for _, path := range []string{"likes.json", "bookmarks.json", "media_attachments/files/1/original/a.jpeg", "your_instagram_activity/messages/inbox/x/message_1.json",
		"personal_information/following.json.txt", "data/direct-messages.js", "connections/contacts/synced_contacts.json"} {
		if others.MatchString(path) {
			t.Errorf("%s would be sent", path)
		}
	}
}
