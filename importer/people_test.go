package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"godwit/internal/social"
)

// told is what a reading told, a line for each record: the kind of Edge, whom
// it leads to, and what is claimed of them.
func (r result) told() (lines []string) {
	for _, x := range r.records {
		who := string(x.Network) + ":" + x.NativeID
		if x.Username != "" {
			who += "@" + x.Username
		}
		line := string(x.Edge) + " " + who
		for _, c := range x.Claims {
			line += " =" + c.Handle.String() + " by " + c.List
		}
		lines = append(lines, line)
	}
	return lines
}

func wide(text string, little bool, mark bool) string {
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	var b strings.Builder
	for _, u := range units {
		if little {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		} else {
			b.WriteByte(byte(u >> 8))
			b.WriteByte(byte(u))
		}
	}
	return b.String()
}

func TestTablesOfPeople(t *testing.T) {
	ida := []string{"following fediverse:@ida@mudflat.test", "following fediverse:@jun@tide.test"}
	onX := []string{"following x:@ida_x", "following x:@jun_x"}
	for name, tc := range map[string]struct {
		file, text string
		want       []string
	}{
		"handles, no header":       {"friends.csv", "ida@mudflat.test\njun@tide.test\n", ida},
		"signs, no last line feed": {"friends.csv", "@ida@mudflat.test\r\n@jun@tide.test", ida},
		"header in any language":   {"friends.csv", "Adresse;Notiz\nida@mudflat.test;a, b\njun@tide.test;\n", ida},
		"tabs":                     {"friends.tsv", "Name\tAccount address\nIda\tida@mudflat.test\nJun\tjun@tide.test\n", ida},
		"hint for Excel":           {"friends.csv", "sep=;\nHandle;Name\nida@mudflat.test;Ida\njun@tide.test;Jun\n", ida},
		"BOM":                      {"friends.csv", "\xef\xbb\xbfAccount address,Show boosts\nida@mudflat.test,true\njun@tide.test,true\n", ida},
		"UTF-16":                   {"friends.csv", wide("Account address\tShow boosts\r\nida@mudflat.test\ttrue\r\njun@tide.test\ttrue\r\n", true, true), ida},
		"UTF-16, other end":        {"friends.csv", wide("handle;name\r\nida@mudflat.test;鹬\r\njun@tide.test;🐦\r\n", false, true), ida},
		"UTF-16, no mark":          {"friends.txt", wide("ida@mudflat.test\r\njun@tide.test\r\n", true, false), ida},
		"several in a cell":        {"friends.csv", "name,handles\nIda,\"@ida@mudflat.test, jun@tide.test\"\n", ida},
		"twice":                    {"friends.csv", "ida@mudflat.test\nIDA@mudflat.test\njun@tide.test\n", []string{ida[0], "following fediverse:@IDA@mudflat.test", ida[1]}},
		"names on X":               {"friends.csv", "@ida_x\n@jun_x\n", onX},
		"pages on X":               {"friends.csv", "Profil\nhttps://x.com/ida_x\nhttps://twitter.com/jun_x/\n", onX},
		"names on X by heading":    {"friends.csv", "Name,Screen Name\nIda,ida_x\nJun,jun_x\n", onX},
		"handle means name":        {"friends.csv", "Handle,Name\nida_x,Ida\njun_x,Jun\n", onX},
		"both":                     {"who is where.csv", "twitter,mastodon\nida_x,@ida@mudflat.test\njun_x,\n", []string{"following x:@ida_x =ida@mudflat.test by who is where.csv", "following x:@jun_x"}},
		"Fedifinder's server list": {"fedifinder_accounts.csv", "Account address,Show boosts\nida@mudflat.test,true\njun@tide.test,true\n", ida},
		"Fedifinder": {"accounts.csv", "username,name,following,follower,lists,handles,location,description,urls,pinned_tweet\n" +
			`"ida_x","Ida",true,false,"[]","[""@ida@mudflat.test""]","","bio","[""https://ida.test""]",""` + "\n" + `"jun_x","Jun",false,true,"[]","[]","","","[]",""` + "\n",
			[]string{"following x:@ida_x =ida@mudflat.test by Fedifinder", "follower x:@jun_x"}},
		"Fedifinder's JSON": {"accounts.json", `{"ida_x":{"username":"ida_x","name":"Ida","following":true,"handles":["@ida@mudflat.test"],"urls":["https://ida.test"]},"jun_x":{"following":false,"follower":true,"handles":[]}}`,
			[]string{"following x:@ida_x =ida@mudflat.test by Fedifinder", "follower x:@jun_x"}},
		"web exporter, English": {"twitter-Following-1764100000000.csv", `"ID","Screen Name","Name","Description"` + "\n" + `"5","ida_x","Ida","bio"` + "\n", []string{"following x:5@ida_x"}},
		"web exporter, unknown": {"twitter-Following-1764100000000.csv", "nº,nombre,otro,texto,a,b,c,d,e,f,g,lugar,red,h,i,j,sigo,me sigue\n5,ida_x,Ida,bio,,,,,,,,here,https://ida.test,,,,true,false\n", []string{"following x:5@ida_x"}},
		"web exporter, Chinese": {"twitter-关注者-1764100000000.csv", "ID,用户名,名称\n5,ida_x,Ida\n", []string{"follower x:5@ida_x"}},
		"web exporter, marks":   {"twitter-ListMembers-1764100000000.csv", "ID,Screen Name,Following,Followed By\n5,ida_x,true,true\n6,jun_x,false,false\n", []string{"listed x:5@ida_x", "following x:5@ida_x", "follower x:5@ida_x", "listed x:6@jun_x", " x:6@jun_x"}},
	} {
		r := read(t, file(tc.file, tc.text))
		if r.err != nil {
			t.Errorf("%s: %v", name, r.err)
			continue
		}
		if got := r.told(); !slices.Equal(got, tc.want) || len(r.codes()) > 0 {
			t.Errorf("%s: %v %q\n got %q\nwant %q", name, r.err, r.codes(), got, tc.want)
		}
	}
}

