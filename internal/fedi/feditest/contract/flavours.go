package contract

import "godwit/internal/social"

// manner is where the flavours differ. Every part of the suite runs on every
// flavour: what a flavour lacks is a status here, asserted like the rest.
// Where the values come from: GoToSocial and snac from recordings of real
// servers; Mastodon, of which none was at hand, from its source and
// documentation as quoted in fediverse-protocol.md §1 and §2 (an assumption
// until this suite has run against one).
type manner struct {
	software        string
	upperHost       int // WebFinger with the host in upper case
	foreignHost     int // WebFinger for another server's handle
	unsignedActor   int
	metadata        int // OAuth server metadata, RFC 8414
	instanceV2      int
	arrayRedirects  int // registering an app with a JSON array of redirect addresses
	noToken         int // verify_credentials without a token
	lowerBearer     int // verify_credentials with "bearer" in lower case
	htmlErrors      bool
	searchNoToken   int
	resolvesAlways  bool // a search resolves without resolve=true
	upperSearch     bool // a search in upper case finds the account
	accountsSearch  bool // accounts/search resolves too
	lookupUnknown   int  // accounts/lookup of an account not yet known
	optimistic      bool // a follow of an unlocked remote account says following:true at once
	tellsPending    bool // relationships of a locked account says requested:true
	selfFollow      int
	manyRelations   bool // relationships answers for all ids, not the first alone
	linkHeader      bool // following lists name their other pages even when they are whole
	outgoing        int  // GET follow_requests/outgoing
	importAPI       int  // POST /api/v1/import with a following list of no rows
	rateLimit       string
	wrongMethodBody string
}

// manners are those of the flavours that the suite knows.
var manners = map[social.Flavour]manner{
	social.Mastodon: {
		software: "mastodon", upperHost: 200, foreignHost: 404, unsignedActor: 200, metadata: 200, instanceV2: 200,
		arrayRedirects: 200, noToken: 401, lowerBearer: 200, searchNoToken: 401, upperSearch: true, accountsSearch: true,
		lookupUnknown: 404, optimistic: true, tellsPending: true, selfFollow: 403, manyRelations: true,
		outgoing: 404, importAPI: 404, rateLimit: "300",
	},
	social.GoToSocial: {
		software: "gotosocial", upperHost: 400, foreignHost: 400, unsignedActor: 401, metadata: 404, instanceV2: 200,
		arrayRedirects: 400, noToken: 401, lowerBearer: 401, searchNoToken: 401, upperSearch: true, accountsSearch: true,
		lookupUnknown: 404, tellsPending: true, selfFollow: 406, manyRelations: true, linkHeader: true,
		outgoing: 200, importAPI: 202, rateLimit: "300", wrongMethodBody: "405 method not allowed",
	},
	social.Snac: {
		software: "snac", upperHost: 404, foreignHost: 404, unsignedActor: 200, metadata: 404, instanceV2: 404,
		arrayRedirects: 404, noToken: 422, lowerBearer: 422, htmlErrors: true, searchNoToken: 401, resolvesAlways: true,
		lookupUnknown: 404, optimistic: true, selfFollow: 200, outgoing: 404, importAPI: 422,
	},
}
