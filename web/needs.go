package web

import (
	"context"
	"io"
	"time"

	"godwit/internal/fedi"
	"godwit/internal/social"
	"godwit/internal/store"
)

// Store is the part of internal/store that pages use. Methods that read or
// change what belongs to somebody take the owner first.
type Store interface {
	userStore
	sourceStore
	matchStore
	followStore
	registryStore
	waveStore
	mirrorStore
}

type userStore interface {
	LocalUser(ctx context.Context, now time.Time) (social.User, error)
	GetUser(ctx context.Context, id int64) (social.User, error)
	FindUser(ctx context.Context, u social.User) (social.User, error)
	SaveUser(ctx context.Context, u social.User) (social.User, error)
	SetLocale(ctx context.Context, userID int64, locale string) error
	Forget(ctx context.Context, userID int64) (spools []string, err error)
	ExportUser(ctx context.Context, userID int64, w io.Writer) error
	SaveSession(ctx context.Context, x store.Session) error
	GetSession(ctx context.Context, hash string, now time.Time) (store.Session, error)
	DeleteSession(ctx context.Context, hash string) error
	DeleteSessions(ctx context.Context, userID int64) error
	SaveFlow(ctx context.Context, f store.Flow) error
	GetFlow(ctx context.Context, id string, now time.Time) (store.Flow, error)
	TakeFlow(ctx context.Context, id string, now time.Time) (store.Flow, error)
	GetApp(ctx context.Context, host, scopes, redirectURI string) (store.App, error)
	SaveApp(ctx context.Context, a store.App) error
	DeleteApp(ctx context.Context, a store.App) error
	SaveDestination(ctx context.Context, d social.Destination, token social.Secret) (social.Destination, error)
	GetDestination(ctx context.Context, userID, id int64) (social.Destination, error)
	ListDestinations(ctx context.Context, userID int64) ([]social.Destination, error)
	DestinationToken(ctx context.Context, userID, id int64) (social.Secret, error)
	DeleteDestination(ctx context.Context, userID, id int64) error
	GetHome(ctx context.Context, host string) (social.Home, error)
}

type sourceStore interface {
	CreateSource(ctx context.Context, x social.Source, now time.Time) (_ social.Source, again bool, err error)
	CreateRemote(ctx context.Context, x social.Source, host string, token social.Secret, now time.Time) (social.Source, error)
	GetSource(ctx context.Context, userID, id int64) (social.Source, error)
	ListSources(ctx context.Context, userID int64) ([]social.Source, error)
	SaveSending(ctx context.Context, n store.Sending) (dropped []string, err error)
	FindSending(ctx context.Context, userID int64, mark string) (store.Sending, error)
	GetSending(ctx context.Context, userID int64, name string) (store.Sending, error)
	ListSendings(ctx context.Context, userID int64) ([]store.Sending, error)
	TouchSending(ctx context.Context, userID int64, name string, source int64, now time.Time) error
	DeleteSending(ctx context.Context, userID int64, name string) error
}

type matchStore interface {
	MatchCounts(ctx context.Context, userID int64) (store.MatchCounts, error)
	ListMatches(ctx context.Context, userID int64, f store.MatchFilter) (_ []social.Match, total int, err error)
	GetMatch(ctx context.Context, userID, id int64) (social.Match, error)
	Decide(ctx context.Context, userID int64, ids []int64, d social.Decision, now time.Time) (undo string, err error)
	DecideAll(ctx context.Context, userID int64, f store.MatchFilter, want int, d social.Decision, now time.Time) (n int, undo string, err error)
	UndoDecide(ctx context.Context, userID int64, undo string) (n int, err error)
	Unmatched(ctx context.Context, userID, after int64, limit int) ([]social.Account, error)
	PageCounts(ctx context.Context, userID int64) (store.PageCounts, error)
	AskPages(ctx context.Context, userID int64, now time.Time) (n int, err error)
}