// The columns that a table has besides are read into the Account.
func TestTableColumns(t *testing.T) {
	r := read(t, file("accounts.csv", "username,name,following,handles,location,description,urls,pinned_tweet\nida_x,Ida,true,[],Wadden,\"two\nlines\",\"https://ida.test,https://b.test\",pinned\n"))
	want := social.Account{Network: social.X, Username: "ida_x", Name: "Ida", Location: "Wadden", Bio: "two\nlines", URL: "https://ida.test", Links: []string{"https://b.test"}, Pinned: "pinned"}
	if len(r.records) != 1 || fmt.Sprintf("%+v", r.records[0].Account) != fmt.Sprintf("%+v", want) {
		t.Errorf("%v\n got %+v\nwant %+v", r.err, r.records, want)
	}
	if c := r.export.Counts(); c.Following != 1 || c.FollowingNamed != 1 || r.export.Kind() != social.KindTable {
		t.Errorf("%+v %s", c, r.export.Kind())
	}
}

func TestTableTroubles(t *testing.T) {
	for name, tc := range map[string]struct {
		file, text string
		codes      []string
		records    int
	}{
		"a row without anybody":   {"f.csv", "handle,note\nida@mudflat.test,\nnobody,x\njun@tide.test,\n", []string{"rows-skipped"}, 2},
		"somebody else's list":    {"twitter-Following-1764100000000.csv", "ID,Screen Name,Following\n5,ida_x,true\n6,jun_x,false\n", []string{"not-followed"}, 2},
		"posts":                   {"twitter-UserTweets-1764100000000.csv", "ID,Date,Text,Media,Screen Name\n5,2026-01-02,hello,[],ida_x\n", []string{"posts-as-table"}, 0},
		"header only":             {"f.csv", "Account address,Show boosts\n", []string{"empty-list"}, 0},
		"broken bytes":            {"f.csv", "handle\nida@mudflat.test\n\xff\xfe\n", []string{"rows-skipped"}, 1},
		"a JSON list cut":         {"accounts.json", `{"ida_x":{"handles":["@ida@mudflat.test"]},"jun_x":{"handles":[`, []string{"part-cut"}, 1},
		"a row of a thousand":     {"f.csv", "ida@mudflat.test\n" + strings.Repeat("x,", 1000) + "\njun@tide.test\n", []string{"part-cut"}, 1},
		"more than fits a record": {"f.csv", "ida@mudflat.test\n\"" + strings.Repeat("x", maxRecord+maxHead), []string{"part-cut"}, 1},
	} {
		r := read(t, file(tc.file, tc.text))
		if r.err != nil {
			t.Errorf("%s: %v", name, r.err)
			continue
		}
		if !slices.Equal(r.codes(), tc.codes) || len(r.records) != tc.records {
			t.Errorf("%s: %v %q %d records", name, r.err, r.export.Warnings(), len(r.records))
		}
	}
	for name, text := range map[string]string{"words.txt": "what I did on my holidays, and whom I met there\nnothing\n", "numbers.csv": "a,b\n1,2\n3,4\n", "bytes.csv": "\x00\x01\x02,\x03"} {
		if _, err := Open([]File{file(name, text)}); codeOf(err) != "unknown-file" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestZIP14Mappings(t *testing.T) {
	const heads = "item,itemLabel,xid,xname,address\r\n"
	row := func(q, number, name, address string) string {
		return "http://www.wikidata.org/entity/Q" + q + ",Ida," + number + "," + name + "," + address + "\r\n"
	}
	both := []string{" x:5 =ida@mudflat.test by Wikidata", " x:@jun_x =jun@tide.test by Wikidata"}
	for name, tc := range map[string]struct {
		file, text string
		want       []string
		codes      []string
	}{
		"CSV":                    {"query.csv", heads + row("1", "5", "ida_x", "ida@mudflat.test") + row("2", "", "jun_x", "jun@tide.test"), both, nil},
		"TSV":                    {"query.tsv", strings.ReplaceAll(heads+row("1", "5", "ida_x", "ida@mudflat.test")+row("2", "", "jun_x", "jun@tide.test"), ",", "\t"), both, nil},
		"property numbers":       {"query.csv", "P6552,P2002,P4033\n5,ida_x,ida@mudflat.test\n,jun_x,jun@tide.test\n", both, nil},
		"JSON":                   {"query.json", `[{"item":"http://www.wikidata.org/entity/Q1","xid":"5","xname":"ida_x","mastodon":"ida@mudflat.test"},{"item":"http://www.wikidata.org/entity/Q2","xname":"jun_x","mastodon":"jun@tide.test"}]`, both, nil},
		"SPARQL JSON":            {"sparql.json", `{"head":{"vars":["item","xid","xname","mastodon"]},"results":{"bindings":[{"item":{"type":"uri","value":"http://www.wikidata.org/entity/Q1"},"xid":{"type":"literal","value":"5"},"mastodon":{"type":"literal","value":"ida@mudflat.test"}},{"xname":{"value":"jun_x"},"mastodon":{"value":"jun@tide.test"}}]}}`, both, nil},
		"vandalised rows":        {"query.csv", heads + row("1", "5", "", "ida@mudflat.test") + row("2", "99999999999999999999", "", "jun@tide.test") + row("3", "7", "", "=HYPERLINK(1)") + row("4", "", "jun_x", "jun@tide.test"), both, []string{"rows-skipped"}},
		"one number, two places": {"query.csv", heads + row("1", "5", "", "ida@mudflat.test") + row("1", "5", "", "ida@other.test"), []string{both[0], " x:5 =ida@other.test by Wikidata"}, nil},
	} {
		r := read(t, file(tc.file, tc.text))
		if r.err != nil {
			t.Errorf("%s: %v", name, r.err)
			continue
		}
		if got := r.told(); !slices.Equal(got, tc.want) || !slices.Equal(r.codes(), tc.codes) || r.export.Kind() != social.KindMapping {
			t.Errorf("%s: %v %q\n got %q\nwant %q", name, r.err, r.codes(), got, tc.want)
		}
	}
	whole := heads + row("1", "5", "ida_x", "ida@mudflat.test") + row("2", "6", "jun_x", "jun@tide.test")
	for cut := len(heads) + len(row("1", "5", "ida_x", "ida@mudflat.test")) + 5; cut < len(whole)-1; cut++ {
		if r := read(t, file("query.csv", whole[:cut])); codeOf(r.err) != "mapping-cut" && codeOf(r.err) != "mapping-columns" {
			t.Errorf("cut at %d of %d: %v", cut, len(whole), r.err)
		}
	}
	list := `[{"item":"http://www.wikidata.org/entity/Q1","xid":"5","mastodon":"ida@mudflat.test"},{"item":"http://www.wikidata.org/entity/Q2","xid":"6","mastodon":"jun@tide.test"}]`
	for _, cut := range []int{len(list) * 2 / 3, len(list) - 1} {
		if r := read(t, file("query.json", list[:cut])); codeOf(r.err) != "mapping-cut" {
			t.Errorf("JSON cut at %d: %v", cut, r.err)
		}
	}
	if r := read(t, file("query.csv", "item,itemLabel\nhttp://www.wikidata.org/entity/Q1,Ida\n")); codeOf(r.err) != "mapping-columns" {
		t.Errorf("no columns: %v", r.err)
	}
}

func TestZIP14TooManyRows(t *testing.T) {
	if testing.Short() {
		t.Skip("200,000 rows")
	}
	text := "P6552,P4033\n" + strings.Repeat("5,ida@mudflat.test\n", maxMappings+1)
	if r := read(t, file("query.csv", text)); codeOf(r.err) != "too-many-rows" {
		t.Errorf("got %v", r.err)
	}
}

func FuzzTable(f *testing.F) {
	for _, text := range []string{"ida@mudflat.test\n", "sep=;\na;b\n", "username,handles,following\nida_x,\"[\"\"@ida@mudflat.test\"\"]\",true\n",
		wide("handle\tname\nida@mudflat.test\tx\n", true, true), "P6552,P4033\n5,ida@mudflat.test\n", "item,x\nhttp://www.wikidata.org/entity/Q1,1\n", "\"a\n"} {
		f.Add("f.csv", text)
	}
	f.Add("twitter-Following-1764100000000.csv", "ID,Screen Name\n5,ida_x\n")
	f.Add("accounts.json", `{"ida_x":{"handles":["@ida@mudflat.test"]}}`)
	f.Add("query.json", `{"head":{"vars":["a"]},"results":{"bindings":[{"a":{"value":"x"}}]}}`)
	f.Fuzz(func(t *testing.T, name, text string) { readAny(t, []File{file(name, text)}) })
}
