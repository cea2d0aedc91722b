package worker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/fedi"
	"godwit/internal/social"
)

// killer is a home server, before which the process may die at any call: before
// it, after the server did it and before the answer, or after the answer and
// before the row. What then follows is what a new process does.
type killer struct {
	poster
	cut func(call string) string
}

// kill makes a call as cut says.
func kill[T any](k killer, call string, do func() (T, error)) (T, error) {
	var none T
	switch k.cut(call) {
	case "before":
		panic("killed before " + call)
	case "no answer":
		_, _ = do()
		return none, fault.New(fault.Unavailable, "not-answering", "no answer")
	case "after":
		_, _ = do()
		panic("killed after " + call)
	}
	return do()
}

func (k killer) Post(ctx context.Context, o social.Outgoing) (social.RemoteStatus, error) {
	return kill(k, "post", func() (social.RemoteStatus, error) { return k.poster.Post(ctx, o) })
}

func (k killer) Upload(ctx context.Context, f social.DraftFile) (social.RemoteFile, error) {
	return kill(k, "upload", func() (social.RemoteFile, error) { return k.poster.Upload(ctx, f) })
}

func (k killer) Statuses(ctx context.Context, account, before social.RemoteID) ([]social.RemoteStatus, error) {
	return kill(k, "list", func() ([]social.RemoteStatus, error) { return k.poster.Statuses(ctx, account, before) })
}

func (k killer) DeleteStatus(ctx context.Context, id social.RemoteID) error {
	_, err := kill(k, "delete", func() (bool, error) { return true, k.poster.DeleteStatus(ctx, id) })
	return err
}

// dying has a worker's calls cut.
func dying(w *Worker, cut func(call string) string) {
	inner := w.poster
	w.poster = func(d social.Destination, token social.Secret, observe func(fedi.Call), find findFile) poster {
		return killer{inner(d, token, observe, find), cut}
	}
}

var postingFlavours = []social.Flavour{social.Mastodon, social.GoToSocial, social.Snac, social.FlavourOther}

// TestENG01KilledAtEachStep: at each call of posting the process dies at each
// point, once; every post stands once.
func TestENG01KilledAtEachStep(t *testing.T) {
	for _, fl := range postingFlavours {
		t.Run(string(fl), func(t *testing.T) {
			k := newMirroring(t, fl, diary(t, 9))
			left := map[string]int{}
			dying(k.Worker, func(call string) string {
				left[call]++
				return map[int]string{1: "before", 3: "no answer", 5: "after"}[left[call]]
			})
			k.begin()
			k.drive(month)
			k.check(9)
			if left["post"] < 9 || left["upload"] < 3 || left["list"] < 5 {
				t.Errorf("calls: %v", left)
			}
		})
	}
}

// TestENG01KilledAtRandom: any call may be the last of its process, and another
// process goes on with what the database knows: no post is lost, and none stands
// twice. 60 posts; with GODWIT_SOAK=1 1,000. In the end all are deleted again,
// while the processes go on dying.
func TestENG01KilledAtRandom(t *testing.T) {
	each := 15
	if os.Getenv("GODWIT_SOAK") == "1" {
		each = 250
	}
	for i, fl := range postingFlavours {
		t.Run(string(fl), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(uint64(i), 11))
			k := newMirroring(t, fl, diary(t, each))
			k.home.Lagging(time.Duration(rnd.IntN(20)) * time.Second)
			var anew func()
			anew = func() {
				k.Worker = k.process(k.store)
				dying(k.Worker, func(string) string {
					return []string{"before", "no answer", "after", "", "", "", "", "", "", ""}[rnd.IntN(10)]
				})
			}
			anew()
			k.begin()
			k.driveWith(3*month, func(task social.Task) error {
				if rnd.IntN(10) == 0 {
					anew()
				}
				return k.Handle(task)
			})
			k.check(each)
			k.undoAll(3 * month)
		})
	}
}

// undoAll deletes all again, with what was not sent for good.
func (k *mirroring) undoAll(limit time.Duration) {
	k.t.Helper()
	_, err := k.store.UndoMirror(k.t.Context(), k.user.ID, k.m.ID, k.clock.Now())
	k.ok(err)
	k.drive(limit)
	if left := k.standing(); len(left) != 0 {
		k.t.Errorf("%d statuses are left", len(left))
		for _, row := range k.rows() {
			if row.State != social.StatusDeleted {
				k.t.Log(fmt.Sprint(row.ID, " ", row.State, " ", row.Reason, " ", row.RemoteID, " ", row.Attempts))
			}
		}
	}
}
