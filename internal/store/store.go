// Package store keeps everything that Godwit knows: all SQL is here, one text
// for SQLite and PostgreSQL. Methods that pages call take the owner first, and
// an absent row and somebody else's are the same NotFound.
package store

import (
	"context"
	"io"
	"time"

	"godwit/internal/social"
)

// Store is an open database.
type Store struct{}

// Options says which database to open.
type Options struct {
	URL  string // postgres://… ; "" for SQLite
	Path string // SQLite's file, when URL is ""
	Keys Keys   // seal and open tokens
}

// Keys are the keys that seal secrets at rest: the first one seals, all open.
type Keys []Key

// Key is one 256-bit key with the id under which it is known.
type Key struct {
	ID     string
	Secret [32]byte
}

// Open opens the database and checks the keys against it; it does not migrate.
func Open(ctx context.Context, o Options) (*Store, error) { return nil, errNotBuilt }
func (s *Store) Close() error                             { return errNotBuilt }

// Migrate brings the schema up to this binary's version, once, however many
// processes start at the same time.
func (s *Store) Migrate(ctx context.Context) error { return errNotBuilt }

// Migration is one step of the schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero when pending
}

func (s *Store) Migrations(ctx context.Context) ([]Migration, error) { return nil, errNotBuilt }

// ---- users

// LocalUser returns the owner of the machine, made at first use.
func (s *Store) LocalUser(ctx context.Context, now time.Time) (social.User, error) {
	return social.User{}, errNotBuilt
}
func (s *Store) GetUser(ctx context.Context, id int64) (social.User, error) {
	return social.User{}, errNotBuilt
}

// SaveUser makes or updates the User with u.Host and u.RemoteID.
func (s *Store) SaveUser(ctx context.Context, u social.User) (social.User, error) {
	return social.User{}, errNotBuilt
}
func (s *Store) SetLocale(ctx context.Context, userID int64, locale string) error { return errNotBuilt }

// Forget deletes every row of the User in one transaction; running claims on
// them are fenced off. It returns the spool names to be deleted.
func (s *Store) Forget(ctx context.Context, userID int64) (spools []string, err error) {
	return nil, errNotBuilt
}

// ExportUser writes everything held about the User as one JSON document,
// secrets left out.
func (s *Store) ExportUser(ctx context.Context, userID int64, w io.Writer) error { return errNotBuilt }

// ---- sessions and sign-in flows

// Session is one signed-in browser; Hash is the SHA-256 in hex of the cookie's value.
type Session struct {
	Hash      string
	UserID    int64
	CreatedAt time.Time
	SeenAt    time.Time
}

func (s *Store) SaveSession(ctx context.Context, x Session) error { return errNotBuilt }

// GetSession returns the session if it is neither idle for 14 days nor older than 60.
func (s *Store) GetSession(ctx context.Context, hash string, now time.Time) (Session, error) {
	return Session{}, errNotBuilt
}
func (s *Store) DeleteSession(ctx context.Context, hash string) error   { return errNotBuilt }
func (s *Store) DeleteSessions(ctx context.Context, userID int64) error { return errNotBuilt }

// Flow is one OAuth authorization under way. It is frozen at its start.
type Flow struct {
	ID           string // random, part of the redirect URI
	State        string // random, single use
	Cookie       string // SHA-256 in hex of the flow cookie, "" for the command line
	UserID       int64  // the signed-in User to whom an account is added, 0 for sign-in
	Host         string // issuer
	Typed        social.Handle
	TokenURL     string
	AuthorizeURL string // as sent to the browser
	ClientID     string
	ClientSecret social.Secret
	Verifier     social.Secret // PKCE
	Scopes       string
	RedirectURI  string
	Flavour      social.Flavour
	CreatedAt    time.Time
}

func (s *Store) SaveFlow(ctx context.Context, f Flow) error { return errNotBuilt }

// GetFlow reads a flow without using it up, e.g. to show the code form.
func (s *Store) GetFlow(ctx context.Context, id string, now time.Time) (Flow, error) {
	return Flow{}, errNotBuilt
}

// TakeFlow returns the flow and uses it up: the second call is NotFound, and
// so is one after 10 minutes.
func (s *Store) TakeFlow(ctx context.Context, id string, now time.Time) (Flow, error) {
	return Flow{}, errNotBuilt
}

// App is Godwit's registration at one server.
type App struct {
	Host         string
	Scopes       string
	RedirectURI  string
	ClientID     string
	ClientSecret social.Secret
}

