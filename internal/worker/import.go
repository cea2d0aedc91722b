package worker

import (
	"context"
	"errors"
	"time"

	"godwit/importer"
	"godwit/internal/fault"
	"godwit/internal/jobs"
	"godwit/internal/social"
)

// importSource reads one Source from beginning to end. Started again it begins
// anew: records are merged by their keys, so that nothing counts twice.
func (w *Worker) importSource(ctx context.Context, t social.Task, attempts int) (time.Time, error) {
	x, err := w.store.SourceFor(ctx, t)
	if err != nil {
		return time.Time{}, err
	}
	began := w.now()
	if attempts > crashLimit {
		err = gaveUp(x, nil)
	} else {
		err = jobs.Safely(w.log, func() error { return w.read(ctx, t, &x) })
	}
	if err != nil {
		if err = importEnd(ctx, &x, err, attempts); !ends(err) {
			return time.Time{}, err
		}
		blame(&x, err)
	}
	x.Seconds = w.now().Sub(began).Seconds()
	return time.Time{}, w.finish(ctx, t, x)
}

// importEnd turns the last of the failed attempts into the end. A step that was
// told to stop has not failed.
func importEnd(ctx context.Context, x *social.Source, err error, attempts int) error {
	v := jobs.Judge(err, attempts, time.Time{})
	if ctx.Err() != nil || !v.GivenUp || ends(err) {
		return err
	}
	return gaveUp(*x, err)
}

func gaveUp(x social.Source, cause error) *fault.Fault {
	if x.Remote() {
		return fault.New(fault.Invalid, "source-not-reached", "{name} couldn't be read, though we tried several times. Nothing of it was kept; give it again in some hours.", "name", x.Name).Because(cause)
	}
	return fault.New(fault.Invalid, "import-gave-up",
		"We tried several times and couldn't read this file to its end. Nothing of it was kept. Give us the single files of it instead, such as following.js and tweets.js.").Because(cause)
}

// ends reports whether err is an answer about the file, which another attempt
// would only repeat.
func ends(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.NotFound, fault.Denied, fault.Gone:
		return true
	}
	f, ok := errors.AsType[*fault.Fault](err)
	return ok && f.Code == "unreadable" // the given file is on a failing disk, not our data
}

// blame makes x a Source that is broken for the reason of err.
func blame(x *social.Source, err error) {
	f := sentence(err)
	x.State, x.FaultCode, x.FaultArgs, x.FaultSay = social.SourceBroken, f.Code, f.Args, f.Say
}

// read streams the Source's records into the database and fills x with what
// the export says of itself.
func (w *Worker) read(ctx context.Context, t social.Task, x *social.Source) error {
	if x.Remote() {
		if err := w.fetch(ctx, t, x); err != nil {
			return err
		}
	}
	export, release, err := w.open(*x)
	if err != nil {
		return err
	}
	defer release()
	w.reading.Store(x.ID, export)
	defer w.reading.Delete(x.ID)
	batch := make([]social.Record, 0, recordBatch)
	for record, err := range export.Records(ctx) {
		if err != nil {
			return err
		}
		if batch = append(batch, record); len(batch) < recordBatch {
			continue
		}
		if err := w.store.SaveRecords(ctx, t, batch); err != nil {
			return err
		}
		batch = batch[:0]
	}
	if err := w.store.SaveRecords(ctx, t, batch); err != nil {
		return err
	}
	describe(x, export)
	return nil
}

// open opens what the Source is read from: a path of the person's own, or an
// upload in the spool.
func (w *Worker) open(x social.Source) (e *importer.Export, release func(), err error) {
	if x.Keep {
		if e, err = importer.OpenPath(x.Spool); err != nil {
			return nil, nil, err
		}
		return e, func() { _ = e.Close() }, nil
	}
	spooled, done, err := w.spool.Open(x.Spool)
	if err != nil {
		return nil, nil, err
	}
	files := make([]importer.File, len(spooled))
	for i, f := range spooled {
		files[i] = importer.File{Name: f.Name, Size: f.Size, ReaderAt: f.ReaderAt}
	}
	if e, err = importer.Open(files); err != nil {
		_ = done()
		return nil, nil, err
	}
	return e, func() { _ = e.Close(); _ = done() }, nil
}

func describe(x *social.Source, e *importer.Export) {
	x.State, x.Kind, x.Owner, x.ExportedAt = social.SourceDone, e.Kind(), e.Owner(), e.ExportedAt()
	x.Counts, x.Warnings = e.Counts(), e.Warnings()
}

// finish writes the end and deletes the upload, once. Should the process end
// between the two, the sweep deletes it.
func (w *Worker) finish(ctx context.Context, t social.Task, x social.Source) error {
	if err := w.store.FinishSource(ctx, t, x, w.now()); err != nil {
		return err
	}
	if x.Keep || x.Hold && x.State == social.SourceDone || x.Spool == "" {
		return nil
	}
	if err := w.spool.Delete(x.Spool); err != nil {
		w.log.Warn("an upload could not be deleted; the sweep tries again", "cause", err.Error())
	}
	return nil
}
