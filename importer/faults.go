package importer

import (
	"context"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The sentences about exports. Those that end the reading are of kind Invalid,
// since the person can mend them by choosing another file; the others are
// warnings, and everything else is still read.

func notAnExport() *fault.Fault {
	return fault.New(fault.Invalid, "not-an-export",
		`This file isn't an X export. An export is a .zip whose name starts with "twitter-".`)
}

func unknownFile(name string) *fault.Fault {
	return fault.New(fault.Invalid, "unknown-file",
		"{file} is none of the kinds we can read. Kinds we can read: {list}.",
		"file", shown(name), "list", "the .zip from X, its folder, following.js, follower.js, block.js, mute.js, account.js, tweets.js and its parts, the .json or .csv of twitter-web-exporter, "+
			"a .csv with handles or names on X, accounts.json of Fedifinder, a query result of Wikidata, "+
			"an archive of Mastodon, the .car of Bluesky, the JSON of Instagram, Threads or TikTok")
}

func htmlOnly() *fault.Fault {
	return fault.New(fault.Invalid, "html-only",
		"This is the page for reading the archive, not the data. Choose the whole .zip.")
}

func zipTruncated() *fault.Fault {
	return fault.New(fault.Invalid, "zip-truncated",
		"The .zip ends in the middle: the download from X wasn't finished. Download it again, then choose it here.")
}

func zipDamaged() *fault.Fault {
	return fault.New(fault.Invalid, "zip-damaged",
		"The .zip is damaged, so nothing of it was read. Download it again from X, then choose it here.")
}

func zipFromMac() *fault.Fault {
	return fault.New(fault.Invalid, "zip-from-mac",
		`This .zip was packed by a Mac, which writes files over 4 GB so that nobody can read them back. Unpack it and give us the folder, or these files from its folder "data": following.js, follower.js, account.js, tweets.js (and tweets-part1.js … if present).`)
}

func zipEncrypted(name string) *fault.Fault {
	return fault.New(fault.Invalid, "zip-encrypted",
		"{file} in the .zip is locked with a password. Unpack the .zip on your device and choose the files from it, or the original from X.", "file", shown(name))
}

func zipMethod(name string) *fault.Fault {
	return fault.New(fault.Invalid, "zip-method",
		"{file} in the .zip is packed in a way that X doesn't use and we can't read. Choose the original from X, or unpack it and choose the files.", "file", shown(name))
}

func zipTwice(name string) *fault.Fault {
	return fault.New(fault.Invalid, "zip-duplicate",
		"The .zip holds {file} twice with different content, so we can't tell which is right. Nothing of it was kept. Choose the original from X.", "file", shown(name))
}

func zipMismatch(name string) *fault.Fault {
	return fault.New(fault.Invalid, "zip-mismatch",
		"The .zip contradicts itself about {file}. Nothing of it was kept. Choose the original from X.", "file", shown(name))
}

func unsafeArchive() *fault.Fault {
	return fault.New(fault.Invalid, "unsafe-archive",
		"Something in the file isn't as X makes it (it unpacks to far too much). We stopped and kept nothing of it.")
}

func tooManyFiles() *fault.Fault {
	return fault.New(fault.TooLarge, "too-many-files",
		"There are far more files in it than in any export. We stopped and kept nothing of it. Choose the .zip from X, or its folder.")
}

func twoOwners(a, b string) *fault.Fault {
	return fault.New(fault.Invalid, "two-owners",
		"These files are the exports of two accounts, @{a} and @{b}. Nothing of them was kept; give us one at a time.", "a", a, "b", b)
}

func unreadable(err error) *fault.Fault {
	return fault.New(fault.Disk, "unreadable", "We couldn't read the file from the disk. Nothing of it was kept; try again.").Because(err)
}

func stopped(ctx context.Context) *fault.Fault {
	return fault.New(fault.Broken, "stopped", "Reading was stopped before the end. It starts again by itself.").Because(context.Cause(ctx))
}

// ---- warnings

func noFollowList() *fault.Fault {
	return fault.New(fault.Invalid, "no-follow-list",
		"The export has no list of whom you follow. We'll use the rest; ask X for a new export to get it.")
}

func emptyList(username string) *fault.Fault {
	if username == "" {
		return fault.New(fault.Invalid, "empty-list",
			"The export says that you follow nobody. If that's wrong, it may be the export of another account.")
	}
	return fault.New(fault.Invalid, "empty-list",
		"The export says that you follow nobody. If that's wrong, it may be the export of another account: @{username}.", "username", username)
}

func partLost(name string, cause error) *fault.Fault {
	return fault.New(fault.Invalid, "part-lost",
		"One part couldn't be read: {file}. Everything else is in.", "file", shown(name)).Because(cause)
}

func partCut(name string, at int64, n int) *fault.Fault {
	return fault.New(fault.Invalid, "part-cut",
		"{file} can't be read beyond byte {byte}. We took the {n} entries before it, and everything else is in.",
		"file", shown(name), "byte", strconv.FormatInt(at, 10), "n", strconv.Itoa(n))
}

func jsonCut(name string, at int64, n int) *fault.Fault {
	return fault.New(fault.Invalid, "json-cut",
		"The .json stops in the middle, after {n} people. We took those; save the list again to get the rest. ({file}, byte {byte})",
		"file", shown(name), "byte", strconv.FormatInt(at, 10), "n", strconv.Itoa(n))
}

func trailing(name string, at int64) *fault.Fault {
	return fault.New(fault.Invalid, "trailing",
		"{file} goes on after its end, from byte {byte}. That part was left out.", "file", shown(name), "byte", strconv.FormatInt(at, 10))
}

func entriesSkipped(name string, n int) *fault.Fault {
	return fault.New(fault.Invalid, "entries-skipped",
		"{n} entries of {file} aren't as X writes them and were left out.", "file", shown(name), "n", strconv.Itoa(n))
}

func textsMended(name string, n int) *fault.Fault {
	return fault.New(fault.Invalid, "texts-mended",
		"{n} texts in {file} held broken characters, which were replaced.", "file", shown(name), "n", strconv.Itoa(n))
}

func countDiffers(name string, is, listed int) *fault.Fault {
	return fault.New(fault.Invalid, "count-differs",
		"{file} holds {n} entries, but the export's own index says {listed}. We took what is there.",
		"file", shown(name), "n", strconv.Itoa(is), "listed", strconv.Itoa(listed))
}

func partMissing(name string, listed int) *fault.Fault {
	return fault.New(fault.Invalid, "part-missing",
		"The export's own index lists {file} with {listed} entries, but it isn't there. Everything else is in.",
		"file", shown(name), "listed", strconv.Itoa(listed))
}

func namesSkipped(n int) *fault.Fault {
	return fault.New(fault.Invalid, "names-skipped",
		"{n} files have names that no export has; they were left out.", "n", strconv.Itoa(n))
}

func linksSkipped(name string, n int) *fault.Fault {
	return fault.New(fault.Invalid, "links-skipped",
		"{n} files are only links to other places and were left out, {file} among them.", "file", shown(name), "n", strconv.Itoa(n))
}

func innerZip(name string) *fault.Fault {
	return fault.New(fault.Invalid, "inner-zip",
		"The pictures and videos are packed once more in {file}, which isn't opened. Unpack it and give us the folder if you want to carry posts over.", "file", shown(name))
}

func notesTooLong() *fault.Fault {
	return fault.New(fault.TooLarge, "notes-too-long", "The long posts hold more text than we can take. Some of them end after their first 280 characters.")
}

func splitExport() *fault.Fault {
	return fault.New(fault.Invalid, "split-export", "X has split this export into several .zip files. Give us the others too, together with this one.")
}

func secondExport(folder string) *fault.Fault {
	return fault.New(fault.Invalid, "second-export",
		"There is more than one export in it. We read the one in {folder}; give us the others one at a time.", "folder", shown(folder))
}

func tooManyPosts() *fault.Fault {
	return fault.New(fault.TooLarge, "too-many-posts", "The export holds more posts than we can take. We took the first {n}.", "n", strconv.Itoa(maxPosts))
}

func tooManyAccounts() *fault.Fault {
	return fault.New(fault.TooLarge, "too-many-accounts", "The export names more people than we can take. We took the first {n}.", "n", strconv.Itoa(maxAccounts))
}

func notFollowed(name string, n int) *fault.Fault {
	return fault.New(fault.Invalid, "not-followed",
		"{file} says itself that you don't follow {n} of its people, so they were left out. It may be somebody else's list.", "file", shown(name), "n", strconv.Itoa(n))
}

// shown makes a stranger's file name fit for a sentence.
func shown(name string) string { return social.Printable(name, social.MaxSay) }

// listsAlone says what an export tells of lists: titles, but not who is on them.
func listsAlone(n int, titles []string) *fault.Fault {
	return fault.New(fault.Invalid, "lists-alone",
		"X doesn't say who is on your {n} lists, among them {titles}. Save the members on each list's page with twitter-web-exporter, and choose those files here too.",
		"n", strconv.Itoa(n), "titles", strings.Join(titles, ", "))
}