func (s *Store) GetApp(ctx context.Context, host, scopes, redirectURI string) (App, error) {
	return App{}, errNotBuilt
}
func (s *Store) SaveApp(ctx context.Context, a App) error   { return errNotBuilt }
func (s *Store) DeleteApp(ctx context.Context, a App) error { return errNotBuilt }

// ---- destinations

// SaveDestination makes or updates the User's Destination with that host and
// remote id, seals its token, and makes it Active; a paused one goes on.
func (s *Store) SaveDestination(ctx context.Context, d social.Destination, token social.Secret) (social.Destination, error) {
	return social.Destination{}, errNotBuilt
}
func (s *Store) GetDestination(ctx context.Context, userID, id int64) (social.Destination, error) {
	return social.Destination{}, errNotBuilt
}
func (s *Store) ListDestinations(ctx context.Context, userID int64) ([]social.Destination, error) {
	return nil, errNotBuilt
}
func (s *Store) DestinationToken(ctx context.Context, userID, id int64) (social.Secret, error) {
	return social.Secret{}, errNotBuilt
}
func (s *Store) DeleteDestination(ctx context.Context, userID, id int64) error { return errNotBuilt }

// ---- tasks: the rows that say what is due

// DueTasks lists up to limit tasks of each kind that are due at now and not
// claimed (or whose claim's lease has ended), oldest first and fairly over
// users, with their last claim's number, and when the next one after these is
// due. The limit holds for each kind, so that ten thousand look-ups never hide
// one follow.
func (s *Store) DueTasks(ctx context.Context, now time.Time, limit int) (due []social.Task, next time.Time, err error) {
	return nil, time.Time{}, errNotBuilt
}

// Ring makes the task due at the given instant, if it is not due earlier.
func (s *Store) Ring(ctx context.Context, kind social.TaskKind, id int64, at time.Time) error {
	return errNotBuilt
}

// Claim takes the task for lease, with the next claim number, and counts the
// attempt before it is made; Conflict when it is not due or another holds it.
func (s *Store) Claim(ctx context.Context, kind social.TaskKind, id int64, now time.Time, lease time.Duration) (t social.Task, attempts int, err error) {
	return social.Task{}, 0, errNotBuilt
}

// Renew makes a claim last for lease from now on, while a long step goes on;
// Conflict when another took the task or its row is gone.
func (s *Store) Renew(ctx context.Context, t social.Task, now time.Time, lease time.Duration) error {
	return errNotBuilt
}

// Settle gives a claim back. next is when the task is due again, zero for
// when it is rung for; a step that failed keeps its count of attempts.
func (s *Store) Settle(ctx context.Context, t social.Task, next time.Time, failed bool) error {
	return errNotBuilt
}

// ---- sources (task import)

// CreateSource stores the row and rings for it. The same Digest of the same
// User that is received, reading or done is returned as it is, with again true.
func (s *Store) CreateSource(ctx context.Context, x social.Source, now time.Time) (_ social.Source, again bool, err error) {
	return social.Source{}, false, errNotBuilt
}
func (s *Store) GetSource(ctx context.Context, userID, id int64) (social.Source, error) {
	return social.Source{}, errNotBuilt
}
func (s *Store) ListSources(ctx context.Context, userID int64) ([]social.Source, error) {
	return nil, errNotBuilt
}

// Spools lists every spool name that a Source still needs, for the sweep of
// the spool folder.
func (s *Store) Spools(ctx context.Context) ([]string, error) { return nil, errNotBuilt }

// SourceFor returns the Source of a claimed import task and marks it reading.
func (s *Store) SourceFor(ctx context.Context, t social.Task) (social.Source, error) {
	return social.Source{}, errNotBuilt
}

// SaveRecords upserts a batch of what was read: Accounts by native id or
// username with newer facts winning, Edges, under the claim. An Account whose
// texts or name changed becomes due for matching again.
func (s *Store) SaveRecords(ctx context.Context, t social.Task, records []social.Record) error {
	return errNotBuilt
}

// FinishSource writes the Source as done (or broken, by x.State) under the
// claim and rings for the User's matching. When broken, what it brought alone is deleted.
func (s *Store) FinishSource(ctx context.Context, t social.Task, x social.Source, now time.Time) error {
	return errNotBuilt
}

// ---- matching (tasks match and lookup)

