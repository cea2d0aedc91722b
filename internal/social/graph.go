package social

import "time"

// User is someone using Godwit. The key of a User who signed in is the host
// that issued the token together with the account's id there; the owner of a
// machine in local mode has neither.
type User struct {
	ID        int64
	Host      string // canonical host of the API that issued the first token
	RemoteID  RemoteID
	Handle    Handle
	ActorID   string
	Locale    string // a language of the pages, "" for the browser's choice
	Born      string // day on which the server says the account was made, YYYY-MM-DD; "" unknown
	CreatedAt time.Time
}

// Network names the place where an Account lives.
type Network string

// The networks that Godwit reads. A Username on Fediverse is a whole address,
// user@host.
const (
	X         Network = "x"
	Fediverse Network = "fediverse"
	Bluesky   Network = "bluesky"
	Threads   Network = "threads"
	Instagram Network = "instagram"
	TikTok    Network = "tiktok"

	TruthSocial Network = "truthsocial"
	Gab         Network = "gab"
)

// Name is how people call the network, "" for none that Godwit reads.
func (n Network) Name() string {
	return map[Network]string{
		X: "X", Fediverse: "Mastodon", Bluesky: "Bluesky", Threads: "Threads", Instagram: "Instagram", TikTok: "TikTok",
		TruthSocial: "Truth Social", Gab: "Gab",
	}[n]
}

// SourceKind names the kind of an export.
type SourceKind string

// The kinds of Sources.
const (
	KindXArchive    SourceKind = "x-archive"
	KindWebExporter SourceKind = "twitter-web-exporter"
	KindFedifinder  SourceKind = "fedifinder"
	KindTable       SourceKind = "table"   // a CSV with handles or usernames
	KindMapping     SourceKind = "mapping" // a Wikidata query result
	KindMastodon    SourceKind = "mastodon"
	KindBluesky     SourceKind = "bluesky"
	KindInstagram   SourceKind = "instagram"
	KindThreads     SourceKind = "threads"
	KindFacebook    SourceKind = "facebook"
	KindTikTok      SourceKind = "tiktok"
	KindXAPI        SourceKind = "x-api"        // answers of X's API
	KindMastodonAPI SourceKind = "mastodon-api" // answers of a server with Mastodon's, such as Truth Social's
)

// SourceState is where the reading of a Source stands.
type SourceState string

// The states of a Source.
const (
	SourceReceived SourceState = "received" // stored, waits to be read
	SourceReading  SourceState = "reading"
	SourceDone     SourceState = "done"
	SourceBroken   SourceState = "broken" // ended with a sentence, nothing of it kept
)

// Source is one upload from which a Graph is read.
type Source struct {
	ID         int64
	UserID     int64
	Kind       SourceKind
	State      SourceState
	Name       string // the file's own name, for showing
	Digest     string // SHA-256 in hex of what was uploaded, to recognise the same file again
	Spool      string // where the upload lies: our own random name in the spool, or a path given on the command line
	Keep       bool   // the bytes at Spool belong to the person and are not deleted after reading
	Hold       bool   // an upload that is kept after reading, for a Mirror
	Owner      Account
	ExportedAt time.Time
	Counts     Counts
	Warnings   []string
	FaultCode  string // when broken: the sentence's code, its values and its English text
	FaultArgs  map[string]string
	FaultSay   string
	Bytes      int64
	CreatedAt  time.Time
	ReadAt     time.Time // when reading ended
	Seconds    float64   // how long reading took
}

// Remote reports whether the Source still lies on the server of the account
// that it is read of.
func (s Source) Remote() bool {
	return s.Spool == "" && !s.Keep && (s.Kind == KindBluesky || s.Kind == KindMastodonAPI)
}

// Counts is what an export held, with the names and meanings that
// `godwit import --json` promises.
type Counts struct {
	Following      int `json:"following"`
	Followers      int `json:"followers"`
	Blocked        int `json:"blocked"`
	Muted          int `json:"muted"`
	Lists          int `json:"lists"`
	OnLists        int `json:"on_lists"` // of others
	Posts          int `json:"posts"`
	Replies        int `json:"replies"`
	Reposts        int `json:"reposts"`
	Quotes         int `json:"quotes"`
	Threads        int `json:"threads"`
	Media          int `json:"media"`
	MediaMissing   int `json:"media_missing"`
	Accounts       int `json:"accounts"`
	AccountsNamed  int `json:"accounts_named"`
	FollowingNamed int `json:"following_named"`
}

// EdgeKind is how the owner of a Source is connected to an Account.
type EdgeKind string

// The kinds of Edges.
const (
	Following EdgeKind = "following"
	Follower  EdgeKind = "follower"
	Blocked   EdgeKind = "blocked"
	Muted     EdgeKind = "muted"
	Listed    EdgeKind = "listed"
)

// Account is an identity on some network, as one User's Sources know it. An
// Account with a NativeID is known by it; only an Account without one is known
// by its Username, without regard to case.
type Account struct {
	ID          int64
	Network     Network
	NativeID    string // decimal digits on X, a DID on Bluesky
	Username    string // not addressable in the fediverse
	Name        string
	Bio         string
	Location    string
	URL         string   // expanded, never a shortener where the source tells the target
	Links       []string // further expanded links of the profile
	Pinned      string   // text of the pinned post
	PinnedLinks []string
	SeenAt      time.Time // when the source saw the profile so; the names are as of then
	Claims      []Claim
	Pages       []LinkPage // that the profile links to and that were read
}

// Claim is what an imported list says of an Account: that its person is at
// Handle. It is somebody's word and never proof.
type Claim struct {
	Handle Handle
	List   string    // what the list calls itself, or its file's name
	SeenAt time.Time // when the list was made, else when it was read
}

// Edge says that the owner of a Source is connected to Account.
type Edge struct {
	Kind    EdgeKind
	Account Account
}

// Record is one thing read from an export: an Edge, what a source knows of an
// Account without an Edge (a name for an id), or a Post. A Post comes with the
// zero Account.
type Record struct {
	Edge EdgeKind // "" when the record only names an Account, or is a Post
	List string   // of an Edge of kind Listed: the list's title
	Account
	Post *Post // nil for everything else
}
