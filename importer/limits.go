package importer

// The bounds of what strangers' files may ask of us. Each is well above every
// honest export that was seen and well below what would hurt.
const (
	// maxEntries and maxDirectory bound a zip's index, which is read before
	// anything is known of it: the largest archives hold some 100,000 media files.
	maxEntries   = 500_000
	maxDirectory = 128 << 20
	// maxName bounds one path, in bytes; longer ones are skipped.
	maxName = 1024
	// maxParts bounds the files read of one export: X splits posts at 100 MiB,
	// so that 50 GB of them are some 500.
	maxParts = 2_000
	// maxFolders bounds how deep below a given folder an export is looked for:
	// wrapper/twitter-…/data/tweets_media is the deepest that re-zipping makes.
	maxFolders = 5

	// maxRatio is how many bytes one packed byte may become once ratioFrom
	// bytes came out: deflate itself cannot exceed 1,032.
	maxRatio  = 1_100
	ratioFrom = 64 << 10
	// The text of one export may be totalFactor times the upload, but at
	// least minTotal and at most maxTotal: text grows 5 to 12 times, media do not.
	totalFactor = 4
	minTotal    = 20 << 30
	maxTotal    = 200 << 30

	// maxHead is how much of a file is looked at to recognise it; the wrapper
	// window.YTD.….part0 = is shorter than 100 bytes.
	maxHead = 4 << 10
	// maxRecord bounds one element of a list, in bytes of JSON; maxDepth its
	// nesting, which real exports keep below 12.
	maxRecord = 4 << 20
	maxDepth  = 32
	// maxNesting is the nesting at which a file is no longer JSON to anybody: that
	// of encoding/json.
	maxNesting = 10_000
	// maxText bounds one text of an element, in bytes.
	maxText = 64 << 10
	// maxNotes bounds the long texts of one export, which are kept while its posts
	// are read, in bytes: 16,000 posts of 4 KB.
	maxNotes = 64 << 20
	// maxDigits is the longest id; 19 digits may fit int64.
	maxDigits = 19
	// maxUsername is above X's own 15, since a few old accounts have more.
	maxUsername = 20
	// maxVersions is above the 6 that X allows of one edited post.
	maxVersions = 16
	// maxChain bounds how many posts above another in its thread are looked at.
	maxChain = 100_000
	// maxTag bounds the name of a language, in characters.
	maxTag = 35
	// maxLinks bounds how many links are kept of one profile.
	maxLinks = 20
	// maxLink bounds one link, in characters.
	maxLink = 500

	// maxAccounts and maxPosts bound one export; both are above every real
	// account seen.
	maxAccounts = 1_000_000
	maxPosts    = 5_000_000

	// The memory in which the posts of an export are told apart: a byte for each
	// filterShare of its text, which is some ten for the shortest post, from
	// minFilter up to maxFilter, with which maxPosts can still be told apart.
	filterShare = 40
	minFilter   = 256 << 10
	maxFilter   = 20 << 20

	// maxTitles bounds how many titles of lists one sentence names.
	maxTitles = 10
	// maxWarnings bounds the sentences about one export.
	maxWarnings = 50
)
