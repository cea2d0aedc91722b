package importer

import "github.com/go-json-experiment/json/jsontext"

// batch is a run of elements, copied out of the stream they came from.
type batch struct {
	text []byte
	ends []int // of each element in text
}

const (
	batchSize = 64 << 10
	batches   = 3
)

// split cuts a stream into elements.
type split func(each func(jsontext.Value) error) error

// inBatches runs a split in a goroutine of its own, so that finding the
// elements and understanding them share two cores, and gives each element in
// order, valid until the next. The error of each ends it; it returns after the
// goroutine did.
func inBatches(cut split, each func(jsontext.Value) error) error {
	full, free := make(chan *batch, batches), make(chan *batch, batches)
	for range batches {
		free <- &batch{text: make([]byte, 0, batchSize+batchSize/4)}
	}
	stop := make(chan struct{})
	defer func() {
		for range full {
		}
	}()
	defer close(stop)
	var failed error
	go func() {
		defer close(full)
		failed = cutting(cut, full, free, stop)
	}()
	for b := range full {
		if err := b.each(each); err != nil {
			return err
		}
		b.text, b.ends = b.text[:0], b.ends[:0]
		free <- b // never waits: there are as many places as batches
	}
	return failed
}

// cutting fills batches until the stream ends or nobody wants more.
func cutting(cut split, full, free chan *batch, stop chan struct{}) error {
	b := <-free
	err := cut(func(v jsontext.Value) error {
		b.text = append(b.text, v...)
		b.ends = append(b.ends, len(b.text))
		if len(b.text) < batchSize {
			return nil
		}
		full <- b
		select {
		case b = <-free:
			return nil
		case <-stop:
			b = &batch{}
			return errEnough
		}
	})
	full <- b
	return err
}

func (b *batch) each(do func(jsontext.Value) error) error {
	from := 0
	for _, to := range b.ends {
		if err := do(b.text[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}