// NewAccounts lists up to limit Accounts of the User that wait to be read for
// handles (those with an Edge of kind following, each with all it holds).
func (s *Store) NewAccounts(ctx context.Context, userID int64, limit int) ([]social.Account, error) {
	return nil, errNotBuilt
}

// Candidates are the Matches found in one Account, without ids.
type Candidates struct {
	AccountID int64
	Matches   []social.Match // Asked and Evidence set; Resolution when a Registration proves it
}

// SaveCandidates replaces the undecided candidates of the Accounts, marks the
// Accounts read, and makes a look-up of each handle due that has no fresh one:
// at most 20,000 a UTC day for each User, later ones the days after (NET-04).
func (s *Store) SaveCandidates(ctx context.Context, t social.Task, c []Candidates, now time.Time) error {
	return errNotBuilt
}

// Ungraded lists up to limit whole groups of Matches of the User whose look-up
// or evidence changed since they were graded: all Matches of an Account
// together with all Matches that share one of their Handles.
func (s *Store) Ungraded(ctx context.Context, userID int64, limit int) ([]social.Match, error) {
	return nil, errNotBuilt
}

// SaveGrades writes Handle, ActorID, Certainty, Conflict and Decision (a first
// grade of certain confirms an undecided Match) of graded Matches.
func (s *Store) SaveGrades(ctx context.Context, t social.Task, m []social.Match, now time.Time) error {
	return errNotBuilt
}

// Domain is a registrable domain as a host of look-ups.
type Domain struct {
	ID        int64
	Name      string
	Failures  int // in a row
	OpenUntil time.Time
	Day       string // UTC day of DayCount
	DayCount  int    // handles asked that day
}

// LookUp is one look-up to be done.
type LookUp struct {
	Handle   social.Handle
	Attempts int // that brought no answer, in a row
}

// NextLookUp returns the next due look-up of the claimed domain; NotFound, with
// the instant of the next one, when none is due.
func (s *Store) NextLookUp(ctx context.Context, t social.Task, now time.Time) (Domain, LookUp, time.Time, error) {
	return Domain{}, LookUp{}, time.Time{}, errNotBuilt
}

// SaveResolution stores the answer under the claim, when to ask again, and the
// domain's health, and rings for the matching of every User who waits for it.
func (s *Store) SaveResolution(ctx context.Context, t social.Task, d Domain, r social.Resolution, again time.Time, attempts int, now time.Time) error {
	return errNotBuilt
}

// Registrations returns the Registrations of the given X ids, in one query.
func (s *Store) Registrations(ctx context.Context, xids []string) ([]social.Registration, error) {
	return nil, errNotBuilt
}
func (s *Store) SaveRegistration(ctx context.Context, r social.Registration) error {
	return errNotBuilt
}

// MatchGroup is a group of the review page.
type MatchGroup string

// The groups; a Match is in exactly one of the first four, or not found.
const (
	GroupConflict MatchGroup = "conflict"
	GroupLikely   MatchGroup = "likely"
	GroupPossible MatchGroup = "possible"
	GroupCertain  MatchGroup = "certain"
	GroupDecided  MatchGroup = "decided" // crosses the others
	GroupAll      MatchGroup = ""
)

// MatchFilter selects Matches; Query is looked for in names, usernames and handles.
type MatchFilter struct {
	Group  MatchGroup
	Query  string
	Host   string
	Offset int
	Limit  int // at most 200
}

// MatchCounts is the summary of the review page, all of people followed.
type MatchCounts struct {
	People    int // distinct Accounts that the User follows
	Found     int // of them with at least one live Match
	Certain   int
	Likely    int
	Possible  int
	Conflict  int
	Decided   int
	Confirmed int // to be followed: confirmed and not excluded
	Rejected  int
	Looking   int // Accounts not read yet, or with a look-up under way
	Ill       int // look-ups whose host did not answer, asked again
	IllHosts  int
	NotFound  int
}

func (s *Store) MatchCounts(ctx context.Context, userID int64) (MatchCounts, error) {
	return MatchCounts{}, errNotBuilt
}
func (s *Store) ListMatches(ctx context.Context, userID int64, f MatchFilter) (_ []social.Match, total int, err error) {
	return nil, 0, errNotBuilt
}
func (s *Store) GetMatch(ctx context.Context, userID, id int64) (social.Match, error) {
	return social.Match{}, errNotBuilt
}

