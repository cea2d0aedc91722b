package importer

// Bounds of what is read of a feed, whose bytes fedi bounds.
const (
	feedDepth   = 64      // elements in each other
	feedItems   = 200     // newest first, as feeds are written
	feedID      = 500     // characters of an id; a longer one is known by its hash
	feedTitle   = 300     // characters
	feedExcerpt = 400     // characters of an article of which the title is shown
	feedText    = 2_000   // characters of an entry without a title
	feedPeriod  = 24 * 60 // minutes of a <ttl>
	feedLinks   = 20      // feeds that a page may name
	jsonDepth   = 32      // of a record of Bluesky
)
