package fedi

import (
	"time"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// The codes of this package's faults: the page's catalogue has a sentence for
// each, and every fault carries the English one.
const (
	CodeNotHandle       = "not-a-handle"
	CodeMail            = "mail-provider"
	CodeXName           = "x-name"
	CodeCloseMiss       = "close-miss" // args host, suggestion
	CodeNoSuchHost      = "no-such-host"
	CodeNoSuchAccount   = "no-such-account" // args host, handle
	CodeNotAnswering    = "not-answering"
	CodeNotFediverse    = "not-fediverse"
	CodeOtherSoftware   = "other-software" // args host, software
	CodeNoFederation    = "no-federation"
	CodeServerRefuses   = "server-refuses"
	CodeSlowDown        = "slow-down" // args host, time
	CodeAccountDisabled = "account-disabled"
	CodeAnotherAccount  = "another-account" // args host, other, typed
	CodeNotConfirmed    = "account-not-confirmed"
	CodeOldLink         = "old-link"
	CodeUnknownApp      = "unknown-app" // the server forgot our registration: register again
	CodePermissionLost  = "permission-lost"
	CodeFollowLimit     = "follow-limit"
	CodeGone            = "gone"
	CodeRefused         = "refused"
	CodeSelf            = "self"
	CodeNotCarried      = "not-carried" // mutes, blocks and lists
	CodeNoList          = "no-such-list"
	CodeListFull        = "list-full"
	CodeNotFollowed     = "not-followed-yet"
	CodeNoImport        = "no-import"       // the server takes no lists from this account
	CodeNotFound        = "not-found-there" // the home server answered with nobody
	CodeMismatch        = "mismatch"        // the home server found somebody else under the name
	CodeMoveUnconfirmed = "move-unconfirmed"
	CodeRedirect        = "redirect"
	CodeMalformed       = "malformed"
	CodeCertificate     = "certificate"
	CodeNotSecure       = "no-secure-connection"
	CodeRefusedAddress  = "refused-address"
	CodeBadApp          = "bad-registration"
	CodeBadToken        = "bad-token"
	CodeTooLong         = "too-long"
	CodeFileUnknown     = "file-unknown" // the server does not know a file of the status (any more)
	CodeFileNotReady    = "file-not-ready"
	CodeStatusRefused   = "status-refused"
	CodeNoStatus        = "no-such-status"
	CodeFileRefused     = "file-refused"
	CodeNoFile          = "no-such-file"
	CodeFileTooLarge    = "file-too-large"
	CodeFileUnreadable  = "file-unreadable"
	CodeNoBackdating    = "no-backdating"
	CodeAccountMoved    = "account-moved"
	CodeNoFollowPage    = "no-follow-page" // args host, handle
)

const (
	sayMail            = "{host} is an e-mail provider, not a fediverse server. Type the address of the server where you made your new account."
	sayNoFollowPage    = "{host} has no page for following somebody by a link. Search there for {handle}."
	sayXName           = "That is your X name. We need the new account, the one with two @ signs."
	sayCloseMiss       = "We couldn't find {host}. Did you mean {suggestion}?"
	sayNoSuchHost      = "We couldn't find a server called {host}. Check the spelling: it is the part after the second @."
	sayNoSuchAccount   = "{host} has no account called {handle}. Check the spelling."
	sayNotAnswering    = "{host} isn't answering at the moment. That is usually over within an hour. Nothing you typed is lost."
	sayNotFediverse    = "{host} is a website, but not a fediverse server. If it is your own domain, type the server that hosts your account."
	sayOtherSoftware   = "{host} runs {software}. Godwit can find people for you there, but can't follow for you; you'll get a file instead."
	sayNoFederation    = "{host} doesn't talk to other servers, so following people elsewhere isn't possible from there."
	sayServerRefuses   = "{host} does not want Godwit to act for its members. We respect that. You can still get your matches as a file and import it yourself."
	saySlowDown        = "{host} is asking everyone to slow down. Try again after {time}."
	sayAccountDisabled = "{host} says your account is disabled, waiting for approval, or its e-mail isn't confirmed. Finish that there; we'll let you go on from here."
	sayAnotherAccount  = "{host} answered for {other}, but you typed {typed}. We stopped and threw the permission away. Sign out on {host}, sign in as {typed}, then try again."
	sayNotConfirmed    = "{host} didn't confirm which account signed in, so nothing was stored. Try again; if it stays so, ask the admins of {host}."
	sayOldLink         = "This sign-in link is older than 10 minutes or came from another browser. Start again; it takes a moment."
	sayUnknownApp      = "{host} has forgotten that it knew Godwit. Start again; it takes a moment."
	sayPermissionLost  = "{host} no longer accepts our permission. Connect again and it goes on where it stopped."
	sayFollowLimit     = "You follow as many people as {host} allows. Those who are left stay on your list."
	sayGone            = "This account no longer exists."
	sayRefused         = "They don't accept your follow. That can be a block or their settings; we don't ask again."
	saySelf            = "That is your own account."
	sayNotCarried      = "We can't carry mutes, blocks and lists over to {host}."
	sayNoList          = "There is no such list on {host}."
	sayListFull        = "{host} allows no more lists. Delete one there, then try again."
	sayNotFollowed     = "{host} puts only people you follow on a list. We try again later."
	sayNoImport        = "{host} takes no lists from your account. We follow one after the other instead."
	sayNotFound        = "{host} found nobody called {handle}. We ask again later."
	sayMismatch        = "{host} knows somebody else under the name {handle}. Nobody was followed."
	sayMoveUnconfirmed = "They say they moved, but the new account doesn't confirm it. Decide yourself."
	sayRedirect        = "{host} sent us elsewhere instead of answering. Nothing was sent there; we try again later."
	sayMalformed       = "{host} gave an answer that makes no sense. Nothing was lost; we try again later."
	sayCertificate     = "The certificate of {host} isn't valid, so we can't be sure that it is {host}. Nothing was sent; its admins have to renew it."
	sayNotSecure       = "{host} offers no secure connection that we can use. Nothing was sent; its admins have to mend it."
	sayRefusedAddress  = "{host} isn't a public server, so Godwit doesn't contact it."
	sayBadApp          = "{host} answered the registration with something unusable. Nothing was stored; try again later."
	sayBadToken        = "{host} gave a permission that can't be used. Nothing was stored; try again later."
	sayTooLong         = "{host} takes shorter posts than this one. Nothing was posted; we plan it anew."
	sayFileUnknown     = "{host} doesn't have a picture or video of this post any more. Nothing was posted; we send the file again."
	sayFileNotReady    = "{host} is still working on a picture or video of this post. Nothing was posted; we try again in a minute."
	sayStatusRefused   = "{host} doesn't take this post. Nothing was posted; the others go on."
	sayNoStatus        = "This post isn't on {host} any more."
	sayFileRefused     = "{host} doesn't take this file. You can post without it, or leave the post out."
	sayNoFile          = "This file isn't on {host} any more. We send it again when its post has its turn."
	sayFileTooLarge    = "This file is larger than we send. You can post without it, or leave the post out."
	sayFileUnreadable  = "This file couldn't be read to its end, so nothing of it was kept by {host}. We try again later."
	sayNoBackdating    = "{host} can't give a post an earlier date, so it wasn't sent. Plan again without the dates."
	sayAccountMoved    = "Your account on {host} has moved away and can't post any more. Nothing was lost; connect the account that you use now."
)

// AnotherAccount is the fault of a login that came back for another account
// than the one typed; the caller revokes the token.
func AnotherAccount(host string, got, typed social.Handle) *fault.Fault {
	return fault.New(fault.Denied, CodeAnotherAccount, sayAnotherAccount,
		"host", host, "other", "@"+got.String(), "typed", "@"+typed.String())
}

func slowDown(host string, until time.Time) *fault.Fault {
	return fault.WaitUntil(until, CodeSlowDown, saySlowDown, "host", host, "time", until.UTC().Format("15:04 UTC"))
}