type followStore interface {
	Followable(ctx context.Context, userID, destinationID int64) ([]social.Match, error)
	NotFollowed(ctx context.Context, userID, destinationID int64) ([]social.Match, error)
	FollowByList(ctx context.Context, userID, destinationID int64, byList bool, now time.Time) error
	CallRoll(ctx context.Context, userID, destinationID int64, now time.Time) error
	Carriable(ctx context.Context, userID int64) (map[social.EdgeKind]int, error)
	PlanEdges(ctx context.Context, userID, destinationID int64, kinds []social.EdgeKind, now time.Time) (planned int, err error)
	UndoEdges(ctx context.Context, userID, destinationID int64, now time.Time) (n int, err error)
	ListEdgeJobs(ctx context.Context, userID, destinationID int64) ([]social.EdgeJob, error)
	PlainPerDay() int
	PlanFollows(ctx context.Context, userID, destinationID int64, now time.Time) (planned int, err error)
	SetFollowState(ctx context.Context, userID, destinationID int64, state social.FollowState, now time.Time) error
	RetryFollows(ctx context.Context, userID, destinationID, jobID int64, now time.Time) (int, error)
	Blocked(ctx context.Context, home string, hosts []string) (map[string]bool, error)
	Undoable(ctx context.Context, userID, destinationID int64) (int, error)
	UndoFollows(ctx context.Context, userID, destinationID int64, now time.Time) (int, error)
	FollowCounts(ctx context.Context, userID, destinationID int64) (store.FollowCounts, error)
	ListFollowJobs(ctx context.Context, userID int64, f store.FollowFilter) (_ []social.FollowJob, total int, err error)
	GetFollowJob(ctx context.Context, userID, id int64) (social.FollowJob, error)
	Budgets(ctx context.Context, destinationID int64) ([]social.Budget, error)
}

type registryStore interface {
	GetRegistration(ctx context.Context, userID int64) (social.Registration, error)
	GetProof(ctx context.Context, userID int64, now time.Time) (social.Pending, error)
	Publish(ctx context.Context, userID int64, a social.RegistrationAudience) error
	Withdraw(ctx context.Context, userID int64, now time.Time) error
	PublicRegistration(ctx context.Context, username string, now time.Time) (social.Registration, error)
	SetAddress(ctx context.Context, userID int64, network string) error
	Waiting(ctx context.Context, userID int64) (store.Waiting, error)
	Arrivals(ctx context.Context, userID int64) ([]store.Arrival, error)
	CountArrivals(ctx context.Context, userID int64) (int, error)
	SeenArrivals(ctx context.Context, userID int64, until, now time.Time) error
	GetWatch(ctx context.Context, userID int64) (store.Watch, error)
	SetWatch(ctx context.Context, userID int64, w store.Watch) error
	RenewFeed(ctx context.Context, userID int64) error
	EndFeed(ctx context.Context, userID int64) error
	FeedName(ctx context.Context, userID int64) (string, error)
	FeedOwner(ctx context.Context, name string) (int64, error)
	CountsFor(ctx context.Context, userID int64, now time.Time) (store.CreatorCounts, error)
	PeopleByHost(ctx context.Context, userID int64, limit int) ([]store.HostCount, error)
	ArrivalsByWeek(ctx context.Context, userID int64, from time.Time, weeks int) ([]int, error)
	KnownServers(ctx context.Context, hosts []string, now time.Time) (known []social.Server, unknown int, err error)
	CommonServers(ctx context.Context) ([]social.Server, error)
	AskServers(ctx context.Context, hosts []string, now time.Time) (asking int, err error)
	AskMail(ctx context.Context, userID int64, address, lang string, now time.Time) error
	GetMail(ctx context.Context, userID int64) (store.Mail, error)
	MailOwner(ctx context.Context, name string, link store.MailLink, now time.Time) (userID int64, err error)
	ConfirmMail(ctx context.Context, userID int64, now time.Time) error
	EndMail(ctx context.Context, userID int64) error
}

type mirrorStore interface {
	SaveMirror(ctx context.Context, userID, destinationID, sourceID int64, rules social.MirrorRules, now time.Time) (social.Mirror, error)
	GetMirror(ctx context.Context, userID, id int64) (social.Mirror, error)
	ListMirrors(ctx context.Context, userID int64) ([]social.Mirror, error)
	StartMirror(ctx context.Context, userID, id int64, now time.Time) error
	PauseMirror(ctx context.Context, userID, id int64) error
	StopMirror(ctx context.Context, userID, id int64, now time.Time) error
	UndoMirror(ctx context.Context, userID, id int64, now time.Time) (int, error)
	RetryMirror(ctx context.Context, userID, id, jobID int64, again func(social.StatusJob) social.StatusJob, now time.Time) (int, error)
	MirrorCounts(ctx context.Context, userID, id int64) (store.MirrorCounts, error)
	ListMirrorPosts(ctx context.Context, userID int64, f store.MirrorFilter) (_ []social.MirrorPost, total int, err error)
	KeepArchive(ctx context.Context, userID, sourceID int64, spool string, own bool) (old string, err error)
}

