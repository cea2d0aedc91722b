package social

import "fmt"

// TaskKind names a step of the corridor; the subject of a Task is the row that
// the step works on.
type TaskKind string

// The kinds of Tasks and whose id each carries.
const (
	ImportTask TaskKind = "import" // a Source
	MatchTask  TaskKind = "match"  // a User
	LookUpTask TaskKind = "lookup" // a registrable domain: one request at a time over all its hosts
	FollowTask TaskKind = "follow" // a Destination: one act at a time
	MirrorTask TaskKind = "mirror" // a Destination: one act for one of its Mirrors at a time
	LiveTask   TaskKind = "live"   // a Mirror: one look at its Source for new Posts
	ServerTask TaskKind = "server" // a server that somebody looks at who has no account yet
	MailTask   TaskKind = "mail"   // a User: one letter at a time
)

// Task is a nudge to work on one row. It carries ids only: what is to be done
// stands in the rows. Claim fences a worker's writes: a claim taken later has a
// higher number, and a write under an older one is refused.
type Task struct {
	Kind  TaskKind
	ID    int64
	Claim int64
}

// String is for logs.
func (t Task) String() string { return fmt.Sprintf("%s/%d#%d", t.Kind, t.ID, t.Claim) }
