package worker

import (
	"context"
	"errors"
	"os"

	"godwit/internal/fault"
	"godwit/internal/social"
)

// planLive reads the server's limits for a Mirror that goes on; its Posts come
// later.
func (r *turn) planLive(ctx context.Context) error {
	l, err := r.w.store.GetLive(ctx, r.m.UserID, r.m.ID)
	if err != nil {
		return err
	}
	r.m.Network, r.m.Names, r.m.Plan = l.Network, []string{l.Address}, social.MirrorSummary{}
	if err := r.w.store.FinishPlan(ctx, r.t, r.m, r.w.now()); err != nil {
		return err
	}
	if r.m.State == social.MirrorRunning {
		return r.w.store.Ring(ctx, social.LiveTask, r.m.ID, r.w.now())
	}
	return nil
}

// byHand looks, before a live Mirror's next status, if the person posts at the
// Destination themselves, where they want it to stop then. Answers to others and
// reblogs are no posts of theirs. Nothing of unknown end is in the ledger now, so
// what no ledger knows was not posted by us.
//
// acted is why the Mirror stops, or what is wrong with the home server.
func (r *turn) byHand(ctx context.Context) (acted, err error) {
	if !r.m.Live {
		return nil, nil
	}
	l, err := r.w.store.GetLive(ctx, r.m.UserID, r.m.ID)
	if err != nil || !l.ByHand || r.now.Sub(l.HandAt) < handEvery {
		return nil, err
	}
	if err := r.enter(ctx, 1); err != nil {
		return nil, err
	}
	page, acted := r.server.Statuses(ctx, r.d.RemoteID, "")
	if acted != nil {
		return acted, nil
	}
	known, err := r.w.store.MirrorKnown(ctx, r.d.ID)
	if err != nil {
		return nil, err
	}
	for _, st := range page {
		if _, ours := known[st.ID]; !ours && st.InReplyTo == "" && st.CreatedAt.After(l.Since) {
			return fault.New(fault.Paused, "live-by-hand", "You posted on {host} yourself, so carrying over stopped, as you wished. Nothing is lost; let it go on whenever you like.", "host", r.d.Host), nil
		}
	}
	return nil, r.w.store.LookedByHand(ctx, r.m.ID, r.now)
}

// fetched is a file of a live Mirror, brought here for one act.
func (r *turn) fetched(address string) (*archived, error) {
	path, ok := r.files[address]
	if !ok {
		var err error
		if path, err = r.fetch(address); err != nil {
			return nil, err
		}
		if r.files == nil {
			r.files = map[string]string{}
		}
		r.files[address] = path
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(unreadable(err), file.Close())
	}
	return &archived{Reader: file, size: info.Size(), close: func() { file.Close() }}, nil
}

// fetch brings a file over into a temporary one.
func (r *turn) fetch(address string) (path string, err error) {
	file, err := os.CreateTemp("", "godwit-file-")
	if err != nil {
		return "", fault.New(fault.Disk, "disk", "There is no room left on our disk. We try again later.").Because(err)
	}
	err = r.w.door.PostFile(r.ctx, address, file, maxFetched)
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Wait, fault.Broken:
		if err != nil {
			err = fault.New(fault.Unavailable, codeFileAway, "A picture or video can't be had from its place at the moment. We try again later.").Because(err)
		}
	case fault.Gone: // an address that may not be asked
		err = fault.New(fault.NotFound, "no-such-file", "A picture or video isn't to be had from its place.").Because(err)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(file.Name()) // the system clears what stays
		return "", err
	}
	return file.Name(), nil
}

// codeFileAway is the fault of a file whose host is in trouble, which is not the
// home server's trouble.
const codeFileAway = "file-away"

func isFileAway(err error) bool {
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code == codeFileAway
}

// dropFetched deletes what was brought here for this act.
func (r *turn) dropFetched() {
	for _, path := range r.files {
		if err := os.Remove(path); err != nil {
			r.w.log.Warn("a temporary file could not be deleted", "task", r.t.String(), "cause", err.Error())
		}
	}
	r.files = nil
}