type waveStore interface {
	GetRole(ctx context.Context, userID int64, host string) (social.ServerRole, error)
	SaveRole(ctx context.Context, r social.ServerRole) error
	CreateWave(ctx context.Context, userID int64, w social.Wave) (social.Wave, error)
	GetWave(ctx context.Context, userID, id int64) (social.Wave, error)
	ListWaves(ctx context.Context, userID int64) ([]social.Wave, error)
	SaveTerms(ctx context.Context, userID, id int64, t social.WaveTerms) error
	SaveCaps(ctx context.Context, userID, id int64, all, one int) error
	StartWave(ctx context.Context, userID, id int64, now time.Time) error
	CloseWave(ctx context.Context, userID, id int64, now time.Time) error
	DeleteDraft(ctx context.Context, userID, id int64) error
	PauseWave(ctx context.Context, userID, id int64, by social.Handle, now time.Time) error
	ResumeWave(ctx context.Context, userID, id int64, now time.Time) error
	SlowWave(ctx context.Context, userID, id int64, by social.Handle, until, now time.Time) error
	OpenedWave(ctx context.Context, code string, count bool) (social.Wave, error)
	JoinWave(ctx context.Context, userID, destinationID int64, code, born string, now time.Time) (social.Wave, error)
	LeaveWave(ctx context.Context, userID int64, code string) error
	Memberships(ctx context.Context, userID int64) ([]store.Membership, error)
	CountWave(ctx context.Context, userID, id int64) (store.WaveCounts, error)
	ListWaveCounts(ctx context.Context, userID, id int64) ([]store.WaveAt, error)
	Load(ctx context.Context, userID, id int64, now time.Time) (store.WaveLoad, error)
	SaveHook(ctx context.Context, userID, id int64, secret social.Secret) error
	HookSecret(ctx context.Context, code string) (social.Wave, social.Secret, error)
	Approve(ctx context.Context, w social.Wave, name, digest string, now time.Time) error
	AddStarter(ctx context.Context, userID int64, st social.Starter) error
	ListStarters(ctx context.Context, userID, waveID int64) ([]social.Starter, error)
	RemoveStarter(ctx context.Context, userID, waveID, id int64, now time.Time) error
	StarterFor(ctx context.Context, code string) (social.Starter, social.Wave, error)
	AnswerStarter(ctx context.Context, userID int64, code, answer string, now time.Time) error
	Suggestions(ctx context.Context, userID int64, code string) ([]store.Suggestion, error)
	PickStarters(ctx context.Context, userID int64, code string, ids []int64, now time.Time) (int, error)
	MirrorPolicy(ctx context.Context, host string) (social.MirrorPolicy, error)
	PublishedPolicy(ctx context.Context, name string) (social.MirrorPolicy, error)
	SavePolicy(ctx context.Context, userID int64, p social.MirrorPolicy) error
	SaveGivenBlocks(ctx context.Context, userID int64, host string, digests []string, now time.Time) error
	GivenBlocks(ctx context.Context, host string) (int, error)
	SaveServerWishes(ctx context.Context, userID int64, h social.Home) error
}

// Door is the part of fedi.Door that pages use: what happens while somebody
// connects an account or takes it away, or follows somebody from their server.
type Door interface {
	FollowPage(ctx context.Context, typed string, target social.Handle, actorID string) (string, error)
	xDoor
	FindHome(ctx context.Context, typed string) (host string, handle social.Handle, sw social.Software, err error)
	Software(ctx context.Context, host string) (social.Software, error)
	RegisterApp(ctx context.Context, host, redirectURI, scopes string) (clientID string, secret social.Secret, err error)
	Endpoints(ctx context.Context, host string) (authorize, token string)
	Exchange(ctx context.Context, tokenURL, clientID string, secret social.Secret, redirectURI, code, verifier string) (fedi.Grant, error)
	Whose(ctx context.Context, host string, token social.Secret, sw social.Software, typed social.Handle) (social.Destination, error)
	Standing(ctx context.Context, of social.Destination, token social.Secret) (fedi.Standing, error)
	InviteWorks(ctx context.Context, host, code string) (bool, error)
	Self(ctx context.Context, host string) (social.Instance, error)
	About(ctx context.Context, host string) (social.Server, error)
	LookUp(ctx context.Context, h social.Handle) (social.Resolution, error)
	Revoke(ctx context.Context, host, clientID string, secret, token social.Secret) error
}

// Spool is the part of store.Spool that pages use: where uploads lie until
// they are read.
type Spool interface {
	Create(declared int64) (*store.Upload, error)
	Declare(parts []store.SpoolPart) (name string, err error)
	Stored(name string) (offset int64, err error)
	Resume(name string) (*store.Resumed, error)
	Open(name string) (files []store.SpooledFile, done func() error, err error)
	Delete(name string) error
}
