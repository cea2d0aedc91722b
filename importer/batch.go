package importer

import (
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// batch is a run of elements in the text that they are read from.
type batch struct {
	text     []byte
	elements []indices
}

const (
	batchSize = 64 << 10
	batches   = 3
)

func newBatch() *batch { return &batch{text: make([]byte, 0, batchSize)} }

// each gives every element, valid until the batch is filled again.
func (b *batch) each(do func(jsontext.Value) error) error {
	for _, e := range b.elements {
		if err := do(b.text[e.from:e.to]); err != nil {
			return err
		}
	}
	return nil
}

// splitter cuts a stream into elements.
type splitter interface {
	// fill replaces what is in a batch by the elements that come next; its text
	// is read by the splitter up to the next fill. The last ones come with
	// io.EOF, or with what was the matter after them.
	fill(b *batch) error
}

// inBatches runs a splitter in a goroutine of its own, so that finding the
// elements and understanding them share two cores, and gives each element in
// order, valid until the next. The error of each ends it; it returns after the
// goroutine did.
func inBatches(from splitter, each func(jsontext.Value) error) error {
	full, free := make(chan *batch, batches), make(chan *batch, batches)
	for range batches {
		free <- newBatch()
	}
	stop := make(chan struct{})
	defer func() {
		for range full {
		}
	}()
	defer close(stop)
	var end error
	go func() {
		defer close(full)
		end = fillAll(from, full, free, stop)
	}()
	for b := range full {
		if err := b.each(each); err != nil {
			return err
		}
		free <- b // never waits: there are as many places as batches
	}
	if end == io.EOF {
		return nil
	}
	return end
}

// fillAll fills batches until the stream ends, or nobody wants more.
func fillAll(from splitter, full, free chan *batch, stop chan struct{}) error {
	for {
		select {
		case <-stop:
			return errEnough
		case b := <-free:
			end := from.fill(b)
			full <- b
			if end != nil {
				return end
			}
		}
	}
}