// Decide sets the Decision of Matches, all or none; undo names the act for
// UndoDecide.
func (s *Store) Decide(ctx context.Context, userID int64, ids []int64, d social.Decision, now time.Time) (undo string, err error) {
	return "", errNotBuilt
}

// DecideAll sets the Decision of all undecided Matches that fit the filter, if
// they are still want many; Conflict with the new number in Args["n"] if not.
func (s *Store) DecideAll(ctx context.Context, userID int64, f MatchFilter, want int, d social.Decision, now time.Time) (n int, undo string, err error) {
	return 0, "", errNotBuilt
}
func (s *Store) UndoDecide(ctx context.Context, userID int64, undo string) (n int, err error) {
	return 0, errNotBuilt
}

// Unmatched lists followed Accounts without a live Match, by id after the
// given one.
func (s *Store) Unmatched(ctx context.Context, userID, after int64, limit int) ([]social.Account, error) {
	return nil, errNotBuilt
}

// ---- following (task follow)

// Followable lists the Matches that PlanFollows would take: confirmed, found,
// not excluded, without a FollowJob of this Destination that ended well.
func (s *Store) Followable(ctx context.Context, userID, destinationID int64) ([]social.Match, error) {
	return nil, errNotBuilt
}

// PlanFollows makes a FollowJob of each Followable, most certain first, starts
// the Destination's following and rings for it. It plans nothing twice.
func (s *Store) PlanFollows(ctx context.Context, userID, destinationID int64, now time.Time) (planned int, err error) {
	return 0, errNotBuilt
}

// SetFollowState pauses, resumes or cancels; cancelling ends planned jobs.
func (s *Store) SetFollowState(ctx context.Context, userID, destinationID int64, state social.FollowState, now time.Time) error {
	return errNotBuilt
}

// RetryFollows makes jobs that gave up or wait due again: one, or all with id 0.
func (s *Store) RetryFollows(ctx context.Context, userID, destinationID, jobID int64, now time.Time) (int, error) {
	return 0, errNotBuilt
}

// FollowCounts is the summary of the progress page.
type FollowCounts struct {
	Total     int
	Waiting   int // planned
	Asked     int // sent, outcome followed or requested, not final
	ByOutcome map[social.Outcome]int
	NextDue   time.Time // of the earliest waiting job
}

func (s *Store) FollowCounts(ctx context.Context, userID, destinationID int64) (FollowCounts, error) {
	return FollowCounts{}, errNotBuilt
}

// FollowFilter selects FollowJobs, newest change first.
type FollowFilter struct {
	DestinationID int64
	Outcome       social.Outcome // "" for all
	Offset, Limit int
}

func (s *Store) ListFollowJobs(ctx context.Context, userID int64, f FollowFilter) (_ []social.FollowJob, total int, err error) {
	return nil, 0, errNotBuilt
}
func (s *Store) GetFollowJob(ctx context.Context, userID, id int64) (social.FollowJob, error) {
	return social.FollowJob{}, errNotBuilt
}
func (s *Store) Budgets(ctx context.Context, destinationID int64) ([]social.Budget, error) {
	return nil, errNotBuilt
}

// FollowWork is what a claimed follow task works on.
type FollowWork struct {
	Destination social.Destination
	Token       social.Secret
	Budgets     []social.Budget
	Due         []social.FollowJob // planned and due, most certain first, at most a few of each target domain
	Confirm     []social.FollowJob // asked and due for a relationship check, at most 40
	NextDue     time.Time          // of what is not due yet
}

func (s *Store) FollowWorkFor(ctx context.Context, t social.Task, now time.Time) (FollowWork, error) {
	return FollowWork{}, errNotBuilt
}

// BeginFollow counts the job's attempt and writes the spent budgets under the
// claim, before anything is sent; the states of Destination and User are read
// again in the same transaction, and Conflict says that it may not be sent.
func (s *Store) BeginFollow(ctx context.Context, t social.Task, jobID int64, budgets []social.Budget, now time.Time) error {
	return errNotBuilt
}

// SaveFollows writes jobs, budgets and the Destination's state under the claim.
func (s *Store) SaveFollows(ctx context.Context, t social.Task, jobs []social.FollowJob, budgets []social.Budget, d social.Destination, now time.Time) error {
	return errNotBuilt
}

// Sweep deletes what has outlived its days: texts of Evidence after 24 hours,
// used and old flows, old sessions. It returns how many rows it touched.
func (s *Store) Sweep(ctx context.Context, now time.Time) (int, error) { return 0, errNotBuilt }
