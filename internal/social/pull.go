package social

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cost is money in millionths of a US dollar: prices of an API are tenths of
// a cent, and sums of them have to be exact.
type Cost int64

const dollar = Cost(1_000_000)

// maxCost is above what anybody pays for one reading, and far below where sums
// of prices could overflow.
const maxCost = 1_000_000 * dollar

// String writes a Cost as people do, down to a tenth of a cent: "$1.02",
// "$0.005".
func (c Cost) String() string {
	if c%10_000 == 0 {
		return fmt.Sprintf("$%d.%02d", c/dollar, c%dollar/10_000)
	}
	return fmt.Sprintf("$%d.%03d", c/dollar, (c%dollar+999)/1_000)
}

// ParseCost reads an amount of dollars such as "5", "$0.50" or "0.001".
func ParseCost(text string) (Cost, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "$")
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 6 || whole == "" && part == "" || strings.Trim(whole+part, "0123456789") != "" || len(whole) > 7 {
		return 0, badCost(text)
	}
	n, err := strconv.ParseInt("0"+whole+part+strings.Repeat("0", 6-len(part)), 10, 64)
	if err != nil || Cost(n) > maxCost {
		return 0, badCost(text)
	}
	return Cost(n), nil
}

func badCost(text string) error {
	return fmt.Errorf("not an amount of dollars: %q", Printable(text, 40))
}

// PullKind is what is read over an API.
type PullKind string

// The PullKinds.
const (
	PullFollowing PullKind = "following" // whom the account follows
	PullFollowers PullKind = "followers"
	PullPosts     PullKind = "posts" // its own
	PullNames     PullKind = "names" // of accounts that other Sources know by number only
)

// Pull is how far the reading of one list over an API came. Its pages are kept
// until a Source is made of them, so that nothing is read, or paid, twice.
type Pull struct {
	ID        int64
	UserID    int64
	Host      string // of the API
	AccountID string // of the account whose list it is, as the API calls it
	Kind      PullKind
	Cursor    string // of the next page, "" at the beginning
	Pages     int    // asked for so far
	Entries   int    // in them
	Spent     Cost   // for them, and for what was asked without an answer
	Done      bool
	DueAt     time.Time // the API wants no request before
	UpdatedAt time.Time
}

// PullPage is one page of a list as an API gave it.
type PullPage struct {
	Body    []byte // JSON
	Next    string // cursor of the next page, "" after the last
	Entries int    // that are paid for
}

// PullAsk is what one request of a Pull asks for.
type PullAsk struct {
	Kind      PullKind
	AccountID string
	Cursor    string
	Most      int      // entries
	IDs       []string // of PullNames: the accounts
}
