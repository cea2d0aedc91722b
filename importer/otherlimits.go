package importer

// The bounds of what files of other places than X may ask of us.
const (
	// maxColumns bounds a row of a table: twitter-web-exporter's have 24.
	maxColumns = 200
	// maxSampled is how many rows are looked at to tell what the columns hold.
	maxSampled = 50
	// maxMappings bounds a list that maps accounts to handles: all people of
	// Wikidata with an address in the fediverse are some 20,000.
	maxMappings = 200_000
	// maxClaims bounds how many handles one row may name.
	maxClaims = 10
)

// maxListName bounds the name under which a list's claims are shown.
const maxListName = 60

const (
	// maxPostMedia and maxPollOptions bound what hangs on one post; servers
	// that allow more than 4 stop at 32.
	maxPostMedia   = 32
	maxPollOptions = 32
	// maxMediaFolders is maxFolders for the pictures of Mastodon, which lie in
	// media_attachments/files/109/333/835/161/429/021/original.
	maxMediaFolders = 12
	// maxAlt bounds the description of one picture, in characters: Mastodon
	// allows 1,500, other servers 10,000.
	maxAlt = 10_000
)

// Bounds of a public list for the registry: more than all people of Wikidata.
const (
	maxRegistryRows  = 1_000_000
	maxRegistryBytes = 128 << 20
	maxRegistryHead  = 1 << 10 // in which the names of the columns stand
)

const (
	// maxBlocks and maxBlock bound a Bluesky repository; the protocol keeps
	// records below 1 MiB, and no account seen has a million of them.
	maxBlocks = 2_000_000
	maxBlock  = 2 << 20
	// maxTreeDepth is above the 32 levels that SHA-256 gives a tree of as many
	// keys as there can be.
	maxTreeDepth = 64
	// maxFacets bounds the links, mentions and tags of one post.
	maxFacets = 256
)
