// Package matcher finds the fediverse Handles that a person claims, and weighs
// what speaks for and against each.
//
// Extract reads texts and finds Handles in every way people write them;
// Candidates turns what it finds in an Account, and its Registrations, into
// Matches with Evidence; Grade weighs Matches whose Handles were looked up;
// Say gives each Evidence its sentence. All are pure: no clock, no disk, no
// network. A name that is merely the same is never a candidate.
//
// What the extractor cannot know, a look-up decides: whether a bare u@host is
// an e-mail address, whether a host is a fediverse server at all, whether a
// Bluesky account is bridged, whether a custom domain with /@u is a blog. And
// some things nobody can read in a text: whose handle an undecorated @u@host
// is, whether a joke is one.
package matcher

// The forms in which handles are written, as Finding.Form and Evidence.Form
// name them. They are stable: scripts and stored Evidence hold them.
const (
	FormHandle     = "handle"      // @u@host
	FormAddress    = "address"     // u@host
	FormSpaced     = "spaced"      // @u @host, u @ host
	FormSpelled    = "spelled"     // u (at) host dot tld, @u at host
	FormDotted     = "dotted"      // @u.host, of a known server
	FormOn         = "on"          // @u on host, @u (host), host: @u
	FormAcct       = "acct"        // acct:u@host
	FormUserinfo   = "userinfo"    // https://@u@host, https://u@host
	FormURL        = "url"         // host/@u, host/web/@u
	FormRemoteURL  = "url-remote"  // host/@u@remote: a view of remote's account
	FormUsersURL   = "url-users"   // host/users/u, host/user/u
	FormProfileURL = "url-profile" // host/u/u, host/profile/u, host/channel/u, host/a/u, host/accounts/u
	FormChannelURL = "url-channel" // host/c/u, host/video-channels/u of PeerTube
	FormBareURL    = "url-bare"    // host/u of Pixelfed, Pleroma, micro.blog and others
	FormFrontEnd   = "front-end"   // elk.zone/host/@u and others
	FormBlog       = "blog"        // u.write.as, u.micro.blog
	FormBridge     = "bridge"      // fed.brid.gy/bsky/…, fed.brid.gy/web/…
	FormRedirector = "redirector"  // …?u=u&s=host
	FormBluesky    = "bluesky"     // u.bsky.social, bsky.app/profile/…: a candidate at the bridge
)

// Why a Finding is only a maybe, as Finding.Why says it.
const (
	WhyMail    = "it may be an e-mail address"
	WhyTheirs  = "the words around it may name somebody else"
	WhyOld     = "the text calls it an old account"
	WhyPath    = "other kinds of sites have such addresses too"
	WhyOptIn   = "accounts there answer only where their owner turned sharing on"
	WhyBluesky = "it is a Bluesky name, which answers only where its owner turned on the bridge"
	WhyPost    = "a post often names other people"
	WhyGuess   = "it is not clear that this is meant as a handle"
	WhyChat    = "the text calls it an address of another service"
)

// Why something that looks like a handle is passed over, as Passed.Why says it.
const (
	PassTheirs      = "the words around it name somebody else"
	PassMail        = "by what stands around it, it is an e-mail address"
	PassMailbox     = "it is the name of a mailbox"
	PassChat        = WhyChat
	PassPlatform    = "its host is another platform, or gives mailboxes"
	PassMirror      = "its host copies X accounts or holds groups: never the person"
	PassPlaceholder = "it is an example that stands for any name"
	PassUnsaid      = "nothing says that it is meant as a handle"
	PassPost        = "it is the address of a post or a community"
	PassCut         = "it is cut off"
)
