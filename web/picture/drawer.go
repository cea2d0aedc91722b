package picture

import (
	"sync"

	"godwit/internal/fault"
)

// Drawer draws cards, one at a time, and remembers the last ones: a picture is
// work that a stranger can cause (WEB-11). It is safe for concurrent use.
type Drawer struct {
	turn  chan struct{}
	mu    sync.Mutex
	cards map[Card][]byte
	order []Card // the oldest first
}

// NewDrawer makes a Drawer.
func NewDrawer() *Drawer {
	return &Drawer{turn: make(chan struct{}, 1), cards: map[Card][]byte{}}
}

// Draw returns the card as a PNG. A fault of kind Wait says that another one is
// being drawn, and this one was not begun.
func (d *Drawer) Draw(c Card) ([]byte, error) {
	if done := d.known(c); done != nil {
		return done, nil
	}
	select {
	case d.turn <- struct{}{}:
	default:
		return nil, fault.New(fault.Wait, "drawing", "A picture is being drawn. Try again in a second.")
	}
	defer func() { <-d.turn }()
	drawn, err := c.draw()
	if err == nil {
		d.keep(c, drawn)
	}
	return drawn, err
}

func (d *Drawer) known(c Card) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cards[c]
}

// keep remembers a card in place of the oldest one.
func (d *Drawer) keep(c Card, drawn []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.order) == kept {
		delete(d.cards, d.order[0])
		d.order = d.order[1:]
	}
	d.cards[c] = drawn
	d.order = append(d.order, c)
}
