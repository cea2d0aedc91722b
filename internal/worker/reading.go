package worker

// Reading is how many bytes of the Source were read so far by this process,
// and of how many; zeros when it is not reading it.
func (w *Worker) Reading(sourceID int64) (done, total int64) {
	export, ok := w.reading.Load(sourceID)
	if !ok {
		return 0, 0
	}
	return export.(progressed).Bytes()
}

// progressed is what an export under way says of itself.
type progressed interface{ Bytes() (done, total int64) }
